/*
 * Two emulators written by different people, one answer: the rows that stay between guest and
 * Xen, in QEMU and in Bochs, both with an AMD CPU.
 */
#ifndef BENCH_VERIFY_H
#define BENCH_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "catalogue/select.h"
#include "report/comparison.h"

struct verify_options {
    const char *cpu;         /* Bochs's, as --cpu of run takes it */
    uint32_t samples, boots; /* samples: 0: each row's own number */
};

/* Leave in the selection only rows of one vCPU that reach neither dom0 nor another one, and in
 * whose figures there is no second: the emulators' differ in how many instructions they have. */
void verify_rows(struct selection *);

/*
 * Measure in both, by a `run` of this program each.  QEMU's CPU is without those features that
 * the lab adds and Bochs's CPU has not.  An enum status; said why.
 */
int verify_measure(const struct verify_options *, const struct selection *,
                   struct results *qemu, struct results *bochs);

#define VERIFY_NEAR 8u   /* instructions */

/*
 * Explain the cells in which figures alternate between levels that are the same in both: the
 * median is one of them, and a single sample that was interrupted decides which.  The explanations
 * of the list come first.
 */
void verify_levels(struct comparison *);

/* Cells measured in both, and of them those whose medians agree, or are levels of each other's; of
 * the others those that are explained, by whether they differ by more than VERIFY_NEAR. */
struct agreement {
    size_t cells, equal, levels, near, far;
};

struct agreement verify_count(const struct comparison *);

#endif
