/*
 * From what the image reports about a row (protocol.h, struct control_request,
 * and the samples beside it) to a result.  The same for a domain's ring and
 * for bare mode's port; the report is not trusted.
 */
#ifndef MEASURE_RECORD_H
#define MEASURE_RECORD_H

#include <xenometer/protocol.h>

#include "image.h"
#include "result.h"

/* A result with the row's names and no figures; for skips and errors.
 * `reason` is copied. */
struct result *record_add(struct results *, const struct image_row *, enum mode,
                          enum outcome, const char *reason);

/* What is wrong with the answer to command `id`, which asked for `samples`;
 * NULL when it makes sense. */
const char *record_nonsense(const struct control_request *, uint32_t id, uint32_t samples);

/* The empty region, in ticks, out of its own samples. */
uint64_t record_overhead(const uint64_t *ticks, uint32_t count);

/*
 * Append the result of a report that makes sense.  `ticks` (record->samples of
 * them, may be NULL when there are none) are taken over: kept as the raw samples
 * with `keep_raw`, else freed.
 */
struct result *record_result(struct results *, const struct image_row *, enum mode,
                             const struct control_request *, uint64_t *ticks,
                             uint64_t overhead, bool keep_raw);

#endif
