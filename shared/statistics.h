/*
 * Statistics over measured ticks: median, tails and bootstrap intervals.
 * Integers in, integers out; pure C, no operating system headers.
 *
 * Percentiles are by nearest rank: the p-th percentile of n sorted values is
 * the one of rank ceil(p/100 * n), counted from 1.  So every figure is a value
 * that was measured, and the median of an even number of values is the lower
 * of the two in the middle.
 *
 * The intervals are percentile bootstraps with a generator seeded by a
 * constant: the same samples give the same interval on every machine.
 */
#ifndef SHARED_STATISTICS_H
#define SHARED_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct statistics {
    uint64_t min, median, p90, p99, p999, max;
    uint64_t ci95[2];   /* bootstrap 95 % interval of the median */
};

/* The next random number; `state` starts as any seed.  splitmix64 (Steele, Lea,
 * Flood 2014): the same numbers on every machine. */
uint64_t statistics_random(uint64_t *state);

/* Sort ascending, in place. */
void statistics_sort(uint64_t *values, size_t count);

/*
 * Percentile of sorted values, in tenths of a percent (500: the median, 999:
 * the 99.9th percentile; at most 1000).  0 when there are no values.
 */
uint64_t statistics_percentile(const uint64_t *sorted, size_t count,
                               unsigned per_mille);

/* All figures at once.  Sorts `values` in place.  All zero without values. */
struct statistics statistics_describe(uint64_t *values, size_t count);

/*
 * Bootstrap 95 % interval of median(a) / median(b), both sorted.  False when
 * it has no finite value: no samples, or medians of b that are 0.
 */
bool statistics_ratio_interval(const uint64_t *a, size_t a_count,
                               const uint64_t *b, size_t b_count,
                               double interval[2]);

#endif
