/*
 * From one vCPU to another: event channels, and two vCPUs that wake each other.  arch/smp.h has
 * what runs on the second one.
 */
#include "smp.h"
#include "event.h"
#include "../arch/cpu.h"
#include "../harness/doubled.h"
#include "../xen/events.h"

volatile u32 second_running, second_stop;

void second_spin(void *unused)
{
    (void)unused;
    second_running = 1;
    while ( !second_stop )
        cpu_relax();
}

void second_sleep(void *unused)
{
    (void)unused;
    second_running = 1;
    smp_sleep_while(&second_stop, 0);
}

void second_begin(void (*function)(void *))
{
    second_running = second_stop = 0;
    smp_run(function, NULL);
    while ( !second_running )
        smp_let_run();
}

void second_end(void)
{
    second_stop = 1;
    smp_wake();   /* it may be asleep */
    smp_wait();
}

COLD const char *second_setup(struct row_run *r)
{
    (void)r;
    return smp_start();
}

/* ---- event channels ---- */

static void run_event(struct row_run *r)
{
    u32 port = secondary.port, doubled = 0;

    second_begin(second_spin);
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
    second_end();
}

EXPLANATION(event_ipi) =
    "Sends on a port bound to the other vCPU (EVTCHNOP_bind_ipi), which spins on a physical CPU of its own.  "
    "Xen sets the pending bit and interrupts that CPU (vcpu_mark_events_pending, vcpu_kick); the vCPU takes an "
    "upcall, whose handler counts, and the sender sees the count.  Counted instructions are those of both CPUs.  "
    "Compare with interrupt/ipi-busy, the emulated way, and event/send-self.";
ROW(event_ipi, .setup = second_setup, .run = run_event) = {
    .name = "event/ipi",
    .work = "signal another vCPU",
    .path = "EVTCHNOP_send to a bound IPI port",
    .help = "event from one vCPU to another that is running, until its handler ran",
    .explanation = explanation_event_ipi,
    .elsewhere = NO_EVENTS,
    .columns = "xen", .needs = DOMAIN_SMP, .flags = ROW_BLOCKS,
    .operations = 1, .samples = 500, .warmup = 16,
};

/* ---- waking each other ---- */

static u32 answer;   /* a port to vCPU 0 */

static void answer_each(void *unused)
{
    u32 seen = event_arrivals[secondary.port];

    (void)unused;
    for ( second_running = 1; ; event_send(answer) )
    {
        smp_sleep_while(&event_arrivals[secondary.port], seen);
        if ( second_stop )
            break;
        seen++;
    }
}

static void run_peer(struct row_run *r)
{
    answer = event_bind_ipi(0);
    event_unmask(answer);
    second_begin(answer_each);
    FOR_EACH_SAMPLE(r, i)
    {
        u32 seen = event_arrivals[answer];

        smp_wait_asleep();
        sample_keep(r, i, TIMED((event_send(secondary.port), event_wait(answer, seen))));
        if ( event_arrivals[answer] != seen + 1 )
            r->failure = "one event was answered by more than one";
    }
    second_end();
    event_close(answer);
}

EXPLANATION(sched_block_wake_peer) =
    "Sends an event to a vCPU that is blocked on a physical CPU of its own, and blocks (SCHEDOP_block; HLT in PVH "
    "and HVM, WFI on ARM64).  The other wakes, answers by an event and blocks again: two wake-ups across physical CPUs, each an "
    "interrupt and a switch from the idle vCPU (vcpu_wake, schedule), and no dom0, unlike event/roundtrip-idle.  "
    "Counted instructions are those of both CPUs; they step by a few per cent with the state of Xen's timers.";
ROW(sched_block_wake_peer, .setup = second_setup, .run = run_peer) = {
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
ROW(sched_block_wake_peer_same_cpu, .setup = second_setup, .run = run_peer) = {
    .name = "sched/block-wake-peer-same-cpu",
    .work = "give up the CPU and come back",
    .path = "block, woken by a vCPU on the same CPU",
    .help = "as sched/block-wake-peer, both vCPUs on one physical CPU",
    .explanation = explanation_sched_block_wake_peer_same_cpu,
    .elsewhere = NO_EVENTS,
    .columns = "xen", .needs = DOMAIN_SMP_SHARED, .flags = ROW_BLOCKS,
    .operations = 1, .samples = 500, .warmup = 16,
};
