/*
 * Suspend, so that the toolstack can save the domain, and resume in the domain it restores:
 * a new one, with new event channels, a new shared info page and an empty grant table; or
 * in the old one, when it thought better of it (xl save -c, a migration that failed).
 */
#ifndef XEN_SUSPEND_H
#define XEN_SUSPEND_H

#include "../arch/types.h"

#include <xen/sched.h>

/* PV only (x86/suspend_pv.c): what Xen's tools look for before they ask for a suspend, where the
 * list of the domain's frames stands; and suspend()'s own part, which returns as the hypercall. */
void suspend_offer(void);
long suspend_pv(struct sched_shutdown *op);

/*
 * Suspend.  The device must be closed.  Returns when resumed, with events off, shared info
 * and grant table unmapped.  False: in a new domain, with nothing of the old one in use; true:
 * in the old one.
 */
bool suspend(void);

#endif
