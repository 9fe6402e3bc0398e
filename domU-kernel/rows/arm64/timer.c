/* Ticks of the generic timer, whose virtual part is the domain's own and whose physical part is not. */
#include "../timer.h"
#include "../../arch/interrupts.h"
#include "../../arch/traps.h"
#include "../../drivers/arm64/timer.h"
#include "../../drivers/clock.h"
#include "../../harness/stolen.h"

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
    .columns = "arms", .operations = 1, .samples = 100, .warmup = 8,
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
    .columns = "arms", .operations = 1, .samples = 100, .warmup = 8,
};

/* ---- how late ---- */

#define SLEEP 1000000u   /* ns */

COLD static const char *setup_stamped(struct row_run *r)
{
    const char *reason = setup(r);

    traps_stamp(true);
    return reason;
}

COLD static void teardown_stamped(struct row_run *r)
{
    (void)r;
    traps_stamp(false);
}

/* Armed for then by the virtual counter; the same by the cycle counter, which is read and, as the other counts
 * some 60 MHz, may be off by one of its ticks. */
static u64 arm_at(u64 ns)
{
    u64 now = tsc_begin(), counter = timer_counter();

    timer_arm_virtual(counter + timer_ticks(ns));
    return now + clock_ticks(ns);
}

static void keep_lateness(struct row_run *r, u32 i, u64 deadline)
{
    sample_keep(r, i, trap_stamp > deadline ? trap_stamp - deadline : 0);
}

static void run_latency(struct row_run *r)
{
    u64 limit = clock_ticks(PATIENCE);

    FOR_EACH_SAMPLE(r, i)
    {
        u64 seen = stolen_timer_ticks(), deadline = arm_at(AHEAD);

        if ( !stolen_until_tick(seen, limit).ticked )
            r->failure = NEVER;
        keep_lateness(r, i, deadline);
    }
}

#define LATENCY_TEXT \
    "The counter that the timer compares with counts at some 60 MHz, in the lab's exact clock one tick in 16 instructions: " \
    "the figure is good to that.  "

EXPLANATION(sched_timer_latency) =
    "Arms the virtual timer 200 us ahead and spins.  The figure is how far beyond that the first instruction of the "
    "interrupt's handler reads the cycle counter: the timer's physical interrupt, which Xen takes, and its delivery by "
    "a list register (vtimer_interrupt, vgic_inject_irq).  Xen's own timers have no part in it.  " LATENCY_TEXT
    "Compare with sched/timer-latency-blocked, and with x86's, which is one of Xen's timers.";
ROW(sched_timer_latency, .setup = setup_stamped, .run = run_latency, .teardown = teardown_stamped) = {
    .name = "sched/timer-latency",
    .work = "run the handler of a timer that is due",
    .path = "virtual timer, the vCPU running",
    .help = "ticks from a timer's deadline to its handler, the vCPU running",
    .explanation = explanation_sched_timer_latency,
    .columns = "arms", .flags = ROW_TIMER, .operations = 1, .samples = 100, .warmup = 8,
};

static void run_latency_blocked(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        u64 before = cpu_interrupts, deadline = arm_at(SLEEP);

        /* Masked, so that the interrupt cannot come between the look and WFI. */
        for ( interrupts_disable(); cpu_interrupts == before; interrupts_disable() )
            interrupts_enable_and_halt();
        interrupts_enable();
        keep_lateness(r, i, deadline);
    }
}

EXPLANATION(sched_timer_latency_blocked) =
    "As sched/timer-latency, but 1 ms ahead, and the vCPU sleeps in WFI: Xen has taken its timer's deadline for one of its own "
    "timers (virt_timer_save), and has to wake and schedule the vCPU before the interrupt.  On the instruction clock virtual "
    "time jumps to the timer while everybody sleeps; the jump ends at the deadline, so it is not in the figure.  "
    LATENCY_TEXT;
ROW(sched_timer_latency_blocked,
    .setup = setup_stamped, .run = run_latency_blocked, .teardown = teardown_stamped) = {
    .name = "sched/timer-latency-blocked",
    .work = "run the handler of a timer that is due",
    .path = "virtual timer, the vCPU blocked",
    .help = "ticks from a timer's deadline to its handler, the vCPU blocked",
    .explanation = explanation_sched_timer_latency_blocked,
    .columns = "arms", .flags = ROW_BLOCKS, .operations = 1, .samples = 100, .warmup = 8,
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
    LOAD_ROW(hz, "virtual", virtual, "CNTV_CVAL_EL0, armed by each tick", "", "arms", count)

LOAD_ROWS(100, 8);
LOAD_ROWS(250, 20);
LOAD_ROWS(1000, 50);
