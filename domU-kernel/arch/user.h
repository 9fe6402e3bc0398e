/*
 * Below the guest's kernel: an application of the smallest kind, so that a system call can be
 * measured.
 *
 * x86, hardware modes: SYSCALL and SYSRET, the CPU goes straight to the guest kernel.
 * PV: kernel and application both run in ring 3; SYSCALL goes to Xen, which
 * switches page tables and bounces it to the guest kernel, and the way back is
 * the iret hypercall (xen/arch-x86/xen-x86_64.h).
 * ARM64: SVC from EL0 to EL1 and ERET.
 */
#ifndef ARCH_USER_H
#define ARCH_USER_H

#include "types.h"

/* Numbers of the system calls. */
#define USER_GETPID 0u
#define USER_EXIT   1u

#define USER_PID 1u   /* what getpid answers */

/*
 * Run `function(argument)` there until it returns; events and interrupts
 * are off meanwhile.  It may use memory of the image, user_system_call() and
 * nothing privileged.
 */
void user_run(void (*function)(void *), void *argument);

#include <machine/user.h>

#endif
