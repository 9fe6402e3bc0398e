/* x86: a system call, and instructions that fault (arch/user.h). */
#ifndef MACHINE_USER_H
#define MACHINE_USER_H

#include "../../types.h"

/*
 * One SYSCALL; only inside a function that user_run() runs.  The kernel keeps
 * what a C function keeps, so that the figure is the path, not its saving of
 * registers.
 */
static inline u64 user_system_call(u64 number)
{
    __asm__ volatile ("syscall" : "+a"(number)
                      :: "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
    return number;
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
    FAULTING("", "ud2", "rax");
}

/* A read of an address that is canonical, and mapped in no mode. */
static inline void unmapped_read(void)
{
    FAULTING("", "movl 0x700000000, %%eax", "rax");
}

#endif
