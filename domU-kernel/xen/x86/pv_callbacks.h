/*
 * PV's entries, named to Xen (xen/arch-x86/xen.h).
 */
#ifndef XEN_PV_CALLBACKS_H
#define XEN_PV_CALLBACKS_H

#include "../hypercall.h"

static inline long hypercall_set_trap_table(const struct trap_info *table)
{
    return hypercall2(__HYPERVISOR_set_trap_table, (u64)table, 0);
}

static inline long hypercall_set_callbacks(u64 event, u64 failsafe, u64 syscall)
{
    return hypercall3(__HYPERVISOR_set_callbacks, event, failsafe, syscall);
}

#endif
