/* Giving up the CPU and coming back. */
#include "../harness/row.h"
#include "../xen/events.h"
#include "../xen/hypercall.h"

#include <xen/sched.h>

static void run_yield(struct row_run *r)
{
    SAMPLES(r, hypercall_sched_op(SCHEDOP_yield, NULL));
}

EXPLANATION(sched_yield) =
    "The guest asks Xen's scheduler to run somebody else (do_sched_op, "
    "vcpu_yield, schedule).  When no other vCPU is runnable on this physical "
    "CPU the scheduler picks the same one again, and the figure is the "
    "scheduler's decision alone; when dom0 shares the CPU and has work, the "
    "tail shows its turns.  In PVH and HVM the figure stays at one of two levels some 550 "
    "instructions apart for hundreds of samples: each yield sets the scheduler's timer anew, and "
    "where that comes to stand before all others of the CPU, Xen's timers have a turn "
    "(timer_softirq_action) and what is looked at before a VM entry is looked at twice.";
ROW(sched_yield, .run = run_yield) = {
    .name = "sched/yield",
    .work = "give up the CPU and come back",
    .path = "SCHEDOP_yield",
    .help = "yield the vCPU; Xen's scheduler picks who runs next",
    .explanation = explanation_sched_yield,
    .elsewhere = "bare mode has no scheduler below it",
    .columns = "xen", .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
};

#define NO_SCHEDULER "bare mode has no scheduler below it"

static u32 poll_local, poll_remote;

COLD static const char *setup_poll(struct row_run *r)
{
    (void)r;
    poll_remote = event_alloc_unbound(DOMID_SELF);
    poll_local = event_bind_interdomain(DOMID_SELF, poll_remote);
    event_send(poll_local);   /* masked, so it stays pending */
    return NULL;
}

COLD static void teardown_poll(struct row_run *r)
{
    (void)r;
    event_close(poll_local);
    event_close(poll_remote);
}

static void run_poll(struct row_run *r)
{
    evtchn_port_t port = poll_remote;
    struct sched_poll op = { .nr_ports = 1 };

    set_xen_guest_handle(op.ports, &port);
    SAMPLES(r, hypercall_sched_op(SCHEDOP_poll, &op));
}

EXPLANATION(sched_poll) =
    "SCHEDOP_poll waits for one of several ports without taking an upcall; the port is pending "
    "already, so it returns at once, and the figure is the hypercall and its check.";
ROW(sched_poll, .setup = setup_poll, .run = run_poll, .teardown = teardown_poll) = {
    .name = "sched/poll",
    .work = "look for an event",
    .path = "SCHEDOP_poll",
    .help = "poll one port that is pending already",
    .explanation = explanation_sched_poll,
    .elsewhere = NO_SCHEDULER,
    .columns = "xen", .operations = 1, .samples = 1000, .warmup = 16,
};
