/*
 * Suspend, so that the toolstack can save the domain (docs/misc/xenstore-paths,
 * ~/control/shutdown), and resume in the domain it restores: a new one, with new
 * event channels, a new shared info page and an empty grant table.
 */
#ifndef XEN_SUSPEND_H
#define XEN_SUSPEND_H

#include "../arch/types.h"

#include <xen/xen.h>

/*
 * Before the toolstack is told that it may ask: it looks at once for what PV domains
 * say about their memory.
 */
void suspend_offer(const struct start_info *info);

/*
 * Wait until the toolstack asks for a suspend and suspend.  The device must be
 * closed.  Returns when resumed, with nothing of the old domain in use: events
 * off, shared info unmapped, grants void.  `info`: PV's start info page, with the
 * new domain's values then; NULL elsewhere.
 */
void suspend(struct start_info *info);

#endif
