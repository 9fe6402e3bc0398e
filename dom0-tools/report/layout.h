/*
 * The comparison table before it is printed: results grouped by work, every
 * cell as text, and what has to be said around them.  report/table.c shows it
 * on a terminal, report/markdown.c in a document.
 */
#ifndef REPORT_LAYOUT_H
#define REPORT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "measure/result.h"

enum cell_kind {
    CELL_EMPTY,     /* not asked for */
    CELL_FIGURE,
    CELL_SKIP,      /* cannot run there */
    CELL_BAD,       /* error or failure: `median` says which */
};

/* Strings are owned; NULL where there is nothing to say. */
struct layout_cell {
    enum cell_kind kind;
    char *median;
    char *ratio;       /* to the cheapest cell of the group */
    char *spread;      /* p99 above the median */
    bool cheapest;     /* of its group */
};

struct layout_row {
    const char *name;      /* borrowed from the results */
    const char *reaches;   /* "", "dom0", "waits", "dom0, waits", or their letters: static */
    struct layout_cell cells[COLUMNS_MAX];   /* by column_place() */
};

struct layout_group {
    const char *work;      /* borrowed from the results */
    struct layout_row *rows;
    size_t count;
};

struct layout {
    struct column_set columns;   /* that there are results of */
    struct column_set ratios;    /* any cell of the column has one */
    struct column_set spreads;
    bool reaches;                       /* any row has a word there */
    struct layout_group *groups;
    size_t count;
};

/* What goes, one after the other, where there is no room for everything. */
enum narrowing {
    NARROW_NOT,
    NARROW_SPREADS,    /* p99 is left out */
    NARROW_REACHES,    /* "dw" for "dom0, waits" */
    NARROW_FIGURES,    /* three digits of them: 26.3k */
    NARROW_RATIOS,     /* ratios are left out */
    NARROW_NAMES,      /* rows' names have lines of their own; no narrower */
};

/* The results must outlive the layout. */
struct layout *layout_make(const struct results *, bool utf8, enum narrowing);
void layout_free(struct layout *);

/*
 * What must stand above and below the table, one paragraph each: which clock
 * it shows, where it was measured, what was subtracted; how to read it, what
 * failed and why; what there was no room for.  The arrays are NULL-terminated and
 * the caller's, as are their strings: notes_free().
 */
char **notes_header(const struct results *);
char **notes_footer(const struct results *, bool utf8, enum narrowing);
char **notes_wide(const struct results *);   /* below the wide table */
void notes_free(char **);

/* Print them, each behind `first`, wrapped at `width`; frees them. */
void notes_print(FILE *, char **notes, const char *first, unsigned width);

#endif
