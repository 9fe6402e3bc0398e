/*
 * What Xen and the toolstack share with a domain from its beginning.
 */
#ifndef XEN_PAGES_H
#define XEN_PAGES_H

#include "../arch/types.h"

struct xen_pages {
    void *console, *xenstore;    /* rings: xen/io/console.h, xen/io/xs_wire.h; NULL: none */
    u32 console_port, xenstore_port;
    u64 shared_info;             /* its machine address; PV only */
};

/* By the way the domain was started. */
struct xen_pages xen_pages_find(void);

/* By the parameters that all but PV domains have (xen/hvm/params.h). */
struct xen_pages xen_pages_by_params(void);

#endif
