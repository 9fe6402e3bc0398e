/*
 * In which order the kinds of domains are booted, so that what drifts while a
 * run goes on (a machine that warms up, a dom0 whose memory fills) falls on all
 * of them alike.
 */
#ifndef MEASURE_PLAN_H
#define MEASURE_PLAN_H

#include <stddef.h>
#include <stdint.h>

#define PLAN_SEED 1u   /* unless the user chooses another */

/*
 * The order of `boots` boots of each of `kinds` kinds: blocks of ABBA, that is a
 * random order of all kinds followed by its mirror image, each block with an
 * order of its own; of an odd number, the last block is only the first half.
 * `order` gets kinds * boots numbers below `kinds`.  The same seed gives the
 * same order on every machine.
 */
void plan_order(size_t kinds, unsigned boots, uint64_t seed, size_t *order);

#endif
