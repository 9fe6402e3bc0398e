/*
 * Where figures come from: the machine, its Xen, its clock.
 */
#ifndef MEASURE_ENVIRONMENT_H
#define MEASURE_ENVIRONMENT_H

#include <stdbool.h>

#include "measure/result.h"

/* The environment variable by which the lab tells its dom0 which clock it has:
 * exact, fast or kvm. */
#define LAB_VARIABLE "XENOMETER_LAB"

/*
 * Is this machine a Xen dom0?  If not, *why_not says why (the caller's), else
 * it is NULL.
 */
bool environment_is_xen(char **why_not);

/* Is this machine's CPU QEMU's TCG, as far as the lab has told us? */
bool environment_is_tcg(void);

/*
 * Describe this Xen host, which is the lab's where LAB_VARIABLE is set.  An
 * enum status; STATUS_ENVIRONMENT, said why, where there is no Xen.
 */
int environment_here(struct environment *);

/* Describe the lab with the clock "exact", "fast" or "kvm" from outside: host,
 * clock and version only. */
void environment_lab(struct environment *, const char *clock);

/* Set `started` to now. */
void environment_started(struct environment *);

#endif
