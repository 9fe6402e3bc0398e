/*
 * Hypercalls by name.  How one is made, hypercall2() to hypercall4(), is each
 * architecture's: machine/hypercall.h.  Results are negative errno values of xen/errno.h.
 */
#ifndef XEN_HYPERCALL_H
#define XEN_HYPERCALL_H

#include "../arch/types.h"

#include <machine/hypercall.h>
#include <xen/sched.h>
#include <xen/xen.h>

/*
 * Make hypercalls possible (x86: have the page filled, in PV the builder did) and check that
 * they are; panics with the reason otherwise.  Needs boot_mode.
 */
void hypercall_init(void);

/* xen/version.h: XENVER_version with no argument does the least Xen can do. */
static inline long hypercall_xen_version(int command, void *argument)
{
    return hypercall2(__HYPERVISOR_xen_version, (u64)command, (u64)argument);
}

/* xen/event_channel.h */
static inline long hypercall_event_channel_op(int command, void *argument)
{
    return hypercall2(__HYPERVISOR_event_channel_op, (u64)command, (u64)argument);
}

/* xen/grant_table.h */
static inline long hypercall_grant_table_op(u32 command, void *argument, u32 count)
{
    return hypercall3(__HYPERVISOR_grant_table_op, command, (u64)argument, count);
}

/* xen/sched.h */
static inline long hypercall_sched_op(int command, void *argument)
{
    return hypercall2(__HYPERVISOR_sched_op, (u64)command, (u64)argument);
}

/*
 * SCHEDOP_shutdown with SHUTDOWN_suspend: returns in the restored domain, 0, or in
 * this one, 1, when the toolstack thought better of it.  `start_info`: machine
 * frame number of the start info page in PV, where Xen's tools look for it in
 * the third argument; ignored elsewhere.
 */
static inline long hypercall_suspend(struct sched_shutdown *op, u64 start_info)
{
    return hypercall3(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (u64)op, start_info);
}

/* xen/memory.h */
static inline long hypercall_memory_op(u32 command, void *argument)
{
    return hypercall2(__HYPERVISOR_memory_op, command, (u64)argument);
}

/* xen/hvm/hvm_op.h */
static inline long hypercall_hvm_op(u32 command, void *argument)
{
    return hypercall2(__HYPERVISOR_hvm_op, command, (u64)argument);
}

/* PV only (xen/xen.h): replace the leaf entry that maps `va`; `pte` is a machine entry. */
static inline long hypercall_update_va_mapping(const void *va, u64 pte, u64 flags)
{
    return hypercall3(__HYPERVISOR_update_va_mapping, (u64)va, pte, flags);
}

#endif
