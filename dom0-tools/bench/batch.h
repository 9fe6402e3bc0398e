/*
 * Columns whose guests need no Xen (HOME_BESIDE): a guest gets all commands at its start,
 * and leaves all results behind.
 */
#ifndef BENCH_BATCH_H
#define BENCH_BATCH_H

#include <xenometer/protocol.h>

#include "catalogue/column.h"
#include "measure/session.h"

/*
 * Run the selection in that column and append one result per row (skips included).
 * Returns an enum status; with anything but STATUS_OK the reason was printed
 * and every row got its result, an error with that reason.
 */
int batch_run(const struct column *, const struct lab_options *lab,
              const struct session_options *, const struct selection *, struct results *);

/* Append a skip with `reason` for each row: the column cannot run here. */
void batch_skip(const struct column *, const struct selection *, const char *reason,
                struct results *);

/*
 * Take apart what the image sent (protocol.h, "Bare mode"): the next record at
 * *offset and its samples.  False when `size` bytes do not hold a whole one.
 * *ticks point into `data` copied to aligned memory, the caller's to free.
 */
bool batch_next(const void *data, size_t size, size_t *offset,
                struct control_request *record, uint64_t **ticks);

#endif
