/* Events in numbers: upcalls with many ports pending, and one-way rate. */
#include "../arch/traps.h"
#include "../drivers/data.h"
#include "../harness/row.h"
#include "../xen/events_fifo.h"
#include "event.h"

#include <xen/sched.h>

/* ---- to the handler ---- */

static u32 port;

COLD static const char *setup_port(struct row_run *r)
{
    (void)r;
    port = event_try_bind_ipi(0);
    if ( !port )
        return "this domain has no event channel left";
    event_unmask(port);
    return NULL;
}

COLD static void teardown_port(struct row_run *r)
{
    (void)r;
    event_close(port);
}

static void run_upcall_entry(struct row_run *r)
{
    traps_stamp(true);
    FOR_EACH_SAMPLE(r, i)
    {
        u32 before = event_arrivals[port];
        u64 begin = tsc_begin();

        event_send(port);
        sample_keep(r, i, trap_stamp - begin);
        if ( event_arrivals[port] != before + 1 )
            r->failure = "the event did not arrive at once";
    }
    traps_stamp(false);
}

EXPLANATION(event_upcall_entry) =
    "event/send-self, stopped at the first instruction of the upcall (after three registers are "
    "saved for reading the TSC): the send, and Xen's delivery.  PV: a frame built on "
    "the guest's stack on the way out of the hypercall (create_bounce_frame); PVH, HVM: a vector "
    "injected at VM entry, which the CPU takes through the IDT.  What event/send-self costs "
    "more is the guest's: handler and return, in PV a hypercall.";
ROW(event_upcall_entry, .setup = setup_port, .run = run_upcall_entry, .teardown = teardown_port) = {
    .name = "event/upcall-entry",
    .work = "reach the event handler",
    .path = "EVTCHNOP_send to the upcall's first instruction",
    .help = "send an event to oneself, until the handler begins",
    .explanation = explanation_event_upcall_entry,
    .elsewhere = NO_EVENTS,
    .columns = "xen", .operations = 1, .samples = 1000, .warmup = 16,
};

/* ---- one upcall for many ports ---- */

#define MAX_SCAN 1024u

static u32 ports[MAX_SCAN];

static void close_ports(void)
{
    for ( u32 i = 0; i < MAX_SCAN && ports[i]; i++ )
    {
        event_close(ports[i]);
        ports[i] = 0;
    }
}

COLD static const char *open_ports(u32 count, u32 needs)
{
    if ( (needs & DOMAIN_FIFO) && !event_words )
        return NO_FIFO;
    for ( u32 i = 0; i < count; i++ )
    {
        ports[i] = event_try_bind_ipi(0);
        if ( !ports[i] )
        {
            close_ports();
            return "this domain may have too few event channels: max_event_channels in its config";
        }
        event_unmask(ports[i]);
    }
    return NULL;
}

COLD static void teardown_scan(struct row_run *r)
{
    (void)r;
    close_ports();
}

static void run_scan(struct row_run *r, u32 count)
{
    FOR_EACH_SAMPLE(r, i)
    {
        u64 upcalls = event_upcalls;
        u32 before = 0, after = 0;

        for ( u32 k = 0; k < count; k++ )
            before += event_arrivals[ports[k]];
        events_hold();
        for ( u32 k = 0; k < count; k++ )
            event_send(ports[k]);
        sample_keep(r, i, TIMED(events_release()));
        for ( u32 k = 0; k < count; k++ )
            after += event_arrivals[ports[k]];
        if ( after - before != count )
            r->failure = "events were lost";
        else if ( event_upcalls == upcalls )
            r->failure = "they arrived without an upcall";
    }
}

#define SCAN_ROW(identifier, n, row_name, row_path, row_needs, row_samples, row_warmup, text) \
    static const char *setup_##identifier(struct row_run *r)                            \
    {                                                                                   \
        (void)r;                                                                        \
        return open_ports(n, row_needs);                                                \
    }                                                                                   \
    static void run_##identifier(struct row_run *r)                                     \
    {                                                                                   \
        run_scan(r, n);                                                                 \
    }                                                                                   \
    EXPLANATION(event_##identifier) = text;                                             \
    ROW(event_##identifier,                                                             \
        .setup = setup_##identifier, .run = run_##identifier, .teardown = teardown_scan) = { \
        .name = "event/" row_name,                                                      \
        .work = "take an upcall",                                                       \
        .path = row_path ", " #n " pending",                                            \
        .help = "one upcall, ports pending: " #n ", " row_path,                         \
        .explanation = explanation_event_##identifier,                                  \
        .elsewhere = NO_EVENTS,                                                         \
        .columns = "xen", .needs = row_needs, .operations = 1,                        \
        .samples = row_samples, .warmup = row_warmup,                                   \
    }

/* The image holds it once. */
#define TWO_LEVELS                                                                      \
    "With upcalls off, as many ports as the name says become pending; the figure is "   \
    "allowing upcalls: Xen's delivery of one, the search, and the return.  In PV "      \
    "allowing is a cheap hypercall that Xen delivers at; in PVH and HVM, STI "          \
    "and the exit that Xen asked for.  Two levels find the ports by their selector "    \
    "and one word per 64 of them, so the search costs per event, not per port that "    \
    "could be.  Sent are many events, taken is one upcall."

SCAN_ROW(scan_1, 1, "scan-1", "two levels", 0, 1000, 16, TWO_LEVELS);
SCAN_ROW(scan_64, 64, "scan-64", "two levels", 0, 100, 4, TWO_LEVELS);
SCAN_ROW(scan_1024, 1024, "scan-1024", "two levels", 0, 20, 2, TWO_LEVELS);
SCAN_ROW(fifo_scan_64, 64, "fifo-scan-64", "FIFO ABI", DOMAIN_FIFO, 100, 4,
    "event/scan-64 in a domain whose event channels are FIFO: the handler follows the links from "
    "the queue's head, takes each port off by one atomic change of its word, and looks whether a "
    "more urgent one has come.  Two levels need one atomic operation per event as well, but "
    "neither links nor looks; what this costs more buys the order of arrival, priorities "
    "(event/fifo-priority) and 131,072 ports instead of 4,096.");

/* ---- the backend process, otherwise than event/roundtrip-idle ---- */

static void check_answer(struct row_run *r, u32 operation, u32 parameter, u64 *value)
{
    struct data_request request = { .operation = (u16)operation, .gref = parameter };
    struct data_response response;

    if ( !data_exchange(&request, &response) || response.status != DATA_OKAY )
        r->error = "the backend does not offer what this row needs";
    else if ( value )
        *value = response.value;
}

static void run_roundtrip_busy(struct row_run *r)
{
    u32 echo = device.echo_port;

    FOR_EACH_SAMPLE(r, i)
    {
        u32 seen;

        check_answer(r, DATA_AWAKE, 1, NULL);
        seen = event_arrivals[echo];
        sample_keep(r, i, TIMED((event_send(echo), event_expect(echo, seen))));
        if ( event_arrivals[echo] != seen + 1 )
            r->failure = "one event was answered by more than one";
    }
    check_answer(r, DATA_AWAKE, 0, NULL);
}

EXPLANATION(event_roundtrip_busy) =
    "event/roundtrip-idle with a process that does not sleep: it reads /dev/xen/evtchn without "
    "blocking, again and again, and yields its physical CPU by SCHEDOP_yield where nothing is "
    "there, so that this works on one CPU too.  Neither the process nor dom0's vCPU has to be "
    "woken; dom0's kernel still takes the upcall and queues the port.  The guest sleeps as "
    "before.  The difference to event/roundtrip-idle is what sleeping costs dom0.";
ROW(event_roundtrip_busy, .run = run_roundtrip_busy) = {
    .name = "event/roundtrip-busy",
    .work = "ask a dom0 process and get its answer",
    .path = "event channel, dom0's process awake",
    .help = "event to the backend process and back while it polls",
    .explanation = explanation_event_roundtrip_busy,
    .elsewhere = NO_EVENTS,
    .columns = "xen", .needs = SERVICE_ECHO | SERVICE_DATA_RING,
    .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 8,
};

static void run_poll(struct row_run *r)
{
    evtchn_port_t echo = device.echo_port;
    struct sched_poll op = { .nr_ports = 1 };
    u32 before = event_arrivals[echo];

    set_xen_guest_handle(op.ports, &echo);
    event_mask(echo);
    FOR_EACH_SAMPLE(r, i)
    {
        event_clear(echo);
        sample_keep(r, i, TIMED(({
            event_send(echo);
            while ( !event_pending(echo) )
                hypercall_sched_op(SCHEDOP_poll, &op);
        })));
    }
    event_clear(echo);
    event_unmask(echo);
    if ( event_arrivals[echo] != before )
        r->failure = "a masked port raised an upcall";
}

EXPLANATION(event_poll) =
    "event/roundtrip-idle without upcall: the port is masked, and the guest waits for its pending "
    "bit by SCHEDOP_poll, which blocks until it is set.  Xen wakes the vCPU out of the "
    "hypercall; no frame is built, no vector injected, no handler runs.  In PVH and HVM "
    "event/roundtrip-idle sleeps by HLT, one exit; SCHEDOP_poll's arguments lie in the guest's memory, "
    "and Xen walks the guest's page tables and its own to read each of them (guest_walk_tables_4_levels, "
    "p2m_get_page_from_gfn): there polling is the dearer one.";
ROW(event_poll, .run = run_poll) = {
    .name = "event/poll",
    .work = "ask a dom0 process and get its answer",
    .path = "event channel, SCHEDOP_poll",
    .help = "event to the backend process and back, waiting by SCHEDOP_poll",
    .explanation = explanation_event_poll,
    .elsewhere = NO_EVENTS,
    .columns = "xen", .needs = SERVICE_ECHO, .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 8,
};

#define BURST 256u   /* events in one sample */

COLD static const char *setup_oneway(struct row_run *r)
{
    port = event_alloc_unbound(device.backend);
    check_answer(r, DATA_EVENTS, port, NULL);
    return NULL;
}

COLD static void teardown_oneway(struct row_run *r)
{
    check_answer(r, DATA_EVENTS, 0, NULL);
    teardown_port(r);
}

static void run_oneway(struct row_run *r)
{
    u64 sent = 0, taken = 0;

    FOR_EACH_SAMPLE(r, i)
    {
        sample_keep(r, i, TIMED(({
            for ( u32 k = 0; k < BURST; k++ )
                event_send(port);
        })));
        sent += BURST;
        /* Its answer comes when dom0 has had its turn: each burst is one of its own. */
        check_answer(r, DATA_EVENTS, port, &taken);
    }
    if ( !r->error && (taken == 0 || taken > sent) )
        r->failure = taken ? "dom0 took more events than were sent" : "dom0 took no event";
}

EXPLANATION(event_oneway_rate) =
    "Sends 256 events to the backend process, which only counts them; the figure is per event and "
    "the sender's, with what dom0 does meanwhile.  An event is a bit: those sent before dom0 has "
    "taken the last are one with it, and cost as little as event/send-masked.  How many dom0's "
    "process took is in the results (dom0_events), against 256 sent per sample: on one CPU "
    "dom0 runs only when the guest's turn ends, and a burst is taken at once.";
ROW(event_oneway_rate, .setup = setup_oneway, .run = run_oneway, .teardown = teardown_oneway) = {
    .name = "event/oneway-rate",
    .work = "tell a dom0 process something, no answer",
    .path = "EVTCHNOP_send, one after the other",
    .help = "256 events to the backend process without waiting; per event",
    .explanation = explanation_event_oneway_rate,
    .elsewhere = NO_EVENTS,
    .columns = "xen", .needs = SERVICE_DATA_RING, .flags = ROW_DOM0,
    .operations = BURST, .samples = 50, .warmup = 4,
};
