/*
 * PV page tables: the guest reads them, and changes them only through Xen
 * (xen/xen.h, MMU_NORMAL_PT_UPDATE and MMUEXT_*).  Entries hold machine frames.
 */
#ifndef XEN_PV_PAGING_H
#define XEN_PV_PAGING_H

#include "../hypercall.h"
#include "../../arch/types.h"

/* Page table entry bits (SDM vol. 3, table 4-20). */
#define PTE_PRESENT  0x001ul
#define PTE_WRITABLE 0x002ul
#define PTE_USER     0x004ul
#define PTE_ACCESSED 0x020ul
#define PTE_DIRTY    0x040ul
#define PTE_FRAME    0x000ffffffffff000ul   /* times the page size */
/* What a PV guest maps its data with: it runs in ring 3, hence USER. */
#define PTE_DATA (PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)

/* One mmuext operation on ourselves; Xen's error, 0 when fine. */
static inline __attribute__((always_inline)) long pv_mmuext(struct mmuext_op *op)
{
    return hypercall4(__HYPERVISOR_mmuext_op, (u64)op, 1, 0, DOMID_SELF);
}

/* The level 4 table in use, machine frame. */
u64 pv_base_frame(void);

/*
 * The leaf entry that maps `va`: where this guest sees it (read-only), and its
 * machine address in *machine unless NULL.
 */
u64 *pv_leaf_entry(const void *va, u64 *machine);

#endif
