/*
 * Bare mode: the same image with no hypervisor below it, started directly in
 * the lab's QEMU, as the baseline of every exit.
 */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <xenometer/protocol.h>

#include "machines/lab.h"
#include "measure/session.h"

/*
 * Run the selection bare and append one result per row (skips included).
 * Returns an enum status; with anything but STATUS_OK the reason was printed
 * and every row got its result, an error with that reason.
 */
int bare_run(const struct lab_options *lab, const struct session_options *,
             const struct selection *, struct results *);

/* Append a skip with `reason` for each row: bare mode cannot run here. */
void bare_skip(const struct selection *, const char *reason, struct results *);

/*
 * Take apart what the image sent (protocol.h, "Bare mode"): the next record at
 * *offset and its samples.  False when `size` bytes do not hold a whole one.
 * *ticks point into `data` copied to aligned memory, the caller's to free.
 */
bool bare_next(const void *data, size_t size, size_t *offset,
               struct control_request *record, uint64_t **ticks);

#endif
