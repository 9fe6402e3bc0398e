/*
 * The generic timer (DDI 0487, D11).  Its virtual part is a counter, and a timer that a domain has
 * without asking Xen, which only brings the interrupt; the physical timer is Xen's, which emulates one
 * for the domain.
 */
#ifndef DRIVERS_ARM64_TIMER_H
#define DRIVERS_ARM64_TIMER_H

#include "../../arch/cpu.h"

/* The interrupts' numbers, known by timer_find(): for the GIC. */
extern u32 timer_interrupt, timer_physical_interrupt;
void timer_find(const void *tree);

/* After gic_init(): tell Xen where to write how long the vCPU has run. */
void timer_init(const void *tree);

/* Ticks of the counter, and in a second. */
static inline u64 timer_counter(void)
{
    isb();
    return register_read(cntvct_el0);
}

/* DDI 0487, CNTV_CTL_EL0: bit 0, ENABLE. */
static inline void timer_arm_virtual(u64 at)
{
    register_write(cntv_cval_el0, at);
    register_write(cntv_ctl_el0, 1);
    isb();
}

static inline void timer_stop_virtual(void)
{
    register_write(cntv_ctl_el0, 0);
    isb();
}

/* Ticks of the counter from one interrupt of the virtual timer to the next; 0: there is one. */
extern u64 timer_virtual_period;

/* Its interrupt's handler: no timer of ARM's repeats by itself. */
static inline void timer_virtual_fired(void)
{
    if ( !timer_virtual_period )
        return timer_stop_virtual();
    /* Xen has masked it, when it took the interrupt (vtimer_interrupt). */
    timer_arm_virtual(register_read(cntv_cval_el0) + timer_virtual_period);
}

/* The physical timer; each of these traps. */
static inline void timer_arm_physical(u64 at)
{
    register_write(cntp_cval_el0, at);
    register_write(cntp_ctl_el0, 1);
    isb();
}

static inline void timer_stop_physical(void)
{
    register_write(cntp_ctl_el0, 0);
    isb();
}

/* Ticks of either counter in so many ns. */
u64 timer_ticks(u64 ns);

/* What Xen says of the vCPU (xen/vcpu.h): renewed each time it is switched to or from. */
struct vcpu_runstate_info;
const volatile struct vcpu_runstate_info *timer_runstate(u32 vcpu);

#endif
