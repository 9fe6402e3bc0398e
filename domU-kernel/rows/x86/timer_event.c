/* Ticks of the timers that Xen keeps for a vCPU of x86's (vcpu_op): by event, and how late. */
#include "../timer.h"
#include "../../arch/cpu.h"
#include "../../arch/traps.h"
#include "../../drivers/clock.h"
#include "../../harness/stolen.h"
#include "../../xen/events.h"
#include "../../xen/timer.h"

#define NO_XEN   "bare mode has no Xen to ask for a timer"

/* What sleeping rows are armed for: time enough to be asleep before, anywhere. */
#define SLEEP 1000000u

/* How often a vCPU that did not get to sleep in time is put to sleep again. */
#define TRIES 4u

COLD static const char *setup_event(struct row_run *r)
{
    (void)r;
    stolen_timer_port = timer_bind();
    timer_settle();
    return NULL;
}

COLD static void teardown_event(struct row_run *r)
{
    (void)r;
    timer_stop();
    event_close(stolen_timer_port);
    stolen_timer_port = 0;
}

static u64 arm_event(struct row_run *r)
{
    u64 deadline = clock_system_time(tsc_begin()) + AHEAD, ticks;
    long error;

    ticks = TIMED(error = timer_arm(deadline));
    if ( error )
        r->failure = "Xen refused the timer";
    return ticks;
}

static void run_event(struct row_run *r)
{
    timer_one_shot(r, arm_event);
}

EXPLANATION(interrupt_timer_event_channel) =
    ONE_SHOT_TEXT
    "one hypercall with the deadline in Xen's time, and one upcall; nothing is emulated, "
    "nothing acknowledged (vcpu_singleshot_timer_fn, send_timer_event).";
ROW(interrupt_timer_event_channel,
    .setup = setup_event, .run = run_event, .teardown = teardown_event) = {
    .name = "interrupt/timer-event-channel",
    .work = "arm a timer and get its tick",
    .path = "VCPUOP_set_singleshot_timer, VIRQ_TIMER",
    .help = "what one tick of Xen's per-vCPU timer takes from the guest",
    .explanation = explanation_interrupt_timer_event_channel,
    .elsewhere = NO_XEN,
    .columns = "xen", .operations = 1, .samples = 100, .warmup = 8,
};

/* ---- how late ---- */

COLD static const char *setup_stamped(struct row_run *r)
{
    setup_event(r);
    traps_stamp(true);
    return NULL;
}

COLD static void teardown_stamped(struct row_run *r)
{
    traps_stamp(false);
    teardown_event(r);
}

/* A deadline in both clocks: the TSC's, and Xen's, which is armed. */
static u64 arm_at(struct row_run *r, u64 ahead)
{
    u64 deadline = tsc_begin() + ahead;

    if ( timer_arm(clock_system_time(deadline)) )
        r->failure = "Xen refused the timer";
    return deadline;
}

static void keep_lateness(struct row_run *r, u32 i, u64 deadline)
{
    sample_keep(r, i, trap_stamp > deadline ? trap_stamp - deadline : 0);
}

static void latency(struct row_run *r, u64 ns)
{
    u64 ahead = clock_ticks(ns), limit = clock_ticks(PATIENCE);

    FOR_EACH_SAMPLE(r, i)
    {
        u64 seen = stolen_timer_ticks(), deadline = arm_at(r, ahead);

        if ( !stolen_until_tick(seen, limit).ticked )
            r->failure = NEVER;
        keep_lateness(r, i, deadline);
    }
}

static void run_latency(struct row_run *r)
{
    latency(r, AHEAD);
}

EXPLANATION(sched_timer_latency) =
    "Arms Xen's per-vCPU timer for a TSC value 200 us ahead (converted by the vCPU's time area) and "
    "spins.  The figure is how far beyond that value the first instruction of the upcall reads the "
    "TSC: Xen's own timer interrupt, its softirq, and the delivery to the running vCPU.  Compare with "
    "sched/timer-latency-blocked, and sched/timer-latency-near.";
ROW(sched_timer_latency,
    .setup = setup_stamped, .run = run_latency, .teardown = teardown_stamped) = {
    .name = "sched/timer-latency",
    .work = "run the handler of a timer that is due",
    .path = "VIRQ_TIMER, the vCPU running",
    .help = "ticks from a timer's deadline to its handler, the vCPU running",
    .explanation = explanation_sched_timer_latency,
    .elsewhere = NO_XEN,
    .columns = "xen", .flags = ROW_TIMER, .operations = 1, .samples = 100, .warmup = 8,
};

#define NEAR 20000u   /* ns; Xen can still arm it, in any mode */

static void run_latency_near(struct row_run *r)
{
    latency(r, NEAR);
}

EXPLANATION(sched_timer_latency_near) =
    "As sched/timer-latency, but the deadline is 20 us ahead.  Xen never programs its own timer for less than "
    "timer_slop (50 us by default, an option of its command line) from now, so that timers fire together: "
    "the handler runs tens of microseconds late, whatever the path.";
ROW(sched_timer_latency_near,
    .setup = setup_stamped, .run = run_latency_near, .teardown = teardown_stamped) = {
    .name = "sched/timer-latency-near",
    .work = "run the handler of a timer that is due",
    .path = "VIRQ_TIMER, 20 us ahead",
    .help = "ticks from a near deadline to its handler: Xen puts it off",
    .explanation = explanation_sched_timer_latency_near,
    .elsewhere = NO_XEN,
    .columns = "xen", .flags = ROW_TIMER, .operations = 1, .samples = 100, .warmup = 8,
};

static void run_latency_blocked(struct row_run *r)
{
    u64 ahead = clock_ticks(SLEEP);

    FOR_EACH_SAMPLE(r, i)
    {
        u32 seen = event_arrivals[stolen_timer_port];
        u64 deadline = arm_at(r, ahead);

        event_wait(stolen_timer_port, seen);
        keep_lateness(r, i, deadline);
    }
}

EXPLANATION(sched_timer_latency_blocked) =
    "As sched/timer-latency, but 1 ms ahead, and the vCPU blocks meanwhile: Xen has to wake and schedule it before the upcall, "
    "so the difference is the wake-up latency.  On the instruction clock virtual time jumps to the "
    "timer while everybody sleeps; the jump ends at the deadline, so it is not in the figure.";
ROW(sched_timer_latency_blocked,
    .setup = setup_stamped, .run = run_latency_blocked, .teardown = teardown_stamped) = {
    .name = "sched/timer-latency-blocked",
    .work = "run the handler of a timer that is due",
    .path = "VIRQ_TIMER, the vCPU blocked",
    .help = "ticks from a timer's deadline to its handler, the vCPU blocked",
    .explanation = explanation_sched_timer_latency_blocked,
    .elsewhere = NO_XEN,
    .columns = "xen", .flags = ROW_BLOCKS, .operations = 1, .samples = 100, .warmup = 8,
};

/* ---- to sleep and back ---- */

/* ns this vCPU has been blocked, as Xen books it. */
static u64 blocked_ns(void)
{
    struct vcpu_runstate_info info;

    hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, (u64)&info);
    return info.time[RUNSTATE_blocked];
}

static void run_block(struct row_run *r)
{
    u64 ahead = clock_ticks(SLEEP);

    FOR_EACH_SAMPLE(r, i)
    {
        u64 blocked, ticks;
        u32 tries = 0;

        do {
            u32 seen = event_arrivals[stolen_timer_port];

            blocked = blocked_ns();
            arm_at(r, ahead);
            ticks = TIMED(event_wait(stolen_timer_port, seen));
            blocked = blocked_ns() - blocked;
        } while ( !blocked && ++tries < TRIES );
        if ( !blocked )
            r->error = "the timer fired before the vCPU slept: the machine is too busy";
        blocked = clock_ticks(blocked);
        sample_keep(r, i, ticks > blocked ? ticks - blocked : 0);
    }
}

EXPLANATION(sched_block_wake_self) =
    "The vCPU blocks (SCHEDOP_block, or HLT) until a timer it armed before wakes it.  From the ticks that takes, "
    "those are taken away in which Xen books it as blocked (VCPUOP_get_runstate_info): "
    "the sleep, what dom0 does in it, and the instruction clock's jumps over idle.  Left are the way to sleep, until "
    "Xen's scheduler has taken the vCPU off, and the way back from its wake-up.";
ROW(sched_block_wake_self, .setup = setup_event, .run = run_block, .teardown = teardown_event) = {
    .name = "sched/block-wake-self",
    .work = "give up the CPU and come back",
    .path = "block until one's own timer",
    .help = "block, and be woken by one's own timer; without the sleep",
    .explanation = explanation_sched_block_wake_self,
    .elsewhere = NO_XEN,
    .columns = "xen", .flags = ROW_BLOCKS, .operations = 1, .samples = 100, .warmup = 8,
};

/* ---- the load of a periodic one ---- */

static NOT_INLINE const char *start_event(struct row_run *r)
{
    setup_event(r);
    if ( timer_periodic(timer_load_period) )
        r->failure = "Xen refused the periodic timer";
    return NULL;
}

#define LOAD_REPEATS LOAD_BY_ITSELF
#define EVENT_LOAD_ROW(hz, count)                                                   \
    LOAD_ROW(hz, "event-channel", event, "VCPUOP_set_periodic_timer, VIRQ_TIMER",   \
             NO_XEN, "xen", count)

EVENT_LOAD_ROW(100, 8);
EVENT_LOAD_ROW(250, 20);
EVENT_LOAD_ROW(1000, 50);
