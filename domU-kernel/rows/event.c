/* Event channels. */
#include "../drivers/device.h"
#include "../harness/row.h"
#include "../xen/events.h"
#include "event.h"

/* A channel from this domain to itself: send on one end, arrive at the other. */
static u32 local_port, remote_port;

COLD static const char *setup_loop(struct row_run *r)
{
    (void)r;
    remote_port = event_alloc_unbound(DOMID_SELF);
    local_port = event_bind_interdomain(DOMID_SELF, remote_port);
    return NULL;
}

COLD static void teardown_loop(struct row_run *r)
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

EXPLANATION(event_send_masked) =
    "Sends on an event channel that leads back to this domain, with the "
    "receiving port masked: Xen copies the argument, checks the port and sets "
    "the pending bit (do_event_channel_op, evtchn_send, "
    "evtchn_2l_set_pending), and no upcall follows.  The figure is the "
    "sender's part of any notification.  In PVH and HVM some 4,000 instructions of it are the copying "
    "of the argument, four bytes in the guest's memory: Xen walks the guest's page tables to find "
    "them (__hvm_copy, guest_walk_tables_4_levels), and looks up the frame of each table, and of the "
    "page, in the domain's own (p2m_get_page_from_gfn: five times, with this image's 2 MiB pages).  "
    "A hypercall whose arguments are all in registers is without that: hypercall/null; "
    "hypercall/argument-1g and its like have the argument on pages of other sizes.  Compare with "
    "event/roundtrip-idle, where the receiver runs.";
ROW(event_send_masked, .setup = setup_loop, .run = run_masked, .teardown = teardown_loop) = {
    .name = "event/send-masked",
    .work = "tell a dom0 process something, no answer",
    .path = "EVTCHNOP_send",
    .help = "send an event whose receiver has the port masked",
    .explanation = explanation_event_send_masked,
    .elsewhere = NO_EVENTS,
    .columns = "xen", .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_roundtrip(struct row_run *r)
{
    u32 port = device.echo_port;

    FOR_EACH_SAMPLE(r, i)
    {
        u32 seen = event_arrivals[port];

        sample_keep(r, i, TIMED((event_send(port), event_expect(port, seen))));
        if ( event_arrivals[port] != seen + 1 )
            r->failure = "one event was answered by more than one";
    }
}

EXPLANATION(event_roundtrip_idle) =
    "The guest sends an event to the backend process and blocks.  Xen wakes "
    "dom0's vCPU; dom0's kernel takes the upcall, /dev/xen/evtchn wakes the "
    "process from its read, which returns the port, and it sends an event back and unmasks; "
    "Xen wakes the guest, which takes an upcall.  No data moves: the figure is "
    "the cost of two wake-ups through both schedulers.  It has two values, some "
    "hundred instructions apart: if the timer that Xen's scheduler sets at "
    "each switch is the CPU's next to expire, Xen programs the LAPIC for it.  "
    "Compare with ring/echo-64b, which adds the ring, and with event/roundtrip-busy and "
    "ring/echo-64b-awake, where the process does not sleep.";
ROW(event_roundtrip_idle, .run = run_roundtrip) = {
    .name = "event/roundtrip-idle",
    .work = "ask a dom0 process and get its answer",
    .path = "event channel, both sides asleep",
    .help = "event to the backend process and back, both blocked",
    .explanation = explanation_event_roundtrip_idle,
    .elsewhere = NO_EVENTS,
    .columns = "xen", .needs = SERVICE_ECHO,
    .flags = ROW_HEADLINE | ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 8,
};

static u32 unbound;

COLD static const char *setup_unbound(struct row_run *r)
{
    (void)r;
    unbound = event_alloc_unbound(DOMID_SELF);
    return NULL;
}

COLD static void teardown_unbound(struct row_run *r)
{
    (void)r;
    event_close(unbound);
}

static void run_unbound(struct row_run *r)
{
    SAMPLES(r, event_send(unbound));
}

EXPLANATION(event_send_unbound) =
    "Sends on a port whose other end nobody has bound: Xen checks the port and does "
    "nothing.  The difference to event/send-masked is the setting of a pending bit.";
ROW(event_send_unbound,
    .setup = setup_unbound, .run = run_unbound, .teardown = teardown_unbound) = {
    .name = "event/send-unbound",
    .work = "tell a dom0 process something, no answer",
    .path = "EVTCHNOP_send, nobody bound",
    .help = "send on a port that nobody has bound to",
    .explanation = explanation_event_send_unbound,
    .elsewhere = NO_EVENTS,
    .columns = "xen", .operations = 1, .samples = 1000, .warmup = 16,
};

COLD static const char *setup_self(struct row_run *r)
{
    setup_loop(r);
    event_unmask(remote_port);
    return NULL;
}

static void run_self(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        u32 before = event_arrivals[remote_port];

        sample_keep(r, i, TIMED(event_send(local_port)));
        if ( event_arrivals[remote_port] != before + 1 )
            r->failure = "the event did not arrive at once";
    }
}

EXPLANATION(event_send_self) =
    "Sends on a channel that leads back to this vCPU, unmasked: Xen sets the pending bit "
    "and makes the guest take an upcall before the hypercall returns to its caller.  In PV Xen "
    "builds a frame on the guest's stack and the handler leaves by the iret hypercall; in PVH "
    "and HVM a vector is injected and IRET is native.  The difference to event/send-masked is "
    "the delivery.";
ROW(event_send_self, .setup = setup_self, .run = run_self, .teardown = teardown_loop) = {
    .name = "event/send-self",
    .work = "signal oneself",
    .path = "EVTCHNOP_send, upcall at once",
    .help = "send an event to oneself and take the upcall",
    .explanation = explanation_event_send_self,
    .elsewhere = NO_EVENTS,
    .columns = "xen", .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_unmask(struct row_run *r)
{
    SAMPLES(r, event_unmask(remote_port));
}

EXPLANATION(event_unmask) =
    "The unmask hypercall on a port without a pending event.  Linux uses it only "
    "when the port belongs to another vCPU; otherwise it clears the bit itself.";
ROW(event_unmask, .setup = setup_loop, .run = run_unmask, .teardown = teardown_loop) = {
    .name = "event/unmask",
    .work = "allow a port's events",
    .path = "EVTCHNOP_unmask",
    .help = "unmask a port by hypercall, nothing pending",
    .explanation = explanation_event_unmask,
    .elsewhere = NO_EVENTS,
    .columns = "xen", .operations = 1, .samples = 1000, .warmup = 16,
};
