/*
 * What one boot of a domain reported about one row (protocol.h, struct
 * control_request, and the samples beside it).  The same for a domain's ring and
 * for bare mode's port; the report is not trusted.  measure/merge.c makes the
 * results out of the records of all boots.
 */
#ifndef MEASURE_RECORD_H
#define MEASURE_RECORD_H

#include <xenometer/protocol.h>

#include "catalogue/image.h"
#include "measure/result.h"

/* What the empty row took in the same boot; subtracted from the others. */
struct baseline {
    uint64_t region;   /* ticks of its timed region, the median */
    uint64_t turn;     /* ticks from one sample to the next, the mean */
};

struct record {
    const struct image_row *row;   /* borrowed */
    const struct column *column;
    unsigned boot;                 /* counted from 0, per column and needs */
    enum outcome outcome;
    char *reason;                  /* owned; NULL with success */
    uint64_t *ticks;               /* owned; raw, `count` of them */
    uint32_t count;
    uint64_t first;                /* ticks of the first iteration */
    uint64_t batch;                /* ticks from the first kept sample to the end of
                                      the last; 0: not back to back */
    uint32_t upcalls, notifications, stolen;   /* as reported */
    uint64_t operations;           /* of the run, warm-up included */
    uint64_t dom0_events;          /* this and the next: as struct result's */
    uint64_t served[2];
    struct baseline baseline;      /* all 0 for the empty row itself */
};

struct records {
    struct record *list;           /* owned */
    size_t count, capacity;
};

void records_free(struct records *);

/* The worst outcome of all. */
enum outcome records_worst(const struct records *);

/* A record without figures, for skips and errors; `reason` is copied. */
struct record *record_add(struct records *, const struct image_row *,
                          const struct column *, unsigned boot, enum outcome, const char *reason);

/* What is wrong with the answer to command `id`, which asked for `samples`;
 * NULL when it makes sense. */
const char *record_nonsense(const struct control_request *, uint32_t id, uint32_t samples);

/* The empty region, in ticks, out of its own samples: their median. */
uint64_t record_overhead(const uint64_t *ticks, uint32_t count);

/* The baseline out of the empty row's own report and samples. */
struct baseline record_baseline(const struct control_request *, const uint64_t *ticks);

/* A report that makes sense; `ticks` (may be NULL when there are none) are taken
 * over. */
struct record *record_result(struct records *, const struct image_row *,
                             const struct column *, unsigned boot, const struct control_request *,
                             uint64_t *ticks, struct baseline);

#endif
