/*
 * x86: under Xen the vCPU's time area says how TSC and nanoseconds belong together (xen/xen.h,
 * struct vcpu_time_info); bare, the PIT is asked once.
 */
#ifndef MACHINE_CLOCK_H
#define MACHINE_CLOCK_H

#include "cpu.h"

/* Bare only: TSC ticks in a millisecond, by a clock of the machine's. */
u64 clock_bare_ticks_per_ms(void);

/* Under Xen only: its system time at which the TSC reads `tsc`. */
u64 clock_system_time(u64 tsc);

static inline u64 clock_now(void)
{
    return clock_system_time(tsc_begin());
}

#endif
