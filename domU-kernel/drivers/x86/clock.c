#include "../clock.h"
#include "../../arch/mode.h"
#include "../../xen/hypercall.h"
#include "../../xen/shared_info.h"

#include <xen/vcpu.h>

/*
 * Xen writes the area while this vCPU is not running guest code, so the version
 * can only change under us from another vCPU's view; read it as told all the same.
 */
static struct vcpu_time_info read_time(void)
{
    volatile struct vcpu_time_info *from = &this_vcpu_info()->time;
    struct vcpu_time_info t;

    do {
        t.version = from->version;
        barrier();
        t.tsc_timestamp = from->tsc_timestamp;
        t.system_time = from->system_time;
        t.tsc_to_system_mul = from->tsc_to_system_mul;
        t.tsc_shift = from->tsc_shift;
        barrier();
    } while ( (t.version & 1) || t.version != from->version );
    return t;
}

u64 clock_ticks(u64 ns)
{
    struct vcpu_time_info t;
    u64 ticks;

    if ( boot_mode == MODE_BARE )
    {
        static u64 per_ms;

        if ( !per_ms )
            per_ms = clock_bare_ticks_per_ms();
        return per_ms * ns / 1000000;
    }
    t = read_time();
    ticks = (ns << 32) / t.tsc_to_system_mul;
    return t.tsc_shift >= 0 ? ticks >> t.tsc_shift : ticks << -t.tsc_shift;
}

u64 clock_system_time(u64 tsc)
{
    struct vcpu_time_info t = read_time();
    u64 delta = tsc - t.tsc_timestamp;

    delta = t.tsc_shift >= 0 ? delta << t.tsc_shift : delta >> -t.tsc_shift;
    return t.system_time + (u64)((unsigned __int128)delta * t.tsc_to_system_mul >> 32);
}

u64 clock_stolen(void)
{
    struct vcpu_runstate_info info = { .state = RUNSTATE_running };

    if ( boot_mode != MODE_BARE )
        hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, (u64)&info);
    return info.time[RUNSTATE_runnable];
}
