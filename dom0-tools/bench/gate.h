/*
 * Does another Xen change what the paths take?  Measured in the exact lab, set beside a
 * baseline, and what changed traced on both sides.
 */
#ifndef BENCH_GATE_H
#define BENCH_GATE_H

#include "catalogue/column.h"
#include "report/gate.h"
#include "systems/variant.h"

/* Exit status where the build does not boot: what `git bisect run` takes for "cannot be
 * tested". */
#define GATE_DOES_NOT_BOOT 125

struct gate_options {
    const char *baseline;      /* a results file, a saved name, a suite, or another Xen */
    struct variant variant;    /* what is tested */
    const char *suite;         /* whose tools it gets, and the other Xen; NULL: LAB_SUITE */
    char **patterns;           /* rows; none: those the baseline has */
    size_t pattern_count;
    struct column_set columns; /* none: those the baseline has */
    uint32_t boots;            /* where the baseline is measured, too */
    uint32_t traces;           /* cells to trace at most, those that changed most */
    struct allowance allowed;
};

/*
 * STATUS_OK with the verdict in *gate (gate_free()): gate->comparison.beyond.  Else said why:
 * GATE_DOES_NOT_BOOT, or an enum status.
 */
int gate_make(const struct gate_options *, struct gate *);

struct side;

/*
 * Of two sides: make cells of what counts among the comparison's changes, most per cent first, and trace the
 * first `most` of them on both sides, where that can be (`traceable`).  Between cancel_begin() and
 * _end().
 */
int gate_trace(const struct side *sides, bool traceable, uint32_t most, struct gate *);

#endif
