/*
 * How ticks, those of machine/cpu.h's clock, and nanoseconds belong together, and what time it is
 * to Xen.
 */
#ifndef DRIVERS_CLOCK_H
#define DRIVERS_CLOCK_H

#include "../arch/types.h"

/*
 * clock_now(), under Xen only: its system time, ns since boot, in which hypercalls take their
 * deadlines.
 */
#include <machine/clock.h>

/* Ticks in `ns` nanoseconds (below 4 s), rounded down. */
u64 clock_ticks(u64 ns);

/* How long, in all, this vCPU could have run while another one did, in ns (what
 * Linux calls steal time; xen/vcpu.h, RUNSTATE_runnable).  Bare: 0. */
u64 clock_stolen(void);

#endif
