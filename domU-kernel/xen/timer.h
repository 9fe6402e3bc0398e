/*
 * The timers Xen keeps for each vCPU (xen/vcpu.h): both raise VIRQ_TIMER.
 */
#ifndef XEN_TIMER_H
#define XEN_TIMER_H

#include "hypercall.h"
#include "../arch/types.h"

#include <xen/vcpu.h>

/* Bind VIRQ_TIMER of this vCPU, unmasked: its port, to be given back by
 * event_close().  Panics when Xen refuses. */
u32 timer_bind(void);

/* Fire once at `deadline`, ns of Xen's system time (drivers/clock.h).  Xen's
 * error, 0 when fine.  One hypercall. */
static inline __attribute__((always_inline)) long timer_arm(u64 deadline)
{
    struct vcpu_set_singleshot_timer timer = { .timeout_abs_ns = deadline };

    return hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, (u64)&timer);
}

/* Fire each `period` ns; Xen takes no less than a millisecond. */
long timer_periodic(u64 period);

/*
 * Both off.  At boot too: Xen gives each PV vCPU a 100 Hz tick from its
 * creation, which nobody here wants and every row would have as an outlier.
 */
void timer_stop(void);

#endif
