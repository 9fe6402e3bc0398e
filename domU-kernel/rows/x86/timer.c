/* Ticks of a PC's timers; the load of each. */
#include "../timer.h"
#include "../../arch/mode.h"
#include "../../drivers/clock.h"
#include "../../drivers/x86/hpet.h"
#include "../../drivers/x86/ioapic.h"
#include "../../drivers/x86/lapic.h"
#include "../../drivers/x86/pit.h"
#include "../../harness/stolen.h"

#define NO_LAPIC "a PV guest has no local APIC: see interrupt/timer-event-channel"
#define NO_PC    "only HVM, bare and KVM have PC timers"
/* kvm_pc_setup_irq_routing(): none of KVM's pins has QEMU's line 2. */
#define NO_HPET  "only HVM and bare have an HPET whose tick arrives: under KVM QEMU's has a line that leads nowhere"

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

/* ---- local APIC ---- */

static u32 timer_counts;   /* AHEAD in a device's own counts */

COLD static const char *setup_lapic(struct row_run *r)
{
    (void)r;
    lapic_on();
    lapic_timer_counts(AHEAD);   /* measures its clock */
    lapic_timer_mode(0);
    timer_settle();
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
    timer_one_shot(r, arm_lapic);
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
    timer_one_shot(r, arm_deadline);
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

static void run_deadline_past(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        u64 before = cpu_interrupts;

        sample_keep(r, i, TIMED(({
            msr_write(MSR_TSC_DEADLINE, 1);
            while ( cpu_interrupts == before )
                cpu_relax();
        })));
    }
}

EXPLANATION(interrupt_tsc_deadline_past) =
    "WRMSR of IA32_TSC_DEADLINE with a time that has passed: the exit, the interrupt at once, without a timer that runs, "
    "and its EOI.  The difference to interrupt/self-ipi-lapic is what a timer is more than an interrupt.";
ROW(interrupt_tsc_deadline_past,
    .setup = setup_deadline, .run = run_deadline_past, .teardown = teardown_lapic) = {
    .name = "interrupt/tsc-deadline-past",
    .work = "arm a timer and get its tick",
    .path = "IA32_TSC_DEADLINE in the past, interrupt, EOI",
    .help = "arm the LAPIC's TSC deadline timer for a time that has passed",
    .explanation = explanation_interrupt_tsc_deadline_past,
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
    timer_settle();
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
    timer_one_shot(r, arm_pit);
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
    .columns = "pc kvms", .operations = 1, .samples = 100, .warmup = 8,
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
    timer_settle();
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
    timer_one_shot(r, arm_hpet);
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
    .elsewhere = NO_HPET,
    .columns = "hvm bare", .operations = 1, .samples = 100, .warmup = 8,
};

/* ---- their load ---- */

static NOT_INLINE const char *start_lapic(struct row_run *r)
{
    setup_lapic(r);
    lapic_timer_mode(LVT_PERIODIC);
    lapic_write(LAPIC_TIMER_INITIAL, lapic_timer_counts(timer_load_period));
    return NULL;
}

static NOT_INLINE const char *start_pit(struct row_run *r)
{
    setup_pit(r);
    pit_periodic(pit_counts(timer_load_period));
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

    stolen_until_tick(seen, clock_ticks(4 * timer_load_period));
    seen = stolen_timer_ticks();
    begin = tsc_begin();
    while ( tsc_begin() - begin < clock_ticks(TICKS_LOOKED_AT * timer_load_period) )
        cpu_relax();
    return stolen_timer_ticks() - seen > TICKS_LOOKED_AT + 1;
}

static NOT_INLINE const char *start_hpet(struct row_run *r)
{
    const char *reason = setup_hpet(r);

    if ( reason )
        return reason;
    hpet_periodic(VECTOR_LAPIC, hpet_counts(timer_load_period));
    if ( !fires_twice() )
        return NULL;
    teardown_hpet(r);
    return "QEMU's HPET fires twice a period where its clock is exact";
}

#define LOAD_REPEATS LOAD_BY_ITSELF
#define LOAD_ROWS(hz, count)                                                        \
    LOAD_ROW(hz, "lapic", lapic, "LAPIC timer, periodic", NO_LAPIC, "hardware", count); \
    LOAD_ROW(hz, "pit", pit, "PIT, mode 2", NO_PC, "pc kvms", count);            \
    LOAD_ROW(hz, "hpet", hpet, "HPET, periodic", NO_HPET, "hvm bare", count)

LOAD_ROWS(100, 8);
LOAD_ROWS(250, 20);
LOAD_ROWS(1000, 50);
