/*
 * The CPU models of Bochs, by its names, and what Xen can do with them.
 */
#ifndef MACHINES_BOCHS_MODELS_H
#define MACHINES_BOCHS_MODELS_H

#include <stdbool.h>

/* What a data centre most likely has: Skylake-SP is that silicon. */
#define BOCHS_INTEL "corei7_skylake_x"
#define BOCHS_AMD   "ryzen"

/* The models that the installed Bochs has, a space before each; NULL, with a message, when it
 * cannot be asked.  The caller's. */
char *bochs_models(void);

/* Why Xen does not run on the model at all, or has no PVH and HVM domains there; NULL: it
 * does, as far as is known before it has tried. */
const char *bochs_no_xen(const char *model);
const char *bochs_no_hvm(const char *model);

#endif
