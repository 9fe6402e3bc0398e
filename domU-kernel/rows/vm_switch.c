/* From one domain to another on the same physical CPU. */
#include "../harness/row.h"
#include "../xen/events.h"

#include <xen/errno.h>

static u32 port, seen;

COLD static const char *setup(struct row_run *r)
{
    const struct control_response *c = r->command;

    if ( c->half == PEER_NONE )
        return "needs a second domain: only `xenometer run` starts one";
    port = c->peer_port;
    if ( c->half == PEER_SECOND &&
         event_try_bind_interdomain(c->peer_domain, c->peer_port, &port) == -XEN_EPERM )
        return "XSM's silo, ARM's default, keeps domains apart: xsm=dummy for Xen";
    if ( port == 0 || port >= EVENT_PORTS )
        return "the backend named an impossible port";
    /* Xen marks a port as pending when it is bound, in case something was lost. */
    if ( c->half == PEER_SECOND )
        event_clear(port);
    seen = event_arrivals[port];
    event_unmask(port);
    if ( c->half == PEER_SECOND )
        event_send(port);   /* I am there */
    return NULL;
}

COLD static void teardown(struct row_run *r)
{
    (void)r;
    event_close(port);
}

static void run(struct row_run *r)
{
    bool first = r->command->half == PEER_FIRST;

    if ( first )
        seen = event_expect(port, seen);
    FOR_EACH_SAMPLE(r, i)
    {
        u32 before = seen;

        if ( first )
            sample_keep(r, i, TIMED((event_send(port), seen = event_expect(port, before))));
        else
            sample_keep(r, i, TIMED((seen = event_expect(port, before), event_send(port))));
        if ( seen != before + 1 )
            r->failure = "one event was answered by more than one";
    }
}

EXPLANATION(sched_vm_switch) =
    "Two domains of this image share a physical CPU.  The first sends an event to the second and "
    "blocks; Xen saves its state, loads the other's, delivers the upcall; the second does "
    "the same back.  A sample is there and back, the figure half of it.  dom0 has no part in "
    "it.  Compare with sched/yield, where the scheduler finds nobody else, and with "
    "event/roundtrip-idle, where the other is a process in dom0.";
ROW(sched_vm_switch, .setup = setup, .run = run, .teardown = teardown) = {
    .name = "sched/vm-switch",
    .work = "switch to another domain",
    .path = "event channel between two domains on one CPU",
    .help = "send to another domain, block, and be woken by it; per switch",
    .explanation = explanation_sched_vm_switch,
    .elsewhere = "bare mode has no other domain",
    .columns = "xen", .needs = DOMAIN_PEER, .flags = ROW_BLOCKS,
    .operations = 2, .samples = 500, .warmup = 16,
};
