/*
 * Hypercalls of ARM64 (xen/arch-arm.h, "Hypercall calling convention"): HVC with this immediate,
 * the number in X16, arguments in X0 to X4, result in X0, negative errno values of xen/errno.h.
 * Xen preserves all other registers; those of the arguments it may destroy.
 */
#ifndef MACHINE_HYPERCALL_H
#define MACHINE_HYPERCALL_H

#include "../../types.h"

#define HYPERCALL_PATH "HVC"   /* for rows */

#define HYPERCALL_HVC "hvc #0xea1"

static inline __attribute__((always_inline))
long hypercall2(unsigned number, u64 a, u64 b)
{
    register u64 x0 __asm__("x0") = a;
    register u64 x1 __asm__("x1") = b;
    register u64 x16 __asm__("x16") = number;

    __asm__ volatile (HYPERCALL_HVC : "+r"(x0), "+r"(x1), "+r"(x16) :: "memory");
    return (long)x0;
}

static inline __attribute__((always_inline))
long hypercall3(unsigned number, u64 a, u64 b, u64 c)
{
    register u64 x0 __asm__("x0") = a;
    register u64 x1 __asm__("x1") = b;
    register u64 x2 __asm__("x2") = c;
    register u64 x16 __asm__("x16") = number;

    __asm__ volatile (HYPERCALL_HVC : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x16) :: "memory");
    return (long)x0;
}

static inline __attribute__((always_inline))
long hypercall4(unsigned number, u64 a, u64 b, u64 c, u64 d)
{
    register u64 x0 __asm__("x0") = a;
    register u64 x1 __asm__("x1") = b;
    register u64 x2 __asm__("x2") = c;
    register u64 x3 __asm__("x3") = d;
    register u64 x16 __asm__("x16") = number;

    __asm__ volatile (HYPERCALL_HVC
                      : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x16) :: "memory");
    return (long)x0;
}

#endif
