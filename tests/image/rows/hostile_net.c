/*
 * A hostile frontend of the netif protocol against xenometer's own backend; as
 * hostile.c.  Each row but the last ends with a frame that goes there and back.
 */
#include "../../../domU-kernel/arch/memory.h"
#include "../../../domU-kernel/drivers/vif.h"
#include "../../../domU-kernel/harness/row.h"
#include "../../../domU-kernel/lib/string.h"
#include "../../../domU-kernel/xen/events.h"
#include "../../../domU-kernel/xen/hypercall.h"
#include "../../../domU-kernel/xen/xenstore.h"

#include <xen/sched.h>
#include <xenometer/frame.h>

#define TX_SLOT sizeof(union netif_tx_sring_entry)
#define RX_SLOT sizeof(union netif_rx_sring_entry)
#define NOBODYS_GRANT 500u   /* of 512, and never given */

static struct vif v;

static const char *setup(struct row_run *r)
{
    static bool tried;
    u8 *frame;

    (void)r;
    if ( !tried )
        v.nic.trouble = vif_connect(&v, "device/vif/1");
    tried = true;
    /* In the first buffer, whose number is 0, a frame to everybody. */
    frame = v.nic.transmit;
    if ( !v.nic.trouble )
    {
        memset(frame, 0xff, 6);
        memcpy(frame + 6, v.nic.mac, 6);
        frame[12] = FRAME_ETHERTYPE >> 8;
        frame[13] = FRAME_ETHERTYPE & 0xff;
    }
    return v.nic.trouble;
}

static void put(u16 id, u32 gref, u16 offset, u16 size, u16 flags)
{
    struct netif_tx_request request = {
        .gref = gref, .offset = offset, .flags = flags, .id = id, .size = size,
    };

    ring_front_put(&v.tx, &request, TX_SLOT);
}

/* An answer to a transmit request: its status, or a number that is none. */
static int answer(u32 *id)
{
    struct netif_tx_response response;

    for ( ;; )
    {
        u32 seen = event_arrivals[v.port];
        enum ring_result t = ring_front_take_part(&v.tx, &response, sizeof(response), TX_SLOT);

        if ( t == RING_BROKEN )
            return 1000;
        if ( t == RING_TAKEN )
            break;
        if ( ring_front_final_check(&v.tx, 1) == RING_EMPTY )
            event_wait(v.port, seen);
    }
    *id = response.id;
    return response.status;
}

static void expect(struct row_run *r, u32 id, int status)
{
    u32 got;

    if ( answer(&got) != status || (status != NETIF_RSP_NULL && got != id) )
        r->failure = "the backend answers a request otherwise than expected";
}

/* Take a frame that came back, `count` of them; gives their buffers back. */
static void expect_frames(struct row_run *r, u32 count)
{
    u32 length;

    while ( count && !r->failure )
    {
        u8 *frame = v.nic.ops->take(&v.nic, &length);

        if ( v.nic.trouble )
            r->failure = v.nic.trouble;
        else if ( !frame )
            v.nic.ops->wait(&v.nic, 1);
        else if ( memcmp(frame, v.nic.mac, 6) || length != NIC_SHORTEST )
            r->failure = "another frame came back than was sent";
        else
        {
            v.nic.ops->give(&v.nic);
            count--;
        }
    }
}

/* The backend still serves us: one frame there and back. */
static void survive(struct row_run *r)
{
    SAMPLES(r, );
    if ( r->failure )
        return;
    put(7, v.tx_ref[0], 0, NIC_SHORTEST, 0);
    v.nic.ops->push(&v.nic, 1);
    expect(r, 7, NETIF_RSP_OKAY);
    expect_frames(r, 1);
}

#define HOSTILE_NET_ROW(identifier, row_name, what, right, function)        \
    ROW(hostile_net_##identifier, .setup = setup, .run = function) = {      \
        .name = "hostile/" row_name, .work = "attack the backend",          \
        .path = "hostile netif frontend", .help = what, .explanation = right, \
        .elsewhere = "bare mode has no backend to attack",                  \
        .columns = "xen", .needs = DOMAIN_NETWORK,                        \
        .operations = 1, .samples = 1,                                      \
    }

static void run_requests(struct row_run *r)
{
    static const struct { u32 gref; u16 offset, size; } bad[] = {
        { 0, 0, 0 }, { 0, 0, 13 }, { 0, 0, 4097 }, { 0, 0, 65535 }, { 0, 4037, 60 },
        { 0, 65535, 60 }, { NOBODYS_GRANT, 0, 60 }, { ~0u, 0, 60 }, { 3, 0, 60 },
    };

    for ( u16 i = 0; i < ARRAY_SIZE(bad); i++ )
        put((u16)(0xff00 + i), bad[i].gref ? bad[i].gref : v.tx_ref[0], bad[i].offset,
            bad[i].size, 0);
    v.nic.ops->push(&v.nic, 1);
    for ( u32 i = 0; i < ARRAY_SIZE(bad); i++ )
        expect(r, 0xff00 + i, NETIF_RSP_ERROR);
    survive(r);
}
HOSTILE_NET_ROW(requests, "net-f8-f15-f16-requests", "requests with impossible grants, offsets and sizes",
                "success", run_requests);

static void run_batch(struct row_run *r)
{
    for ( u16 i = 0; i < 9; i++ )
        put(i, i % 3 == 1 ? NOBODYS_GRANT : v.tx_ref[0], 0, NIC_SHORTEST, 0);
    v.nic.ops->push(&v.nic, 1);
    for ( u32 i = 0; i < 9; i++ )
        expect(r, i, i % 3 == 1 ? NETIF_RSP_ERROR : NETIF_RSP_OKAY);
    expect_frames(r, 6);
    survive(r);
}
HOSTILE_NET_ROW(batch, "net-f9-batch", "a batch with bad grants in it",
                "success", run_batch);

/* Offloads that were not offered; the information is no request and has no answer. */
static void run_extras(struct row_run *r)
{
    u8 slot[TX_SLOT] = { XEN_NETIF_EXTRA_TYPE_GSO };

    put(1, v.tx_ref[0], 0, NIC_SHORTEST, NETTXF_extra_info);
    ring_front_put(&v.tx, slot, TX_SLOT);
    v.nic.ops->push(&v.nic, 1);
    expect(r, 1, NETIF_RSP_ERROR);
    expect(r, 0, NETIF_RSP_NULL);
    survive(r);
}
HOSTILE_NET_ROW(extras, "net-f21-extras", "a frame with an offload nobody offered",
                "success", run_extras);

/* A receive buffer the backend cannot write: read-only, and one that is no grant. */
static void run_receive(struct row_run *r)
{
    /* The honest ones are used up first. */
    for ( u32 i = 0; i < NIC_BUFFERS; i++ )
        put(0, v.tx_ref[0], 0, NIC_SHORTEST, 0);
    v.nic.ops->push(&v.nic, 1);
    for ( u32 i = 0; i < NIC_BUFFERS; i++ )
        expect(r, 0, NETIF_RSP_OKAY);
    for ( u32 i = 0; i < 2; i++ )
    {
        struct netif_rx_request request = { .id = (u16)i, .gref = i ? v.tx_ref[0] : NOBODYS_GRANT };

        ring_front_put(&v.rx, &request, RX_SLOT);
        put((u16)i, v.tx_ref[0], 0, NIC_SHORTEST, 0);
    }
    v.nic.ops->push(&v.nic, 1);
    for ( u32 i = 0; i < 2; i++ )
        expect(r, i, NETIF_RSP_OKAY);
    expect_frames(r, NIC_BUFFERS);
    for ( u32 i = 0; i < 2 && !r->failure; i++ )
    {
        struct netif_rx_response response;

        if ( ring_front_take_part(&v.rx, &response, sizeof(response), RX_SLOT) != RING_TAKEN ||
             response.id != i || response.status != NETIF_RSP_ERROR )
            r->failure = "a frame into a buffer that is none is no error";
    }
    survive(r);
}
HOSTILE_NET_ROW(receive, "net-f8-f13-receive", "receive buffers that cannot be written",
                "success", run_receive);

/* No buffers for what comes back: lost, as on a wire, and nothing piles up. */
static void run_unread(struct row_run *r)
{
    for ( u32 round = 0; round < 20 && !r->failure; round++ )
    {
        for ( u32 i = 0; i < NIC_BUFFERS; i++ )
            put(1, v.tx_ref[0], 0, NIC_SHORTEST, 0);
        v.nic.ops->push(&v.nic, 1);
        for ( u32 i = 0; i < NIC_BUFFERS; i++ )
            expect(r, 1, NETIF_RSP_OKAY);
    }
    expect_frames(r, NIC_BUFFERS);
    survive(r);
}
HOSTILE_NET_ROW(unread, "net-f27-unread", "frames whose answers nobody takes",
                "success", run_unread);

static void run_storm(struct row_run *r)
{
    for ( u32 i = 0; i < 6000; i++ )
        event_send(v.port);
    survive(r);
}
HOSTILE_NET_ROW(storm, "net-f25-storm", "events for nothing",
                "success", run_storm);

/* What the backend publishes it keeps itself: that it is written over changes nothing. */
#define SCRIBBLE 0x12345678u

static void run_scribbles(struct row_run *r)
{
    volatile u32 *published = &v.tx.shared->rsp_prod;

    put(1, v.tx_ref[0], 0, NIC_SHORTEST, 0);
    v.tx.shared->rsp_prod = v.rx.shared->rsp_prod = SCRIBBLE;
    v.tx.shared->req_event = v.rx.shared->req_event = ~SCRIBBLE;
    ring_front_push(&v.tx);
    event_send(v.port);
    /* Both rings' are written anew, the transmit ring's last; we may not look before. */
    while ( *published == SCRIBBLE )
        hypercall_sched_op(SCHEDOP_yield, NULL);
    expect(r, 1, NETIF_RSP_OKAY);
    expect_frames(r, 1);
    survive(r);
}
HOSTILE_NET_ROW(scribbles, "net-f5-scribbles", "writes over the backend's indices",
                "success", run_scribbles);

static void run_spam(struct row_run *r)
{
    for ( u32 i = 0; i < 100; i++ )
        xenbus_write_number(&v.bus, "state", XenbusStateConnected);
    survive(r);
}
HOSTILE_NET_ROW(spam, "net-f29-f31-state-spam", "writes its state over and over",
                "success", run_spam);

static void run_keys(struct row_run *r)
{
    u64 ref;

    if ( xenstore_read_number("device/vif/1/tx-ring-ref", &ref) )
        r->failure = "a key of ours is gone";
    xenbus_write(&v.bus, "tx-ring-ref", "-1");
    xenbus_write(&v.bus, "feature-sg", "many");
    survive(r);
    xenbus_write_number(&v.bus, "tx-ring-ref", ref);
    xenbus_write_number(&v.bus, "feature-sg", 0);
}
HOSTILE_NET_ROW(keys, "net-f36-keys-change", "changes its keys after connecting",
                "success", run_keys);

static void change(XenbusState ours, XenbusState theirs)
{
    xenbus_write_number(&v.bus, "state", ours);
    while ( xenbus_number(&v.bus, "state", XenbusStateUnknown) != theirs )
        xenstore_wait_watch();
}

/* Nothing of what a connection took is left: test_wire.c gives the backend 64 descriptors. */
#define RECONNECTS 60

static void reconnect(struct row_run *r, u32 times)
{
    for ( u32 i = 0; i < times; i++ )
    {
        change(XenbusStateClosed, XenbusStateClosed);
        change(XenbusStateInitialising, XenbusStateInitWait);
        change(XenbusStateConnected, XenbusStateConnected);
    }
    survive(r);
}

static void run_reconnects(struct row_run *r) { reconnect(r, RECONNECTS); }
HOSTILE_NET_ROW(reconnects, "net-f38-reconnects", "disconnects and connects 60 times",
                "success", run_reconnects);

static void run_many_reconnects(struct row_run *r) { reconnect(r, 1000); }
HOSTILE_NET_ROW(many_reconnects, "long-net-f38-reconnects", "disconnects and connects 1,000 times",
                "success", run_many_reconnects);

/* A chain that goes on behind the last request: the backend lets go of us. */
static void run_chain(struct row_run *r)
{
    put(1, v.tx_ref[0], 0, 1000, NETTXF_more_data);
    v.nic.ops->push(&v.nic, 1);
    SAMPLES(r, );
    if ( xenbus_wait(&v.bus, XenbusStateClosed) )
        r->failure = "the backend closed without saying why";
    else if ( xenbus_number(&v.bus, "state", 0) != XenbusStateClosing )
        r->failure = "the backend goes on with a chain that has no end";
}
HOSTILE_NET_ROW(chain, "net-f19-unfinished-chain", "a chain of requests without its end",
                "success; says transmit ring has an impossible request index or chain", run_chain);
