#include "timer.h"
#include "events.h"
#include "../arch/traps.h"

u32 timer_bind(void)
{
    struct evtchn_bind_virq bind = { .virq = VIRQ_TIMER, .vcpu = 0 };
    long error = hypercall_event_channel_op(EVTCHNOP_bind_virq, &bind);

    if ( error || bind.port >= EVENT_PORTS )
        panic("cannot bind the timer's event: error %ld", error);
    event_unmask(bind.port);
    return bind.port;
}

long timer_periodic(u64 period)
{
    struct vcpu_set_periodic_timer timer = { .period_ns = period };

    return hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_set_periodic_timer, 0, (u64)&timer);
}

void timer_stop(void)
{
    hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_stop_periodic_timer, 0, 0);
    hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_stop_singleshot_timer, 0, 0);
}
