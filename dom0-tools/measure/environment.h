/*
 * Where figures come from: the machine, its Xen, its clock.
 */
#ifndef MEASURE_ENVIRONMENT_H
#define MEASURE_ENVIRONMENT_H

#include <stdbool.h>

#include "measure/result.h"

/*
 * Is this machine a Xen dom0?  If not, *why_not says why (the caller's), else
 * it is NULL.
 */
bool environment_is_xen(char **why_not);

/*
 * Describe this Xen host, which is the lab's where LAB_VARIABLE is set.  An
 * enum status; STATUS_ENVIRONMENT, said why, where there is no Xen.
 */
int environment_here(struct environment *);

/* That of a Linux without Xen that is no lab. */
void environment_linux(struct environment *);

/* Describe the lab with the clock "exact", "fast" or "kvm" from outside: host,
 * clock and version only. */
void environment_lab(struct environment *, const char *clock);

/* Make of `xen`, where its build is known, a name that tells builds of one version apart. */
void environment_name_build(struct environment *);

/* The hypervisor whose guest this machine is, by what its firmware calls itself; NULL: none that is
 * known.  Static. */
const char *environment_below(void);

/* Set `started` to now. */
void environment_started(struct environment *);

#endif
