/*
 * Mapping a page that another domain granted us (xen/grant_table.h).  One at a time: there is
 * one place for it.
 */
#ifndef XEN_GRANT_MAP_H
#define XEN_GRANT_MAP_H

#include "../arch/types.h"

/* Map it, writable.  Where it is, or NULL with *reason: what Xen refused. */
void *grant_map(u32 domain, u32 ref, const char **reason);

/* Safe when nothing is mapped. */
void grant_unmap(void);

#endif
