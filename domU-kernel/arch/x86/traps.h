/*
 * What only sources of x86 know of traps.
 */
#ifndef ARCH_X86_TRAPS_H
#define ARCH_X86_TRAPS_H

#include "../traps.h"

/* As traps_entry.S pushes it; the tail is the CPU's (SDM vol. 3, 6.14). */
struct trap_frame {
    u64 r15, r14, r13, r12, r11, r10, r9, r8;
    u64 rdi, rsi, rbp, rbx, rdx, rcx, rax;
    u64 vector, error;
    u64 rip, cs, rflags, rsp, ss;
};

/* Vector of the event upcall in PVH and HVM (HVM_PARAM_CALLBACK_IRQ). */
#define VECTOR_UPCALL 0x40

/*
 * For the second vCPU (arch/smp.h), whose event upcall and LAPIC interrupts
 * are counted apart.  Hardware modes: called on it, with the segments of any
 * 64-bit GDT.  PV: fills in the context it will be started with.
 */
void traps_init_secondary(void);
struct vcpu_guest_context;
void traps_of_secondary(struct vcpu_guest_context *);

/*
 * Read or write an MSR that may not exist.  False: it faulted.  Not for timed
 * regions.
 */
bool msr_read_safe(u32 msr, u64 *value);

#endif
