/* The FIFO ABI of event channels; event.c has the same in two levels. */
#include "../harness/row.h"
#include "../xen/events_fifo.h"
#include "event.h"

static u32 port;

COLD static const char *setup_port(struct row_run *r)
{
    (void)r;
    if ( !event_words )
        return NO_FIFO;
    port = event_try_bind_ipi(0);
    return port ? NULL : "this domain has no event channel left";
}

COLD static void teardown_port(struct row_run *r)
{
    (void)r;
    event_close(port);
}

static void run_send(struct row_run *r)
{
    u32 before = event_arrivals[port];

    FOR_EACH_SAMPLE(r, i)
    {
        event_clear(port);
        sample_keep(r, i, TIMED(event_send(port)));
    }
    if ( !event_pending(port) )
        r->failure = "the masked port did not become pending";
    else if ( event_arrivals[port] != before )
        r->failure = "a masked port raised an upcall";
}

EXPLANATION(event_fifo_send) =
    "event/send-masked in a domain whose event channels are FIFO: Xen takes the locks of "
    "the queues the port was on and goes to, and sets PENDING in the port's word "
    "(evtchn_fifo_set_pending); masked, it is not linked to a queue, and no upcall follows.  "
    "The difference to event/send-masked is what the newer ABI costs the sender.";
ROW(event_fifo_send, .setup = setup_port, .run = run_send, .teardown = teardown_port) = {
    .name = "event/fifo-send",
    .work = "tell a dom0 process something, no answer",
    .path = "EVTCHNOP_send, FIFO ABI",
    .help = "send an event whose receiver has the port masked, FIFO ABI",
    .explanation = explanation_event_fifo_send,
    .elsewhere = NO_EVENTS,
    .columns = "xen", .needs = DOMAIN_FIFO,
    .operations = 1, .samples = 1000, .warmup = 16,
};

/* ---- an urgent event behind others ---- */

#define OTHERS 63u

static u32 others[OTHERS];

static void send_all(void)
{
    for ( u32 i = 0; i < OTHERS; i++ )
        event_send(others[i]);
    event_send(port);
}

COLD static void teardown_priority(struct row_run *r)
{
    event_watch.port = 0;
    for ( u32 i = 0; i < OTHERS; i++ )
        if ( others[i] )
            event_close(others[i]);
    teardown_port(r);
}

COLD static const char *setup_priority(struct row_run *r)
{
    const char *reason = setup_port(r);

    if ( reason )
        return reason;
    for ( u32 i = 0; i < OTHERS; i++ )
    {
        others[i] = event_try_bind_ipi(0);
        if ( !others[i] )
            r->error = "this domain has too few event channels";
        else
            event_unmask(others[i]);
    }
    event_unmask(port);
    if ( r->error )
        return NULL;

    /* With the same priority it is the last: otherwise the row could not tell. */
    event_watch.port = port;
    events_hold();
    send_all();
    events_release();
    if ( event_watch.before != OTHERS )
        r->failure = "events of one priority were not handled in the order sent";
    for ( u32 i = 0; i < OTHERS; i++ )
        event_set_priority(others[i], EVTCHN_FIFO_PRIORITY_MIN);
    event_set_priority(port, EVTCHN_FIFO_PRIORITY_MAX);
    return NULL;
}

static void run_priority(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        u64 begin;

        events_hold();
        send_all();
        begin = tsc_begin();
        events_release();
        sample_keep(r, i, event_watch.tsc - begin);
        if ( event_watch.before )
            r->failure = "less urgent events were handled first";
    }
}

EXPLANATION(event_fifo_priority) =
    "With upcalls off, 63 ports of priority 15 become pending and then one of priority 0.  The "
    "figure runs from allowing upcalls to the moment the handler reaches that last one: Xen's "
    "delivery, and one event's dispatch.  Were it the 64th in line, it would wait for "
    "all others, as in event/scan-64: two levels know no priorities.  The row fails when any "
    "other event is handled first.";
ROW(event_fifo_priority,
    .setup = setup_priority, .run = run_priority, .teardown = teardown_priority) = {
    .name = "event/fifo-priority",
    .work = "handle the urgent one of 64 events",
    .path = "FIFO ABI, priority 0 against 15",
    .help = "64 events pending, the last sent of highest priority: until its turn",
    .explanation = explanation_event_fifo_priority,
    .elsewhere = NO_EVENTS,
    .columns = "xen", .needs = DOMAIN_FIFO,
    .operations = 1, .samples = 100, .warmup = 4,
};
