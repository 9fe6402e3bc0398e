/*
 * Exceptions and the event upcall, the same for every mode: entry stubs build
 * one frame, C looks at it, and the way out is IRET or Xen's iret hypercall.
 */
#ifndef ARCH_TRAPS_H
#define ARCH_TRAPS_H

#include "types.h"

/* As traps_entry.S pushes it; the tail is the CPU's (SDM vol. 3, 6.14). */
struct trap_frame {
    u64 r15, r14, r13, r12, r11, r10, r9, r8;
    u64 rdi, rsi, rbp, rbx, rdx, rcx, rax;
    u64 vector, error;
    u64 rip, cs, rflags, rsp, ss;
};

/* Vector of the event upcall in PVH and HVM (HVM_PARAM_CALLBACK_IRQ). */
#define VECTOR_UPCALL 0x40

/* Install the trap table (PV) or GDT and IDT (hardware modes). */
void traps_init(void);

/*
 * The same for the second vCPU (smp.h), whose event upcall and LAPIC interrupts
 * are counted apart.  Hardware modes: called on it, with the segments of any
 * 64-bit GDT.  PV: fills in the context it will be started with.
 */
void traps_init_secondary(void);
struct vcpu_guest_context;
void traps_of_secondary(struct vcpu_guest_context *);

/*
 * From now on the event upcall and VECTOR_LAPIC note the TSC in trap_stamp as
 * the first thing they do (on), or no longer.  Not for timed regions.
 */
void traps_stamp(bool on);
extern volatile u64 trap_stamp;   /* ticks; written by the entries only */

/*
 * Read or write an MSR that may not exist.  False: it faulted.  Not for timed
 * regions.
 */
bool msr_read_safe(u32 msr, u64 *value);

/* Does RDTSCP, with which timed regions end, work here?  Where Xen has the TSC trapped and
 * cannot tell the instruction, it ends in #GP. */
bool rdtscp_works(void);

/* Print why, registers, row and mode, then end the domain as crashed. */
void panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
