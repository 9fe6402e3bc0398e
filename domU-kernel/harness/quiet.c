#include "quiet.h"
#include "../arch/cpu.h"
#include "../arch/mode.h"
#include "../drivers/clock.h"
#include "../xen/hypercall.h"

#include <xen/sched.h>
#include <xen/vcpu.h>

#define QUIET_NS 40000000u

void quiet(void)
{
    struct sched_poll poll = { .nr_ports = 0 };

    if ( boot_mode == MODE_BARE )
        return;
    poll.timeout = clock_system_time(tsc_begin()) + QUIET_NS;
    hypercall_sched_op(SCHEDOP_poll, &poll);
}

u64 quiet_stolen(void)
{
    struct vcpu_runstate_info info = { .state = RUNSTATE_running };

    if ( boot_mode != MODE_BARE )
        hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, (u64)&info);
    return info.time[RUNSTATE_runnable];
}
