/*
 * Hypercalls of x86: through the hypercall page, entry n of which stands at byte n * 32
 * (xen/xen.h).  Arguments in RDI, RSI, RDX, R10, R8; result in RAX, negative
 * errno values of xen/errno.h.  Xen preserves all other registers; the page's
 * own code may use RCX and R11 (SYSCALL in PV).
 *
 * A stub is one CALL; the page adds MOV, VMCALL/VMMCALL, RET in PVH and HVM,
 * and PUSH, PUSH, MOV, SYSCALL, POP, POP, RET in PV.
 */
#ifndef MACHINE_HYPERCALL_H
#define MACHINE_HYPERCALL_H

#include "../../types.h"

#define HYPERCALL_PATH "hypercall page"   /* for rows */

extern u8 hypercall_page[4096];

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

#endif
