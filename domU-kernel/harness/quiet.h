/*
 * Nobody else at work while a row is measured: seen to beforehand, and asked
 * afterwards.  In bare mode nobody else is there.
 */
#ifndef HARNESS_QUIET_H
#define HARNESS_QUIET_H

#include "../arch/types.h"

/*
 * Sleep, so that dom0 gets done with what our last answer to it has set off: for
 * some 20 ms its kernel ticks on, at 20,000 to 30,000 instructions each time.
 */
void quiet(void);

/* How long, in all, this vCPU could have run while another one did, in ns (what
 * Linux calls steal time; xen/vcpu.h, RUNSTATE_runnable).  One hypercall. */
u64 quiet_stolen(void);

#endif
