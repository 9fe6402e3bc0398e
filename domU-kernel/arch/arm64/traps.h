/*
 * What only sources of ARM64 know of traps.
 */
#ifndef ARCH_ARM64_TRAPS_H
#define ARCH_ARM64_TRAPS_H

#include "../traps.h"

/* As traps_entry.S saves it. */
struct trap_frame {
    u64 x[31];
    u64 sp, elr, spsr, esr, far;
};

/* Entries of interrupts (traps_entry.S) call the function that this vCPU has here. */
static inline void traps_set_interrupt(void (*handler)(void))
{
    __asm__ volatile ("msr tpidr_el1, %0" :: "r"(handler) : "memory");
}

/* For the second vCPU (arch/smp.h): called on it. */
void traps_init_secondary(void);

/* This vCPU's cycle counter counts from now on; where the domain may not read it, the virtual counter is the clock
 * (traps_clock_coarse()). */
void traps_start_clock(void);

#endif
