/*
 * The same rows on one Xen after another: what each path takes by release, and the functions that
 * made the largest steps.
 */
#ifndef BENCH_HISTORY_H
#define BENCH_HISTORY_H

#include "bench/run.h"

#define HISTORY_MOST 12u   /* Xens of one history */

struct history_options {
    struct run_options run;              /* rows, modes, boots */
    const char *sides[HISTORY_MOST];     /* "suite:bookworm", "build:xen/dist", as --factor takes them */
    size_t count;                        /* none: what Debian's suites offer */
    uint32_t traces;                     /* steps to trace from each Xen to the next, the largest */
    const char *svg, *output;
};

/* One more; STATUS_USAGE, said why, when there is no more room. */
int history_add(struct history_options *, const char *kind, const char *what);

/* Measure, print and write.  A Xen that is not to be had is left out, and said.  An exit status. */
int history_run(struct history_options *);

#endif
