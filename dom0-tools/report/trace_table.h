/* A trace, or two, as text for people. */
#ifndef REPORT_TRACE_TABLE_H
#define REPORT_TRACE_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "trace/trace.h"

struct trace_view {
    bool stages, functions;      /* which tables, after the layers */
    uint32_t limit;              /* lines of the function tables; 0: all */
};

void trace_print(FILE *, const struct trace *, const struct trace_view *);

/*
 * Two crossings side by side: layers, then the functions that differ, most first, with
 * how often each was called.  Of two builds, what has no name is one line a library.
 */
void trace_print_two(FILE *, const struct trace *left, const struct trace *right,
                     const struct trace_view *);

/* A function of two crossings, one side at [0], the other at [1]. */
struct trace_pair {
    enum layer layer;
    const char *place;       /* of the traces */
    char *name;              /* owned */
    uint64_t own[2], calls[2];
};

/* All functions of both, those that differ most first; trace_pairs_free(). */
struct trace_pair *trace_pairs(const struct trace *left, const struct trace *right, size_t *count);
void trace_pairs_free(struct trace_pair *, size_t count);

#endif
