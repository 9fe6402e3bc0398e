/*
 * From raw ticks to the figures of a result.
 */
#ifndef MEASURE_SUMMARY_H
#define MEASURE_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include "measure/result.h"

/*
 * One sample's cost per operation: `ticks` without the empty region's
 * `overhead`, never below 0, divided by `operations` (at least 1), rounded to
 * the nearest integer.
 */
uint64_t summary_net(uint64_t ticks, uint64_t overhead, uint64_t operations);

/*
 * Fill samples, operations, overhead, the distribution and all figures from min
 * to ci95 of a result.  `ticks` are raw differences per sample and stay as they
 * are; `overhead` is in ticks per sample.  What is not about the samples, as
 * Result.first, is the caller's affair.
 */
void summarise(struct result *r, const uint64_t *ticks, size_t count,
               uint64_t overhead, uint32_t operations);

/*
 * How many samples an interrupt of Xen's has made longer.  Only the instruction
 * clock lets one tell: there a path takes one of a few numbers of instructions,
 * and an interrupt comes on top.  False where it cannot be told: with other
 * clocks, and in rows that reach dom0 or block.
 */
bool summary_interrupted(const struct environment *, const struct result *,
                         uint32_t *count);

#endif
