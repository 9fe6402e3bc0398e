/*
 * A verdict on another Xen: which figures changed, and the functions that did it.
 */
#ifndef REPORT_GATE_H
#define REPORT_GATE_H

#include <stdio.h>

#include "report/comparison.h"
#include "report/trace_table.h"

#define GATE_FUNCTIONS 5u   /* shown of a cell, those that changed most */

/* A changed cell that was traced on both sides, or why not. */
struct gate_cell {
    const struct change *change;   /* of the comparison */
    struct trace left, right;      /* read from JSON */
    struct trace_pair *pairs;      /* NULL: not traced */
    size_t count;
    const char *why_not;           /* a literal, or NULL */
};

struct gate {
    struct results before, after;
    struct comparison comparison;
    struct allowance allowed;
    char *names[2];                /* what was compared, for people */
    char *factors;                 /* comparison_factors(), or NULL */
    struct gate_cell *cells;       /* those beyond what is allowed, of most per cent first */
    size_t count;
};

void gate_free(struct gate *);

/* For people: the table of changes, then each cell's functions.  An enum status. */
int gate_print(FILE *, const struct gate *);
/* The first of the cells, with their functions. */
void gate_print_cells(FILE *, const struct gate *, size_t most);
/* As a comment in a merge request. */
void gate_markdown(FILE *, const struct gate *);
/* As a test report: a case for each cell of the baseline. */
void gate_junit(FILE *, const struct gate *);

#endif
