/*
 * Two results files set side by side: what changed, by how much, what is new
 * and what is gone.  commands/compare.c shows it.
 */
#ifndef REPORT_COMPARISON_H
#define REPORT_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>

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
    bool counts;         /* beyond the threshold: the comparison failed */
};

struct comparison {
    struct change *changes;   /* every row of either file, in the new order */
    size_t count;
    size_t beyond;            /* how many count */
};

/*
 * Compare.  A median counts as changed when it moved by more than `threshold`
 * percent of the old one; a row that is gone or no longer succeeds always
 * counts, a new or repaired one never does.  False, with *error (the caller's
 * to free), when the two cannot be compared: figures of different clocks.
 */
bool comparison_make(const struct results *before, const struct results *after,
                     double threshold, struct comparison *, char **error);
void comparison_free(struct comparison *);

const char *change_name(enum change_kind);

/*
 * Factors other than the clock that differ, in one line ("Xen 4.17.7 and
 * 4.20.0, …"), or NULL when none is known.  The caller's to free.
 */
char *comparison_factors(const struct results *before,
                         const struct results *after);

#endif
