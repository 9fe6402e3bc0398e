/*
 * Which readings of the TSC, among all that the plugin has seen, were a row's
 * samples.
 */
#ifndef TRACE_REGION_H
#define TRACE_REGION_H

#include "measure/result.h"
#include "trace/record_file.h"

/* What the guest's TSC said at an event, from the first event on. */
uint64_t event_ticks(const struct record_event *);

/*
 * Find `count` timed regions in a row that took `raw` ticks each: the last such
 * ones.  *first and *last get the events that
 * begin and end region number `sample`.  False when there are none.
 */
bool region_find_last(const struct record *, const uint64_t *raw, size_t count, size_t sample,
                      size_t *first, size_t *last);

/* What the readings around a sample are to it. */
enum region {
    REGION_NONE,       /* not known which they are */
    REGION_EXACT,      /* it is the ticks between them */
    REGION_DEADLINE,   /* it is what of these ticks lies behind a deadline, the same time
                          from the first reading in all samples */
    REGION_AROUND,     /* the guest derives it from what happens between them */
};

/*
 * The same for any row: where samples are not the ticks of a region each, by what does
 * not change from one to the next; `warmup` iterations before them like theirs.
 * `overhead`: ticks of the empty row.
 */
enum region region_find_any(const struct record *, const uint64_t *raw, size_t count,
                            size_t warmup, uint64_t overhead, size_t sample, size_t *first,
                            size_t *last);

/* Index of the sample that is the median; `count` is not 0. */
size_t region_median(const uint64_t *raw, size_t count);

/*
 * Give each result that kept its raw samples, and has no layers yet, those of
 * its median sample (result.h).  The record is of the run that yielded them, in the order in
 * which its rows ran as far as that is known.
 */
void region_layers(const struct record *, struct results *);

#endif
