/*
 * Suspend, so that the toolstack can save the domain, and resume in the domain it restores:
 * a new one, with new event channels, a new shared info page and an empty grant table; or
 * in the old one, when it thought better of it (xl save -c, a migration that failed).
 */
#ifndef XEN_SUSPEND_H
#define XEN_SUSPEND_H

#include "../arch/types.h"

#include <xen/xen.h>

/*
 * PV: what Xen's tools look for before they ask for a suspend: where the list of the
 * domain's frames stands.
 */
void suspend_offer(const struct start_info *info);

/*
 * Suspend.  The device must be closed.  Returns when resumed, with events off, shared info
 * and grant table unmapped.  `info`: PV's start info page, with the values to go on with
 * then; NULL elsewhere.  False: in a new domain, with nothing of the old one in use; true:
 * in the old one.
 */
bool suspend(struct start_info *info);

#endif
