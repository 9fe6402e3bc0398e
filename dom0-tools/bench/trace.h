/*
 * A trace: one crossing of one row, caught in the lab (capture.h), taken apart (trace/), shown
 * and written.
 */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include "bench/capture.h"
#include "report/trace_table.h"

#define TRACE_MAX_SAMPLES 8192u  /* what the guest's buffer holds */

/* As on the command line; NULL or 0 where nothing was said. */
struct trace_options {
    /* row: its name, or the file of a trace that --json wrote, by its suffix. */
    const char *row, *image, *host, *suite, *against, *folded, *svg, *sequence,
               *perfetto, *speedscope;
    const char *cpu;             /* lab_options.cpu */
    const struct column *column;
    struct variant variant;      /* what the lab has of the user's own */
    uint32_t without;
    bool json;
    uint32_t samples, number;
    enum sample_choice choice;
    struct trace_view view;
};

/* An exit status; said why.  The options are the trace's to change. */
int trace_run(struct trace_options *);

#endif
