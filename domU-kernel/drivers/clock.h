/*
 * How TSC ticks and nanoseconds belong together.  Under Xen the vCPU's time
 * area says it (xen/xen.h, struct vcpu_time_info); bare, a clock of the architecture's is
 * asked once.
 */
#ifndef DRIVERS_CLOCK_H
#define DRIVERS_CLOCK_H

#include "../arch/types.h"

/* TSC ticks in `ns` nanoseconds (below 4 s), rounded down. */
u64 clock_ticks(u64 ns);

/* Bare only: TSC ticks in a millisecond, by a clock of the architecture's. */
u64 clock_bare_ticks_per_ms(void);

/* Under Xen only: the system time, ns since boot, at which the TSC reads `tsc`. */
u64 clock_system_time(u64 tsc);

#endif
