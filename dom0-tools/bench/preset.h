/*
 * Rows that belong together, with a table of their own: `run --preset=NAME`.
 *
 *     isca16   the seven microbenchmarks of C. Dall and others, ARM Virtualization: Performance and Architectural
 *              Implications, ISCA 2016, by Xen and KVM, on x86 and ARM64
 */
#ifndef BENCH_PRESET_H
#define BENCH_PRESET_H

#include "bench/run.h"
#include "measure/result.h"

/* STATUS_USAGE, said why, where there is none of that name. */
int preset_choose(const char *name, const struct preset **preset);

/* Its rows, modes and CPUs, where others were not asked for.  An enum status; said why. */
int preset_apply(struct run_options *);

/* What was measured on each of these CPUs, as the preset shows it.  An enum status; said why. */
int preset_show(const struct run_options *, const struct results *all, const char *const *names,
                const char *const *models, size_t count);

#endif
