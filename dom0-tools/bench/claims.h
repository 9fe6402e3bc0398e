/*
 * Claims judged: by results and traces that are there, or by measuring what they are about.
 */
#ifndef BENCH_CLAIMS_H
#define BENCH_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>

struct claims_options {
    const char *claims;          /* the file of claims; NULL: the program's own */
    const char *results;         /* a file or a saved name; NULL: measure */
    const char *const *traces;   /* files that trace --json wrote */
    size_t trace_count;
    bool list, json;
    bool without_xen;            /* measure what needs the lab without Xen, too */
};

/* An exit status; said why. */
int claims_run(const struct claims_options *);

#endif
