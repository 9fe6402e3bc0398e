/*
 * Grant table (xen/grant_table.h): letting another domain map or copy one of
 * our pages.
 *
 *   version 1   8-byte entries; Xen marks an entry's use in its flags, so that
 *               withdrawing it takes a compare-and-exchange
 *   version 2   16-byte entries (64-bit frame numbers); Xen marks the use in a
 *               status array of its own, so that withdrawing it takes a store,
 *               a barrier and a load
 *
 * A table starts in version 1.  The functions without a version choose; timed
 * regions name the one they measure.
 */
#ifndef XEN_GRANTS_H
#define XEN_GRANTS_H

#include "../arch/types.h"

#include <xen/grant_table.h>

typedef u32 grant_ref;

/* One frame of the table: 512 entries of version 1, 256 of version 2, the
 * first 8 reserved by the ABI. */
extern struct grant_entry_v1 *const grant_table;
extern union grant_entry_v2 *const grant_table_v2;
extern const grant_status_t *const grant_status;   /* written by Xen only */

/* The version in use: 1 or 2. */
extern u32 grant_version;

/* `same`: after a suspend that came to nothing, all grants are as they were. */
void grants_init(bool same);

/* PV: take the table out of our page tables before a suspend; grants_init() again
 * afterwards, in a new domain without grants or in the old one. */
void grants_suspend(void);

/*
 * Go over to version 2, before the first grant of ours: Xen empties the table
 * but for the reserved entries.  Where Xen does not offer it (booted with
 * gnttab=max-ver:1), the table stays at version 1.
 */
void grants_use_v2(void);

/* A free entry, or the first of `count` consecutive ones; panics when there
 * are none. */
grant_ref grant_take(void);
grant_ref grant_take_run(u32 count);
/* Return an entry that grants nothing any more. */
void grant_release(grant_ref);

/*
 * Let `domain` use the page with frame number `frame` (page_frame()).
 */
static inline void grant_allow_v1(grant_ref ref, u32 domain, u64 frame, bool readonly)
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

static inline void grant_allow_v2(grant_ref ref, u32 domain, u64 frame, bool readonly)
{
    union grant_entry_v2 *e = &grant_table_v2[ref];

    e->full_page.frame = frame;
    e->hdr.domid = (domid_t)domain;
    /* Release: as in version 1. */
    __atomic_store_n(&e->hdr.flags, (u16)(GTF_permit_access | (readonly ? GTF_readonly : 0)),
                     __ATOMIC_RELEASE);
}

/*
 * Withdraw it.  False: the peer still has it mapped, and the page must stay as
 * it is (xen/grant_table.h, "Invalidating an unused GTF_permit_access entry");
 * ask again later.  In version 2 it can at least not be mapped once more.
 */
static inline bool grant_end_v1(grant_ref ref)
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

static inline bool grant_end_v2(grant_ref ref)
{
    __atomic_store_n(&grant_table_v2[ref].hdr.flags, (u16)0, __ATOMIC_RELAXED);
    /*
     * Full barrier: the flags must be seen cleared before we read the status.
     * Xen, mapping for the peer right now, does the reverse: it sets the
     * status and then reads the flags again.  If our load could run ahead of
     * our store, we would see no use and it a valid entry, and the page would
     * be used again while the peer has it mapped.
     */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    /* Acquire: whatever the caller does with the page comes after. */
    return !(__atomic_load_n(&grant_status[ref], __ATOMIC_ACQUIRE) &
             (GTF_reading | GTF_writing));
}

/* The same in the version in use. */
void grant_allow(grant_ref, u32 domain, u64 frame, bool readonly);
bool grant_end(grant_ref);

/* grant_take + grant_allow for a page of ours. */
grant_ref grant_page(u32 domain, const void *page, bool readonly);

#endif
