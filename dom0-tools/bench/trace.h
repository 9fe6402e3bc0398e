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

/* Of a row that asks dom0 and gets its answer, the two ways apart, in instructions of the median sample. */
struct trace_ways {
    uint64_t out;   /* until dom0's kernel executes its first instruction */
    uint64_t in;    /* from the answer's entering Xen on, without what dom0 goes on doing beside */
};

/* In that lab (exact clock), by two runs.  STATUS_FAILED where the trace does not show them. */
int trace_ways(const struct lab_options *, const char *row, const struct column *, struct trace_ways *);

#endif
