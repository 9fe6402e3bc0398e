/*
 * Serve domains that were started by hand: each runs its rows and has its figures printed.
 */
#ifndef BENCH_BACKEND_H
#define BENCH_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalogue/column.h"

/* As on the command line; NULL or 0 where nothing was said. */
struct backend_options {
    const char *domain, *prefix, *image;
    struct column_set columns;
    uint32_t samples, row_deadline;
    bool once, json;
    char **patterns;
    size_t pattern_count;
};

/* Until Ctrl-C; with `once`, until the first domain has ended.  An exit status. */
int backend_serve(const struct backend_options *);

#endif
