/* Ticks of the generic timer, whose virtual part is the domain's own and whose physical part is not. */
#include "../timer.h"
#include "../../drivers/arm64/timer.h"

COLD static const char *setup(struct row_run *r)
{
    (void)r;
    timer_settle();
    return NULL;
}

static u64 arm_virtual(struct row_run *r)
{
    u64 at = timer_counter() + timer_ticks(AHEAD);

    (void)r;
    return TIMED(timer_arm_virtual(at));
}

static void run_virtual(struct row_run *r)
{
    timer_one_shot(r, arm_virtual);
}

EXPLANATION(interrupt_timer_virtual) =
    ONE_SHOT_TEXT
    "two system registers, without Xen; the interrupt is a physical one, which Xen takes, masks the timer and "
    "puts into a list register (vtimer_interrupt, vgic_inject_irq); acknowledging and ending it is the CPU's.";
ROW(interrupt_timer_virtual, .setup = setup, .run = run_virtual) = {
    .name = "interrupt/timer-virtual",
    .work = "arm a timer and get its tick",
    .path = "CNTV_CVAL_EL0, interrupt, EOI",
    .help = "what one tick of the virtual timer takes from the guest",
    .explanation = explanation_interrupt_timer_virtual,
    .columns = "arm64", .operations = 1, .samples = 100, .warmup = 8,
};

static u64 arm_physical(struct row_run *r)
{
    /* Xen's is the same counter less the domain's offset: CNTPCT_EL0 traps, so that it is not timed. */
    u64 at = register_read(cntpct_el0) + timer_ticks(AHEAD);

    (void)r;
    return TIMED(timer_arm_physical(at));
}

static void run_physical(struct row_run *r)
{
    timer_one_shot(r, arm_physical);
}

EXPLANATION(interrupt_timer_physical) =
    ONE_SHOT_TEXT
    "two system registers that trap (vtimer_emulate), one of Xen's own timers, its interrupt and softirq "
    "(phys_timer_expired), the injection, and the handler's write that turns it off, which traps as well.";
ROW(interrupt_timer_physical, .setup = setup, .run = run_physical) = {
    .name = "interrupt/timer-physical",
    .work = "arm a timer and get its tick",
    .path = "CNTP_CVAL_EL0, emulated; interrupt, EOI",
    .help = "what one tick of the emulated physical timer takes from the guest",
    .explanation = explanation_interrupt_timer_physical,
    .columns = "arm64", .operations = 1, .samples = 100, .warmup = 8,
};

/* ---- a tick after each period ---- */

static NOT_INLINE const char *start_virtual(struct row_run *r)
{
    setup(r);
    timer_virtual_period = timer_ticks(timer_load_period);
    timer_arm_virtual(timer_counter() + timer_virtual_period);
    return NULL;
}

static NOT_INLINE void teardown_virtual(struct row_run *r)
{
    (void)r;
    timer_virtual_period = 0;
    timer_stop_virtual();
}

#define LOAD_REPEATS "The handler arms the next tick, as no timer of ARM's repeats by itself: two system registers.  "
#define LOAD_ROWS(hz, count) \
    LOAD_ROW(hz, "virtual", virtual, "CNTV_CVAL_EL0, armed by each tick", "", "arm64", count)

LOAD_ROWS(100, 8);
LOAD_ROWS(250, 20);
LOAD_ROWS(1000, 50);
