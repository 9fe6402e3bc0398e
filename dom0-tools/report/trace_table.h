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

#endif
