/* Giving pages back to Xen and getting them, for the rows of memory. */
#ifndef ROWS_MEMORY_H
#define ROWS_MEMORY_H

#include "../harness/row.h"
#include "../xen/hypercall.h"

#include <xen/memory.h>

/* A page to give back or to get, by the number Xen wants for that. */
struct exchange {
    struct xen_memory_reservation reservation;
    xen_pfn_t frame;
};

static inline void exchange_prepare(struct exchange *x, u64 frame)
{
    x->frame = frame;
    x->reservation = (struct xen_memory_reservation){ .nr_extents = 1, .domid = DOMID_SELF };
    set_xen_guest_handle(x->reservation.extent_start, &x->frame);
}

/* Both answer how many pages it was: 1. */
static inline __attribute__((always_inline)) long give_back(struct exchange *x)
{
    return hypercall_memory_op(XENMEM_decrease_reservation, &x->reservation);
}

static inline __attribute__((always_inline)) long populate(struct exchange *x)
{
    return hypercall_memory_op(XENMEM_populate_physmap, &x->reservation);
}

static inline u64 current_pages(void)
{
    domid_t self = DOMID_SELF;

    return (u64)hypercall_memory_op(XENMEM_current_reservation, &self);
}

#endif
