/*
 * Two results files set side by side: what changed, by how much, what is new
 * and what is gone.  commands/compare.c shows it.
 */
#ifndef REPORT_COMPARISON_H
#define REPORT_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "measure/result.h"

enum change_kind {
    CHANGE_NONE,
    CHANGE_MEDIAN,    /* measured in both, the medians differ */
    CHANGE_OUTCOME,   /* success in only one, or another outcome */
    CHANGE_NEW,       /* not in the old file */
    CHANGE_GONE,      /* not in the new file */
};

/* One row in one mode. */
struct change {
    enum change_kind kind;
    const struct result *before, *after;   /* borrowed; NULL with NEW, GONE */
    double percent;      /* of the old median; MEDIAN only */
    bool has_interval;   /* 95 % of the ratio after/before */
    double interval[2];
    bool counts;         /* beyond what is allowed */
    const char *explained;   /* why it was to be expected, borrowed; NULL: it was not */
};

/* How far a median may move: by either. */
struct allowance {
    double percent;      /* of the old one, */
    double percent_dom0; /* if more: of a row whose path reaches dom0, or whose vCPU may wait */
    uint64_t ticks;      /* instructions or cycles */
    bool across_features;   /* compare also where the emulated CPUs' features differ */
};

struct comparison {
    struct change *changes;   /* every row of either file, in the new order */
    size_t count;
    size_t beyond;            /* how many count */
    size_t explained;         /* of those */
};

/*
 * Compare.  A median counts as changed when it moved by more than is allowed; a row that is gone or no longer succeeds always
 * counts, a new or repaired one never does.  False, with *error (the caller's
 * to free), when the two cannot be compared: figures of different clocks, or of
 * CPUs with different features.
 */
bool comparison_make(const struct results *before, const struct results *after,
                     const struct allowance *, struct comparison *, char **error);
void comparison_free(struct comparison *);

const char *change_name(enum change_kind);

/*
 * Changes that are known: a list of rows, one a line, each with its reason.
 * ('#' begins a comment; the modes and the bound may be left out.)
 *
 *   exit:pvh,hvm<=8    the exit path saves one register more, commit 1234abc
 *
 * It explains a median that moved by at most the bound, in instructions or cycles.
 * A row is a name, a group, or has wildcards.
 */
struct explanations;

/* NULL after a message that names the line. */
struct explanations *explanations_read(const char *path);
void explanations_free(struct explanations *);

/* Set `explained` in the changes that the list knows, and how many count of them.
 * The reasons are the list's. */
void explanations_apply(struct explanations *, struct comparison *);

/* The next line, from *at = 0 on, that explained nothing: its number, with its
 * pattern in *pattern; 0: there is none. */
unsigned explanations_unused(const struct explanations *, size_t *at, const char **pattern);

/*
 * Factors other than the clock that differ, in one line ("Xen 4.17.7 and
 * 4.20.0, …"), or NULL when none is known.  The caller's to free.
 */
char *comparison_factors(const struct results *before,
                         const struct results *after);

#endif
