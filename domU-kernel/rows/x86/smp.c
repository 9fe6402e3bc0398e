/*
 * From one vCPU to another: event channels, LAPIC interrupts, and two vCPUs that
 * wake each other.  arch/smp.h has what runs on the second one.
 */
#include "../../arch/smp.h"
#include "../../drivers/x86/lapic.h"
#include "../../harness/doubled.h"
#include "../../harness/row.h"
#include "../../xen/events.h"

#define NO_SECOND_LAPIC "a PV guest has no local APIC: see event/ipi"
#define NO_EVENTS       "bare mode has no event channels"

/* What the secondary does while vCPU 0 measures; it ends when `stop` is set.
 * Begun in run(), not before: one that spins is not to be waited beside. */
static volatile u32 running, stop;

static void spin(void *unused)
{
    (void)unused;
    running = 1;
    while ( !stop )
        cpu_relax();
}

static void sleep(void *unused)
{
    (void)unused;
    running = 1;
    smp_sleep_while(&stop, 0);
}

static void begin(void (*function)(void *))
{
    running = stop = 0;
    smp_run(function, NULL);
    while ( !running )
        smp_let_run();
}

static void end(void)
{
    stop = 1;
    smp_wake();   /* it may be asleep */
    smp_wait();
}

/* ---- event channels ---- */

COLD static const char *setup(struct row_run *r)
{
    (void)r;
    return smp_start();
}

static void run_event(struct row_run *r)
{
    u32 port = secondary.port, doubled = 0;

    begin(spin);
    FOR_EACH_SAMPLE(r, i)
    {
        u32 before = event_arrivals[port];
        u64 upcalls = secondary_upcalls;

        sample_keep(r, i, TIMED(({
            event_send(port);
            while ( event_arrivals[port] == before )
                cpu_relax();
        })));
        if ( event_arrivals[port] != before + 1 )
            r->failure = "one event was sent, and the other vCPU saw another number";
        else
            doubled_check(r, secondary_upcalls - upcalls, &doubled);
    }
    end();
}

EXPLANATION(event_ipi) =
    "Sends on a port bound to the other vCPU (EVTCHNOP_bind_ipi), which spins on a physical CPU of its own.  "
    "Xen sets the pending bit and interrupts that CPU (vcpu_mark_events_pending, vcpu_kick); the vCPU takes an "
    "upcall, whose handler counts, and the sender sees the count.  Counted instructions are those of both CPUs.  "
    "Compare with interrupt/ipi-busy, the emulated way, and event/send-self.";
ROW(event_ipi, .setup = setup, .run = run_event) = {
    .name = "event/ipi",
    .work = "signal another vCPU",
    .path = "EVTCHNOP_send to a bound IPI port",
    .help = "event from one vCPU to another that is running, until its handler ran",
    .explanation = explanation_event_ipi,
    .elsewhere = NO_EVENTS,
    .columns = "xen", .needs = DOMAIN_SMP, .flags = ROW_BLOCKS,
    .operations = 1, .samples = 500, .warmup = 16,
};

/* ---- the local APIC ---- */

COLD static const char *setup_lapic(struct row_run *r)
{
    const char *reason = setup(r);

    lapic_enable();
    return reason;
}

static inline __attribute__((always_inline))
void run_lapic(struct row_run *r, u32 command, bool asleep)
{
    u32 doubled = 0;

    begin(asleep ? sleep : spin);
    lapic_write(LAPIC_ICR_HIGH, secondary.apic_id << 24);
    FOR_EACH_SAMPLE(r, i)
    {
        u32 before = secondary_interrupts;

        if ( asleep )
            smp_wait_asleep();
        sample_keep(r, i, TIMED(({
            lapic_write(LAPIC_ICR_LOW, command);
            while ( secondary_interrupts == before )
                cpu_relax();
        })));
        doubled_check(r, secondary_interrupts - before, &doubled);
    }
    end();
}

static void run_busy(struct row_run *r)
{
    run_lapic(r, ICR_ASSERT | VECTOR_LAPIC, false);
}

static void run_halted(struct row_run *r)
{
    run_lapic(r, ICR_ASSERT | VECTOR_LAPIC, true);
}

static void run_broadcast(struct row_run *r)
{
    run_lapic(r, ICR_ALL_BUT_SELF | ICR_ASSERT | VECTOR_LAPIC, false);
}

EXPLANATION(interrupt_ipi_busy) =
    "Writes the LAPIC's interrupt command register; its destination half is set before.  The other vCPU spins on "
    "a physical CPU of its own: Xen decodes the write (vlapic_reg_write, vlapic_ipi), interrupts that CPU, injects "
    "the vector there, and the handler does its EOI, which exits as well, and counts; the sender sees the count.  "
    "Counted instructions are those of both CPUs.  Compare with event/ipi, which needs no decoding and no EOI.";
ROW(interrupt_ipi_busy, .setup = setup_lapic, .run = run_busy) = {
    .name = "interrupt/ipi-busy",
    .work = "signal another vCPU",
    .path = "LAPIC ICR, interrupt and EOI there",
    .help = "LAPIC interrupt from one vCPU to another that is running",
    .explanation = explanation_interrupt_ipi_busy,
    .elsewhere = NO_SECOND_LAPIC,
    .columns = "hardware", .needs = DOMAIN_SMP, .flags = ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 16,
};

EXPLANATION(interrupt_ipi_halted) =
    "As interrupt/ipi-busy, to a vCPU that has executed HLT and is blocked in Xen, its physical CPU idle: the "
    "scheduler wakes it (vlapic_accept_irq, vcpu_wake, schedule) and switches from the idle vCPU before the "
    "vector can be injected.  The difference to interrupt/ipi-busy is that wake-up; on hardware the physical "
    "CPU's own sleep comes on top.  Counted instructions are those of both CPUs.";
ROW(interrupt_ipi_halted, .setup = setup_lapic, .run = run_halted) = {
    .name = "interrupt/ipi-halted",
    .work = "signal another vCPU",
    .path = "LAPIC ICR to a halted vCPU",
    .help = "LAPIC interrupt from one vCPU to another that has halted",
    .explanation = explanation_interrupt_ipi_halted,
    .elsewhere = NO_SECOND_LAPIC,
    .columns = "hardware", .needs = DOMAIN_SMP, .flags = ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 16,
};

EXPLANATION(interrupt_ipi_broadcast) =
    "As interrupt/ipi-busy, with the destination shorthand \"all but self\": what a guest kernel sends to have "
    "all CPUs flush their TLBs.  Xen looks at each vCPU of the domain for a match (vlapic_ipi, "
    "vlapic_match_dest).  One other vCPU exists here, so that the difference to interrupt/ipi-busy is the finding "
    "of the destination alone.";
ROW(interrupt_ipi_broadcast, .setup = setup_lapic, .run = run_broadcast) = {
    .name = "interrupt/ipi-broadcast",
    .work = "signal another vCPU",
    .path = "LAPIC ICR, all but self",
    .help = "LAPIC interrupt to all other vCPUs, of which there is one",
    .explanation = explanation_interrupt_ipi_broadcast,
    .elsewhere = NO_SECOND_LAPIC,
    .columns = "hardware", .needs = DOMAIN_SMP, .flags = ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 16,
};

/* ---- waking each other ---- */

static u32 answer;   /* a port to vCPU 0 */

static void answer_each(void *unused)
{
    u32 seen = event_arrivals[secondary.port];

    (void)unused;
    for ( running = 1; ; event_send(answer) )
    {
        smp_sleep_while(&event_arrivals[secondary.port], seen);
        if ( stop )
            break;
        seen++;
    }
}

static void run_peer(struct row_run *r)
{
    answer = event_bind_ipi(0);
    event_unmask(answer);
    begin(answer_each);
    FOR_EACH_SAMPLE(r, i)
    {
        u32 seen = event_arrivals[answer];

        smp_wait_asleep();
        sample_keep(r, i, TIMED((event_send(secondary.port), event_wait(answer, seen))));
        if ( event_arrivals[answer] != seen + 1 )
            r->failure = "one event was answered by more than one";
    }
    end();
    event_close(answer);
}

EXPLANATION(sched_block_wake_peer) =
    "Sends an event to a vCPU that is blocked on a physical CPU of its own, and blocks (SCHEDOP_block; HLT in PVH "
    "and HVM).  The other wakes, answers by an event and blocks again: two wake-ups across physical CPUs, each an "
    "interrupt and a switch from the idle vCPU (vcpu_wake, schedule), and no dom0, unlike event/roundtrip-idle.  "
    "Counted instructions are those of both CPUs; they step by a few per cent with the state of Xen's timers.";
ROW(sched_block_wake_peer, .setup = setup, .run = run_peer) = {
    .name = "sched/block-wake-peer",
    .work = "give up the CPU and come back",
    .path = "block, woken by a vCPU on another CPU",
    .help = "wake another vCPU and block until it wakes this one",
    .explanation = explanation_sched_block_wake_peer,
    .elsewhere = NO_EVENTS,
    .columns = "xen", .needs = DOMAIN_SMP, .flags = ROW_BLOCKS,
    .operations = 1, .samples = 500, .warmup = 16,
};

EXPLANATION(sched_block_wake_peer_same_cpu) =
    "As sched/block-wake-peer, but both vCPUs are kept on one physical CPU: each event makes the other vCPU "
    "runnable, and each block switches to it (schedule, context_switch), with no idle vCPU and no interrupt "
    "between.  The figure is two switches from one vCPU of a domain to another; it steps by up to a tenth with "
    "the state of the scheduler and Xen's timers.";
ROW(sched_block_wake_peer_same_cpu, .setup = setup, .run = run_peer) = {
    .name = "sched/block-wake-peer-same-cpu",
    .work = "give up the CPU and come back",
    .path = "block, woken by a vCPU on the same CPU",
    .help = "as sched/block-wake-peer, both vCPUs on one physical CPU",
    .explanation = explanation_sched_block_wake_peer_same_cpu,
    .elsewhere = NO_EVENTS,
    .columns = "xen", .needs = DOMAIN_SMP_SHARED, .flags = ROW_BLOCKS,
    .operations = 1, .samples = 500, .warmup = 16,
};
