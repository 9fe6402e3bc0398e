/*
 * The device tree that the toolstack describes the domain by (Devicetree Specification 0.4,
 * chapter 5, "Flattened Devicetree (DTB) Format").  Read in place, at boot only.
 */
#ifndef ARCH_ARM64_DEVICE_TREE_H
#define ARCH_ARM64_DEVICE_TREE_H

#include "../types.h"

/* Is that one? */
bool device_tree_is(const void *tree);

/*
 * The node, number `n` from 0 of those, that has `text` among the strings of that property,
 * at any depth.  NULL: there are not so many.
 */
const void *device_tree_find(const void *tree, const char *property, const char *text, u32 n);

/*
 * The number that `cells` (1 or 2) cells of 32 bits of a node's property make, from cell `first`
 * on; 0 where there are not so many.
 */
u64 device_tree_number(const void *tree, const void *node, const char *property, u32 first,
                       u32 cells);

/* A node's interrupt number `n` from 0, in the GIC's numbering; 0: none.  Three cells
 * each: 0 shared, 1 private; the number; flags (Linux, bindings/interrupt-controller/arm,gic-v3). */
u32 device_tree_interrupt(const void *tree, const void *node, u32 n);

#endif
