/*
 * Hypercalls through the hypercall page: entry n stands at byte n * 32
 * (xen/xen.h).  Arguments in RDI, RSI, RDX, R10, R8; result in RAX, negative
 * errno values of xen/errno.h.  Xen preserves all other registers; the page's
 * own code may use RCX and R11 (SYSCALL in PV).
 *
 * A stub is one CALL; the page adds MOV, VMCALL/VMMCALL, RET in PVH and HVM,
 * and PUSH, PUSH, MOV, SYSCALL, POP, POP, RET in PV.
 */
#ifndef XEN_HYPERCALL_H
#define XEN_HYPERCALL_H

#include "../arch/types.h"

#include <xen/sched.h>
#include <xen/xen.h>

extern u8 hypercall_page[4096];

/*
 * Have the page filled (PV: the builder did) and check that it was; panics
 * with the reason otherwise.  Needs boot_mode.
 */
void hypercall_init(void);

/* The number must be a compile-time constant: it becomes the call's target. */
#define HYPERCALL_CALL "call hypercall_page + %c[offset]"
#define HYPERCALL_OFFSET(number) [offset] "i"((number) * 32)

static inline __attribute__((always_inline))
long hypercall2(unsigned number, u64 a, u64 b)
{
    long result;

    __asm__ volatile (HYPERCALL_CALL
                      : "=a"(result), "+D"(a), "+S"(b)
                      : HYPERCALL_OFFSET(number)
                      : "rcx", "r11", "memory");
    return result;
}

static inline __attribute__((always_inline))
long hypercall3(unsigned number, u64 a, u64 b, u64 c)
{
    long result;

    __asm__ volatile (HYPERCALL_CALL
                      : "=a"(result), "+D"(a), "+S"(b), "+d"(c)
                      : HYPERCALL_OFFSET(number)
                      : "rcx", "r11", "memory");
    return result;
}

static inline __attribute__((always_inline))
long hypercall4(unsigned number, u64 a, u64 b, u64 c, u64 d)
{
    register u64 r10 __asm__("r10") = d;
    long result;

    __asm__ volatile (HYPERCALL_CALL
                      : "=a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10)
                      : HYPERCALL_OFFSET(number)
                      : "rcx", "r11", "memory");
    return result;
}

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

/* PV only: xen/arch-x86/xen.h, xen/xen.h */
static inline long hypercall_set_trap_table(const struct trap_info *table)
{
    return hypercall2(__HYPERVISOR_set_trap_table, (u64)table, 0);
}

static inline long hypercall_set_callbacks(u64 event, u64 failsafe, u64 syscall)
{
    return hypercall3(__HYPERVISOR_set_callbacks, event, failsafe, syscall);
}

/* Replace the leaf entry that maps `va`; `pte` is a machine entry. */
static inline long hypercall_update_va_mapping(const void *va, u64 pte, u64 flags)
{
    return hypercall3(__HYPERVISOR_update_va_mapping, (u64)va, pte, flags);
}

#endif
