/*
 * FIFO event channels put to work, and misused; the backend's event services
 * misused.  Linked only into build/xenometer-test.elf; tests/lab/test_events.c
 * says what must come of each.
 */
#include "events.h"
#include "../../../domU-kernel/drivers/data.h"
#include "../../../domU-kernel/lib/string.h"
#include "../../../domU-kernel/xen/events_fifo.h"
#include "../../../domU-kernel/xen/shutdown.h"
#include "../../../domU-kernel/xen/xenstore.h"

static bool ask(u32 operation, u32 parameter, u64 *value)
{
    struct data_request q = { .id = 3, .operation = (u16)operation, .gref = parameter };
    struct data_response p;

    if ( !data_exchange(&q, &p) || p.status != DATA_OKAY )
        return false;
    *value = p.value;
    return true;
}

/* Every byte goes to dom0 and back right; both ends of the control path too. */
static void serve(struct row_run *r)
{
    char state[16];

    for ( u32 i = 0; i < 100 && !r->failure; i++ )
    {
        struct data_request q = { .id = i, .operation = DATA_ECHO, .length = DATA_PAYLOAD };
        struct data_response p;

        for ( u32 j = 0; j < DATA_PAYLOAD; j++ )
            q.payload[j] = (u8)(i * 7 + j);
        if ( !data_exchange(&q, &p) || p.status != DATA_OKAY )
            r->failure = "the backend did not answer the echo";
        else if ( memcmp(q.payload, p.payload, DATA_PAYLOAD) )
            r->failure = "the echo came back changed";
    }
    /* XenStore's port is older than the FIFO ABI's words. */
    if ( xenstore_read("device/xenometer/0/state", state, sizeof(state)) )
        r->failure = "XenStore does not answer";
    SAMPLES(r, );
}

static void run_service(struct row_run *r)
{
    if ( !event_words )
        r->failure = "this is no FIFO domain";
    serve(r);
}
TEST_ROW(service, "fifo-service", DOMAIN_FIFO, "echoes and XenStore with FIFO channels", run_service);

/* Events sent while the port is masked, or closed with one pending, or opened
 * again: none may be lost, counted twice or come through. */
static void run_mask(struct row_run *r)
{
    for ( u32 i = 0; i < 50 && !r->failure; i++ )
    {
        u32 port = event_try_bind_ipi(0), seen = event_arrivals[port];

        event_send(port);
        event_send(port);
        if ( event_arrivals[port] != seen )
            r->failure = "a masked port raised an upcall";
        event_unmask(port);
        if ( event_arrivals[port] != seen + 1 )
            r->failure = "unmasking did not deliver what was pending, once";
        event_mask(port);
        event_send(port);
        events_hold();
        event_unmask(port);   /* linked, but not taken */
        event_mask(port);
        events_release();
        if ( event_arrivals[port] != seen + 1 )
            r->failure = "an event came through a mask set in time";
        if ( !event_pending(port) )
            r->failure = "the mask lost an event";
        event_close(port);
    }
    serve(r);
}
TEST_ROW(mask_fifo, "fifo-mask", DOMAIN_FIFO, "masked, unmasked and closed: FIFO", run_mask);

static void run_mask_2l(struct row_run *r)
{
    if ( event_words )
        r->failure = "this is a FIFO domain";
    run_mask(r);
}
TEST_ROW(mask_2l, "mask", 0, "masked, unmasked and closed: two levels", run_mask_2l);

#define STORM 20000u

static void run_storm(struct row_run *r)
{
    for ( u32 i = 0; i < STORM; i++ )
    {
        event_send(device.data_port);
        event_send(device.control_port);
    }
    serve(r);
}
TEST_ROW(storm, "f25-fifo-storm", DOMAIN_FIFO, "events without work from a FIFO domain", run_storm);

/* The guest owns its event array: with garbage in it only its own events may
 * be lost, and Xen goes on. */
static void run_scribble(struct row_run *r)
{
    u32 port = event_try_bind_ipi(0);

    events_hold();
    for ( u32 i = 1; i < EVENT_PORTS; i++ )
        event_words[i] = 1u << EVTCHN_FIFO_LINKED | i;   /* behind itself */
    for ( u32 i = 0; i < 100; i++ )
    {
        event_set_priority(port, i % 16);
        event_send(port);
        event_send(device.data_port);
    }
    events_release();
    serve(r);
}
TEST_ROW(scribble, "fifo-scribbles", DOMAIN_FIFO, "garbage in the event array", run_scribble);

static void run_ports(struct row_run *r)
{
    const u32 bad[] = {
        device.data_port, device.echo_port, device.control_port, 4000, 0xffffffff,
    };
    u32 good = event_alloc_unbound(device.backend);
    u64 value = 1;

    for ( u32 i = 0; i < 50 && !r->failure; i++ )
    {
        if ( ask(DATA_EVENTS, bad[i % ARRAY_SIZE(bad)], &value) )
            r->failure = "the backend took a port that is none, or in use";
        if ( !ask(DATA_EVENTS, good, &value) || value )
            r->failure = "a good port was not counted, or not from 0";
        for ( u32 sent = 1; value == 0 && !r->failure; sent++ )
        {
            /* On two CPUs the question may overtake the event, and the first one
             * be one with Xen's own. */
            event_send(good);
            if ( !ask(DATA_EVENTS, good, &value) || value > sent || sent == 100 )
                r->failure = "events were not counted, or more than there were";
        }
        event_close(good);   /* under the backend, too */
        good = event_alloc_unbound(device.backend);
    }
    ask(DATA_EVENTS, 0, &value);
    event_close(good);
    serve(r);
}
TEST_ROW(ports, "f35-ports", 0, "ports that cannot be counted, and some that go", run_ports);

static void run_awake(struct row_run *r)
{
    u64 value;

    /* Left alone: awake without an event until it gives up. */
    if ( !ask(DATA_AWAKE, 1, &value) )
        r->failure = "the backend does not stay awake";
    for ( u32 i = 0; i < 1000; i++ )
        hypercall_xen_version(0, NULL);
    serve(r);
}
TEST_ROW(awake, "f28-awake", 0, "has the backend stay awake and is silent", run_awake);

static void run_die(struct row_run *r)
{
    u64 value;

    (void)r;
    ask(DATA_AWAKE, 1, &value);
    shutdown_poweroff();
}
TEST_ROW(die, "f37-dies-awake", 0, "ends while the backend stays awake for it", run_die);

static void run_last(struct row_run *r)
{
    serve(r);
}
TEST_ROW(last, "service", 0, "echoes and XenStore after all that", run_last);
