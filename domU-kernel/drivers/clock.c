#include "clock.h"
#include "../arch/cpu.h"
#include "../xen/shared_info.h"

/* Xen makes the version odd while it writes the area. */
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

u64 clock_system_time(u64 tsc)
{
    struct vcpu_time_info t = read_time();
    u64 delta = tsc - t.tsc_timestamp;

    delta = t.tsc_shift >= 0 ? delta << t.tsc_shift : delta >> -t.tsc_shift;
    return t.system_time + (u64)((unsigned __int128)delta * t.tsc_to_system_mul >> 32);
}
