/*
 * How many times the cheapest result of the same work another one costs, and
 * how well that is known.
 */
#ifndef REPORT_RATIO_H
#define REPORT_RATIO_H

#include "measure/result.h"

struct ratio {
    const struct result *to;   /* the cheapest, borrowed; NULL: no ratio */
    double value;              /* of the medians */
    bool has_interval;
    double interval[2];        /* bootstrap, 95 % */
};

/* "other work" for a result without. */
const char *work_of(const struct result *);

/*
 * One for each result, in the same order; the caller's to free.  None in a
 * group of one cell or of equal ones, or above a floor of 0; none for bare mode,
 * which has no hypervisor below it and so does not do the same work.
 */
struct ratio *ratios_make(const struct results *);

/* Does the CPU do the row's work, and leaves no domain for it?  Then it is not compared with what
 * does: the registers of an APIC that is virtualized (Intel SDM vol. 3, 30.1). */
bool ratio_by_cpu(const struct results *, const struct result *);

/* Interval of median(a) / median(b) out of their distributions.  False when one
 * has none, or there is no finite value. */
bool ratio_interval(const struct result *a, const struct result *b, double interval[2]);

#endif
