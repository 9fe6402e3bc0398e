/*
 * One sample of one row, as it was caught (bench/capture.h) or read from a file.
 */
#ifndef TRACE_CAPTURE_H
#define TRACE_CAPTURE_H

#include "measure/result.h"
#include "trace/record_file.h"
#include "trace/region.h"

struct capture {
    struct record record;            /* segments: of this sample only */
    uint64_t count[LAYERS];          /* in the sample */
    enum region region;              /* how the sample and these ticks belong together */
    uint64_t ticks;                  /* what the guest's TSC said: their sum */
    uint64_t raw;                    /* the sample: the same with REGION_EXACT */
    uint64_t overhead;               /* of it the empty timed region */
    uint32_t sample, samples;        /* which of how many, from 0 */
    struct environment environment;
};

void capture_free(struct capture *);

#endif
