/*
 * Grant table, version 1 (xen/grant_table.h): letting another domain map or
 * copy one of our pages.
 */
#ifndef XEN_GRANTS_H
#define XEN_GRANTS_H

#include "../arch/types.h"

#include <xen/grant_table.h>

typedef u32 grant_ref;

/* One frame of the table: 512 entries, the first 8 reserved by the ABI. */
extern struct grant_entry_v1 *const grant_table;

void grants_init(void);

/* PV: take the table out of our page tables before a suspend; grants_init() again
 * afterwards, in what is then a new domain without grants. */
void grants_suspend(void);

/* A free entry; panics when all are in use. */
grant_ref grant_take(void);
/* Return an entry that grants nothing any more. */
void grant_release(grant_ref);

/*
 * Let `domain` use the page with frame number `frame` (page_frame()).
 */
static inline void grant_allow(grant_ref ref, u32 domain, u64 frame, bool readonly)
{
    struct grant_entry_v1 *e = &grant_table[ref];

    e->frame = (u32)frame;
    e->domid = (domid_t)domain;
    /*
     * Release: frame and domid before flags.  The flags make the entry valid;
     * a peer that sees them before the frame would map a stale page.
     */
    __atomic_store_n(&e->flags, (u16)(GTF_permit_access | (readonly ? GTF_readonly : 0)),
                     __ATOMIC_RELEASE);
}

/*
 * Withdraw it.  False: the peer still has it mapped, and the entry and the
 * page must stay as they are (xen/grant_table.h, "Invalidating an unused
 * GTF_permit_access entry").
 */
static inline bool grant_end(grant_ref ref)
{
    u16 *flags = &grant_table[ref].flags;
    u16 f = __atomic_load_n(flags, __ATOMIC_RELAXED);

    do
        if ( f & (GTF_reading | GTF_writing) )
            return false;
    /* Full barrier, one atomic step: the peer may be mapping it right now;
     * either Xen sees the entry gone or we see its use. */
    while ( !__atomic_compare_exchange_n(flags, &f, 0, false,
                                         __ATOMIC_SEQ_CST, __ATOMIC_RELAXED) );
    return true;
}

/* grant_take + grant_allow for a page of ours. */
grant_ref grant_page(u32 domain, const void *page, bool readonly);

#endif
