/*
 * Ring 3 inside the guest: an application of the smallest kind, so that a
 * system call can be measured.
 *
 * Hardware modes: SYSCALL and SYSRET, the CPU goes straight to the guest kernel.
 * PV: kernel and application both run in ring 3; SYSCALL goes to Xen, which
 * switches page tables and bounces it to the guest kernel, and the way back is
 * the iret hypercall (xen/arch-x86/xen-x86_64.h).
 */
#ifndef ARCH_USER_H
#define ARCH_USER_H

#include "../types.h"

/* Numbers of the system calls; in RAX, result in RAX. */
#define USER_GETPID 0u
#define USER_EXIT   1u

#define USER_PID 1u   /* what getpid answers */

/*
 * Run `function(argument)` in ring 3 until it returns; events and interrupts
 * are off meanwhile.  It may use memory of the image, user_system_call() and
 * nothing privileged.
 */
void user_run(void (*function)(void *), void *argument);

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

#endif
