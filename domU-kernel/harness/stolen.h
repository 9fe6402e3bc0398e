/*
 * How much of the CPU somebody else takes.  The guest does nothing but read the
 * TSC, turn after turn; a turn that takes longer than an undisturbed one was
 * interrupted, by whatever runs then: handlers of the guest, Xen, dom0.  What
 * it took longer is stolen.  No clock but the TSC, nothing to calibrate but the
 * length of a turn; figures of a changing clock frequency do not add up.
 */
#ifndef HARNESS_STOLEN_H
#define HARNESS_STOLEN_H

#include "../arch/types.h"

/* Ticks of timers taken, by whichever path: LAPIC vectors and timer_port. */
u64 stolen_timer_ticks(void);
extern u32 stolen_timer_port;   /* the VIRQ_TIMER's port; 0: none */

struct stolen {
    u64 stolen;    /* ticks */
    u64 elapsed;   /* ticks */
    u64 turns;
    bool ticked;   /* a timer tick ended it, not the limit */
};

/* Learn how long an undisturbed turn is, with no timer running. */
void stolen_calibrate(void);

/*
 * Look at the clock until stolen_timer_ticks() differs from `seen`, at most
 * `limit` ticks.  The tick's own handling is stolen as well, all of it.
 */
struct stolen stolen_until_tick(u64 seen, u64 limit);

#endif
