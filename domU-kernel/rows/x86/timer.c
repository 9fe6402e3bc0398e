/* Arming a timer and getting its tick, by each timer there is. */
#include "../../arch/mode.h"
#include "../../arch/traps.h"
#include "../../drivers/clock.h"
#include "../../drivers/x86/hpet.h"
#include "../../drivers/x86/ioapic.h"
#include "../../drivers/x86/lapic.h"
#include "../../drivers/x86/pit.h"
#include "../../harness/row.h"
#include "../../harness/stolen.h"
#include "../../xen/events.h"
#include "../../xen/timer.h"

/*
 * How far ahead timers are armed, ns: beyond Xen's timer_slop (50 us by
 * default), within which it puts off a timer to fire together with others.
 */
#define AHEAD 200000u

#define NO_LAPIC "a PV guest has no local APIC: see interrupt/timer-event-channel"
#define NO_PC    "only HVM and bare have PC timers"
#define NO_XEN   "bare mode has no Xen to ask for a timer"

/* What sleeping rows are armed for: time enough to be asleep before, anywhere. */
#define SLEEP 1000000u

/*
 * How long a tick may take before it is given up, ns, and how often.  A vCPU
 * that loses its CPU between the HPET's counter read and its comparator written
 * has armed it for the past, which is a minute ahead.
 */
#define PATIENCE 100000000u
#define TRIES    4u

#define BILLION 1000000000ul

#define NEVER "the timer was armed, its tick did not come"

/* Swallow what an earlier programming left on its way, then learn the turn. */
static void settle(void)
{
    stolen_until_tick(stolen_timer_ticks(), clock_ticks(AHEAD));
    stolen_calibrate();
}

static void lapic_on(void)
{
    lapic_enable();
    interrupts_enable();
}

/* Bare mode runs with interrupts off otherwise. */
static void lapic_off(void)
{
    lapic_timer_stop();
    if ( boot_mode == MODE_BARE )
        interrupts_disable();
}

/*
 * What arming and handling one tick takes from the guest.  The wait does not
 * count: only what is executed by others, or by the tick's handler, does.
 * `arm` arms it in a timed region and returns the ticks of that.
 */
static void one_shot(struct row_run *r, u64 (*arm)(struct row_run *))
{
    u64 limit = clock_ticks(PATIENCE);

    FOR_EACH_SAMPLE(r, i)
    {
        u64 seen, arming;
        u32 tries = 0;
        struct stolen s;

        do {
            seen = stolen_timer_ticks();
            arming = arm(r);
            s = stolen_until_tick(seen, limit);
        } while ( !s.ticked && ++tries < TRIES );
        sample_keep(r, i, arming + s.stolen);
        if ( !s.ticked )
            r->failure = NEVER;
        else if ( !tries && stolen_timer_ticks() != seen + 1 )
            r->failure = "the timer was armed once and fired more often";
    }
}

#define ONE_SHOT_TEXT \
    "Arms a tick 200 us ahead and reads the TSC until it is handled.  The figure is what that takes from the " \
    "guest: arming, and all that others and the handler execute meanwhile; not the wait.  Here: "

/* ---- local APIC ---- */

static u32 timer_counts;   /* AHEAD in a device's own counts */

COLD static const char *setup_lapic(struct row_run *r)
{
    (void)r;
    lapic_on();
    lapic_timer_counts(AHEAD);   /* measures its clock */
    lapic_timer_mode(0);
    settle();
    return NULL;
}

COLD static void teardown_lapic(struct row_run *r)
{
    (void)r;
    lapic_off();
}

static u64 arm_lapic(struct row_run *r)
{
    u32 counts = timer_counts;

    (void)r;
    return TIMED(lapic_write(LAPIC_TIMER_INITIAL, counts));
}

static void run_lapic(struct row_run *r)
{
    timer_counts = lapic_timer_counts(AHEAD);
    one_shot(r, arm_lapic);
}

EXPLANATION(interrupt_timer_lapic) =
    ONE_SHOT_TEXT
    "one write that exits, Xen's timer interrupt, the injection, and the EOI that exits "
    "(vlapic_reg_write, pt_timer_fn, vlapic_EOI_set).";
ROW(interrupt_timer_lapic, .setup = setup_lapic, .run = run_lapic, .teardown = teardown_lapic) = {
    .name = "interrupt/timer-lapic",
    .work = "arm a timer and get its tick",
    .path = "LAPIC timer, interrupt, EOI",
    .help = "what one tick of the one-shot LAPIC timer takes from the guest",
    .explanation = explanation_interrupt_timer_lapic,
    .elsewhere = NO_LAPIC,
    .columns = "hardware", .operations = 1, .samples = 100, .warmup = 8,
};

/* SDM vol. 4, IA32_TSC_DEADLINE; CPUID leaf 1, ECX bit 24. */
#define MSR_TSC_DEADLINE 0x6e0u
#define CPUID_1_C_TSC_DEADLINE (1u << 24)

COLD static const char *setup_deadline(struct row_run *r)
{
    if ( !(cpuid(1, 0).c & CPUID_1_C_TSC_DEADLINE) )
        return "this machine offers no TSC deadline (CPUID leaf 1, ECX bit 24)";
    setup_lapic(r);
    lapic_timer_mode(LVT_TSC_DEADLINE);
    return NULL;
}

static u64 arm_deadline(struct row_run *r)
{
    u64 deadline = tsc_begin() + clock_ticks(AHEAD);

    (void)r;
    return TIMED(msr_write(MSR_TSC_DEADLINE, deadline));
}

static void run_deadline(struct row_run *r)
{
    one_shot(r, arm_deadline);
}

EXPLANATION(interrupt_timer_tsc_deadline) =
    ONE_SHOT_TEXT
    "one WRMSR that exits, no memory access to decode; the tick is the LAPIC timer's "
    "(vlapic_tdt_msr_set).  What kernels use where they may.";
ROW(interrupt_timer_tsc_deadline,
    .setup = setup_deadline, .run = run_deadline, .teardown = teardown_lapic) = {
    .name = "interrupt/timer-tsc-deadline",
    .work = "arm a timer and get its tick",
    .path = "IA32_TSC_DEADLINE, interrupt, EOI",
    .help = "what one tick of the LAPIC timer in TSC deadline mode takes",
    .explanation = explanation_interrupt_timer_tsc_deadline,
    .elsewhere = NO_LAPIC,
    .columns = "hardware", .operations = 1, .samples = 100, .warmup = 8,
};

/* ---- PIT ---- */

static u32 pit_counts(u64 ns)
{
    return (u32)((ns * PIT_HZ + BILLION / 2) / BILLION);
}

COLD static const char *setup_pit(struct row_run *r)
{
    (void)r;
    lapic_on();
    pit_stop();
    ioapic_route(PIT_IOAPIC_PIN, VECTOR_LAPIC);
    settle();
    pit_oneshot();
    return NULL;
}

COLD static void teardown_pit(struct row_run *r)
{
    (void)r;
    pit_stop();
    ioapic_mask(PIT_IOAPIC_PIN);
    lapic_off();
}

static u64 arm_pit(struct row_run *r)
{
    u32 counts = timer_counts;

    (void)r;
    return TIMED(pit_arm(counts));
}

static void run_pit(struct row_run *r)
{
    timer_counts = pit_counts(AHEAD);
    one_shot(r, arm_pit);
}

EXPLANATION(interrupt_timer_pit) =
    ONE_SHOT_TEXT
    "two OUTs that exit (low byte, high byte), the PIT's line through the I/O APIC to "
    "the LAPIC, and the EOI (pit_load_count, pt_timer_fn, hvm_isa_irq_assert).";
ROW(interrupt_timer_pit, .setup = setup_pit, .run = run_pit, .teardown = teardown_pit) = {
    .name = "interrupt/timer-pit",
    .work = "arm a timer and get its tick",
    .path = "PIT, I/O APIC, interrupt, EOI",
    .help = "what one tick of the PIT as a one-shot takes from the guest",
    .explanation = explanation_interrupt_timer_pit,
    .elsewhere = NO_PC,
    .columns = "hvm bare kvm", .operations = 1, .samples = 100, .warmup = 8,
};

/* ---- HPET ---- */

COLD static const char *setup_hpet(struct row_run *r)
{
    (void)r;
    if ( !hpet_present() )
        return "no HPET with a line of its own at 0xfed00000";
    lapic_on();
    pit_stop();   /* bare: both may have the same pin */
    hpet_oneshot(VECTOR_LAPIC);
    settle();
    return NULL;
}

COLD static void teardown_hpet(struct row_run *r)
{
    (void)r;
    hpet_stop();
    lapic_off();
}

static u64 arm_hpet(struct row_run *r)
{
    u32 counts = timer_counts;

    (void)r;
    return TIMED(hpet_arm(counts));
}

static void run_hpet(struct row_run *r)
{
    timer_counts = hpet_counts(AHEAD);
    one_shot(r, arm_hpet);
}

EXPLANATION(interrupt_timer_hpet) =
    ONE_SHOT_TEXT
    "the counter is read and the comparator written, two memory accesses that exit and "
    "must be decoded, then line, injection and EOI as for the PIT (hpet_write, hpet_set_timer).";
ROW(interrupt_timer_hpet, .setup = setup_hpet, .run = run_hpet, .teardown = teardown_hpet) = {
    .name = "interrupt/timer-hpet",
    .work = "arm a timer and get its tick",
    .path = "HPET, I/O APIC, interrupt, EOI",
    .help = "what one tick of the HPET's timer 0 takes from the guest",
    .explanation = explanation_interrupt_timer_hpet,
    .elsewhere = NO_PC,
    .columns = "hvm bare", .operations = 1, .samples = 100, .warmup = 8,
};

/* ---- event channel ---- */

COLD static const char *setup_event(struct row_run *r)
{
    (void)r;
    stolen_timer_port = timer_bind();
    settle();
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
    one_shot(r, arm_event);
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

/* ---- the load of a periodic timer ---- */

static u64 load_period;   /* ns */

/* Three rows share each of these: once in the image is enough. */
#define NOT_INLINE __attribute__((noinline))

/* Each path: set up as for one shot, then again and again. */

static const char *start_none(struct row_run *r)
{
    (void)r;
    settle();
    return NULL;
}

static NOT_INLINE const char *start_lapic(struct row_run *r)
{
    setup_lapic(r);
    lapic_timer_mode(LVT_PERIODIC);
    lapic_write(LAPIC_TIMER_INITIAL, lapic_timer_counts(load_period));
    return NULL;
}

static NOT_INLINE const char *start_pit(struct row_run *r)
{
    setup_pit(r);
    pit_periodic(pit_counts(load_period));
    return NULL;
}

/*
 * QEMU's HPET fires again one count after each tick when the tick comes at
 * exactly its time, which it does on the instruction clock (hw/timer/hpet.c,
 * hpet_timer(): a comparator equal to the counter is not moved on).  QEMU 10's first tick is one
 * alone: several are looked at.
 */
#define TICKS_LOOKED_AT 4u

static bool fires_twice(void)
{
    u64 begin, seen = stolen_timer_ticks();

    stolen_until_tick(seen, clock_ticks(4 * load_period));
    seen = stolen_timer_ticks();
    begin = tsc_begin();
    while ( tsc_begin() - begin < clock_ticks(TICKS_LOOKED_AT * load_period) )
        cpu_relax();
    return stolen_timer_ticks() - seen > TICKS_LOOKED_AT + 1;
}

static NOT_INLINE const char *start_hpet(struct row_run *r)
{
    const char *reason = setup_hpet(r);

    if ( reason )
        return reason;
    hpet_periodic(VECTOR_LAPIC, hpet_counts(load_period));
    if ( !fires_twice() )
        return NULL;
    teardown_hpet(r);
    return "QEMU's HPET fires twice a period where its clock is exact";
}

static NOT_INLINE const char *start_event(struct row_run *r)
{
    setup_event(r);
    if ( timer_periodic(load_period) )
        r->failure = "Xen refused the periodic timer";
    return NULL;
}

/* One sample is one period, from tick to tick. */
static void run_load(struct row_run *r)
{
    u64 period = clock_ticks(load_period), limit = clock_ticks(PATIENCE), total = 0, ticks;

    stolen_until_tick(stolen_timer_ticks(), limit);
    ticks = stolen_timer_ticks();
    FOR_EACH_SAMPLE(r, i)
    {
        struct stolen s = stolen_until_tick(stolen_timer_ticks(), limit);

        sample_keep(r, i, s.stolen * BILLION / s.elapsed);
        total += s.elapsed;
        if ( !s.ticked )
            r->failure = NEVER;
    }
    /* Each tick taken has had its period, roughly. */
    period *= stolen_timer_ticks() - ticks;
    if ( total < period - period / 4 || total > period + period / 4 )
        r->error = "the ticks did not come as often as they were armed for: a busy machine";
}

#define IDLE_PERIOD 10000000u

static void run_tickless(struct row_run *r)
{
    u64 window = clock_ticks(IDLE_PERIOD);

    FOR_EACH_SAMPLE(r, i)
    {
        struct stolen s = stolen_until_tick(stolen_timer_ticks(), window);

        sample_keep(r, i, s.stolen * BILLION / s.elapsed);
    }
}

#define LOAD_TEXT \
    "The guest reads the TSC, turn after turn.  The figure is what is stolen from it of each 1,000,000,000 " \
    "ticks: all that others and its own handler execute; a billion less the figure is the CPU left to the guest, " \
    "10,000,000 are one percent.  On the instruction clock of the lab in QEMU a second is a billion instructions, in " \
    "Bochs 50 million.  "

#define LOAD_ROW(hz, path_name, source, row_path, why_not, row_columns, count)      \
    static const char *setup_load_##source##_##hz(struct row_run *r)                \
    {                                                                               \
        load_period = BILLION / hz;                                                 \
        return start_##source(r);                                                   \
    }                                                                               \
    EXPLANATION(timer_load_##source##_##hz) = \
        LOAD_TEXT \
        "The timer repeats by itself; a kernel that arms each tick anew pays for that as well " \
        "(interrupt/timer-*).  One sample is one period.  Compare with timer-load/guest-tickless."; \
    ROW(timer_load_##source##_##hz,                                                 \
        .setup = setup_load_##source##_##hz, .run = run_load, .teardown = teardown_##source) = { \
        .name = "timer-load/guest-" #hz "hz-" path_name,                            \
        .work = "run with a " #hz " Hz timer, of a billion ticks",                  \
        .path = row_path,                                                           \
        .help = "what a " #hz " Hz timer takes of each billion ticks",              \
        .explanation = explanation_timer_load_##source##_##hz,                      \
        .elsewhere = why_not, .columns = row_columns,                               \
        .flags = ROW_TIMER, .operations = 1, .samples = count, .warmup = 1,         \
    }

#define LOAD_ROWS(hz, count)                                                        \
    LOAD_ROW(hz, "event-channel", event, "VCPUOP_set_periodic_timer, VIRQ_TIMER",   \
             NO_XEN, "xen", count);                                                 \
    LOAD_ROW(hz, "lapic", lapic, "LAPIC timer, periodic", NO_LAPIC, "hardware", count); \
    LOAD_ROW(hz, "pit", pit, "PIT, mode 2", NO_PC, "hvm bare kvm", count);           \
    LOAD_ROW(hz, "hpet", hpet, "HPET, periodic", NO_PC, "hvm bare", count)

EXPLANATION(timer_load_tickless) =
    LOAD_TEXT
    "Here no timer of the guest runs: what is stolen is the work of Xen and of dom0 on this CPU, the floor of the other "
    "rows of the group.  One sample is 10 ms.";
ROW(timer_load_tickless, .setup = start_none, .run = run_tickless) = {
    .name = "timer-load/guest-tickless",
    .work = "run without a timer, of a billion ticks",
    .path = "no timer",
    .help = "what Xen and dom0 take of each billion ticks, the guest having no timer",
    .explanation = explanation_timer_load_tickless,
    .columns = "image", .flags = ROW_TIMER, .operations = 1, .samples = 8, .warmup = 1,
};

LOAD_ROWS(100, 8);
LOAD_ROWS(250, 20);
LOAD_ROWS(1000, 50);
