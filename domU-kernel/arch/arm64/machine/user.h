/* ARM64: a system call, and instructions that fault (arch/user.h). */
#ifndef MACHINE_USER_H
#define MACHINE_USER_H

#include "../../types.h"

/*
 * One SVC; only inside a function that user_run() runs.  Number in X8, answer in X0, as Linux has it.  The kernel keeps
 * what a C function keeps, so that the figure is the path, not its saving of registers.
 */
static inline u64 user_system_call(u64 number)
{
    register u64 x8 __asm__("x8") = number;
    register u64 x0 __asm__("x0");

    __asm__ volatile ("svc #0" : "=r"(x0), "+r"(x8)
                      :: "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14",
                         "x15", "x16", "x17", "x18", "cc", "memory");
    return x0;
}

/* Instructions, the last of which faults, and where its handler continues; what they change. */
#define FAULTING(before, instruction, changed)          \
    __asm__ volatile (before "1: " instruction "\n"     \
                      "2:\n\t"                          \
                      ".pushsection fixups, \"a\"\n\t"  \
                      ".quad 1b, 2b\n\t"                \
                      ".popsection" ::: changed, "memory")

static inline void undefined_instruction(void)
{
    FAULTING("", "udf #0", "x0");
}

/* A read of an address that is no table maps, 128 GiB. */
static inline void unmapped_read(void)
{
    FAULTING("mov x0, #0x2000000000\n\t", "ldr x0, [x0]", "x0");
}

#endif
