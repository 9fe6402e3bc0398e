/* Event channels. */
#include "../drivers/device.h"
#include "../harness/row.h"
#include "../xen/events.h"

#define NO_EVENTS "bare mode has no event channels"

/* A channel from this domain to itself: send on one end, arrive at the other. */
static u32 local_port, remote_port;

static const char *setup_loop(struct row_run *r)
{
    (void)r;
    remote_port = event_alloc_unbound(DOMID_SELF);
    local_port = event_bind_interdomain(DOMID_SELF, remote_port);
    return NULL;
}

static void teardown_loop(struct row_run *r)
{
    (void)r;
    event_close(local_port);
    event_close(remote_port);
}

static void run_masked(struct row_run *r)
{
    u32 before = event_arrivals[remote_port];

    FOR_EACH_SAMPLE(r, i)
    {
        event_clear(remote_port);
        sample_keep(r, i, TIMED(event_send(local_port)));
    }
    if ( !event_pending(remote_port) )
        r->failure = "the masked port did not become pending";
    else if ( event_arrivals[remote_port] != before )
        r->failure = "a masked port raised an upcall";
}

ROW(event_send_masked) = {
    .name = "event/send-masked",
    .work = "tell a dom0 process something, no answer",
    .path = "EVTCHNOP_send",
    .help = "send an event whose receiver has the port masked",
    .explanation =
        "Sends on an event channel that leads back to this domain, with the "
        "receiving port masked: Xen copies the argument, checks the port and sets "
        "the pending bit (do_event_channel_op, evtchn_send, "
        "evtchn_2l_set_pending), and no upcall follows.  The figure is the "
        "sender's part of any notification.  Compare with event/roundtrip-idle, "
        "where the receiver runs.",
    .elsewhere = NO_EVENTS,
    .modes = MODES_XEN, .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
    .setup = setup_loop, .run = run_masked, .teardown = teardown_loop,
};

static void run_roundtrip(struct row_run *r)
{
    u32 port = device.echo_port;

    FOR_EACH_SAMPLE(r, i)
    {
        u32 seen = event_arrivals[port];

        sample_keep(r, i, TIMED((event_send(port), event_wait(port, seen))));
        if ( event_arrivals[port] != seen + 1 )
            r->failure = "one event was answered by more than one";
    }
}

ROW(event_roundtrip_idle) = {
    .name = "event/roundtrip-idle",
    .work = "ask a dom0 process and get its answer",
    .path = "event channel, both sides asleep",
    .help = "event to the backend process and back, both blocked",
    .explanation =
        "The guest sends an event to the backend process and blocks.  Xen wakes "
        "dom0's vCPU; dom0's kernel takes the upcall, /dev/xen/evtchn wakes the "
        "process from poll(), it reads the port, sends an event back and unmasks; "
        "Xen wakes the guest, which takes an upcall.  No data moves: the figure is "
        "the cost of two wake-ups through both schedulers.  Compare with "
        "ring/echo-64b, which adds the ring.",
    .elsewhere = NO_EVENTS,
    .modes = MODES_XEN, .needs = SERVICE_ECHO,
    .flags = ROW_HEADLINE | ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 8,
    .run = run_roundtrip,
};
