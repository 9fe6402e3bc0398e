#include "timer.h"
#include "../clock.h"
#include "../../arch/arm64/device_tree.h"
#include "../../arch/mode.h"
#include "../../arch/traps.h"
#include "../../xen/hypercall.h"

#include <xen/vcpu.h>

#define SECOND 1000000000ul   /* ns */
/* Of the node's interrupts: secure, physical, virtual, EL2's. */
#define PHYSICAL_TIMER 1
#define VIRTUAL_TIMER  2

u32 timer_interrupt, timer_physical_interrupt;

static struct vcpu_runstate_info runstate[2] __attribute__((aligned(128)));
static u64 frequency;
static u64 difference;   /* from the counter, in ns, to Xen's system time; 0: not known yet, or no Xen */

u64 timer_virtual_period;

void timer_find(const void *tree)
{
    const void *node = device_tree_find(tree, "compatible", "arm,armv8-timer", 0);

    if ( node )
    {
        timer_interrupt = device_tree_interrupt(tree, node, VIRTUAL_TIMER);
        timer_physical_interrupt = device_tree_interrupt(tree, node, PHYSICAL_TIMER);
    }
    if ( !timer_interrupt || timer_interrupt > 31 || !timer_physical_interrupt ||
         timer_physical_interrupt > 31 )
        panic("the device tree does not have both timers");
}

static void register_runstate(u32 vcpu)
{
    struct vcpu_register_runstate_memory_area area = { .addr.v = &runstate[vcpu] };
    long error = hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, vcpu,
                            (u64)&area);

    /* A domain with one vCPU has no second. */
    if ( error && vcpu == 0 )
        panic("Xen does not say how long this vCPU runs: error %ld", error);
}

void timer_init(const void *tree)
{
    (void)tree;
    frequency = register_read(cntfrq_el0);
    if ( mode_is(MODE_BARE) )
        return;
    register_runstate(0);
    register_runstate(1);
}

const volatile struct vcpu_runstate_info *timer_runstate(u32 vcpu)
{
    return &runstate[vcpu];
}

u64 timer_ticks(u64 ns)
{
    return ns * frequency / SECOND;
}

static u64 nanoseconds(u64 ticks)
{
    return ticks / frequency * SECOND + ticks % frequency * SECOND / frequency;
}

/*
 * Xen tells no ARM64 domain what its system time is, but when the vCPU was switched to, which is
 * some thousand instructions before it is here again: sleep for a moment and see.
 */
static void learn(void)
{
    u64 counter;

    interrupts_disable();
    timer_arm_virtual(timer_counter() + frequency / 1000);
    __asm__ volatile ("dsb sy\n\twfi" ::: "memory");
    counter = timer_counter();
    difference = timer_runstate(0)->state_entry_time - nanoseconds(counter);
    interrupts_enable();
}

u64 clock_now(void)
{
    if ( !difference && !mode_is(MODE_BARE) )
        learn();
    return nanoseconds(timer_counter()) + difference;
}

u64 clock_stolen(void)
{
    return timer_runstate(0)->time[RUNSTATE_runnable];
}

/* The cycle counter's rate is asked once, of the other counter. */
u64 clock_ticks(u64 ns)
{
    static u64 per_ms;

    if ( !per_ms )
    {
        u64 begin = tsc_begin(), end = timer_counter() + frequency / 1000;

        while ( timer_counter() < end )
            ;
        per_ms = tsc_end() - begin;
    }
    return per_ms * ns / 1000000;
}
