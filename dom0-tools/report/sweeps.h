/*
 * Rows whose names differ in a number: the same path at several depths, sizes, lengths.
 */
#ifndef REPORT_SWEEPS_H
#define REPORT_SWEEPS_H

#include "measure/result.h"

struct sweep_point {
    uint64_t x;
    const struct result *result;   /* borrowed */
};

/* One path in one kind of domain. */
struct sweep_line {
    char *name;                    /* "blkif-own" */
    const struct column *column;
    struct sweep_point *points;    /* x ascending, at least three */
    size_t count;
};

/* Lines that belong into one picture. */
struct sweep {
    char *group;                   /* "block" */
    const char *what;              /* what x is: "requests in flight", "bytes", "number" */
    struct sweep_line *lines;
    size_t count;
};

struct sweeps {
    struct sweep *all;
    size_t count;
};

struct sweeps sweeps_find(const struct results *);
void sweeps_free(struct sweeps *);

#endif
