/*
 * A hostile frontend of the netif protocol that xenometer's own backend must let go of: it
 * says why and closes the device.  Each row has a domain to itself (tests/lab/test_wire.c).
 */
#include "../../../domU-kernel/arch/memory.h"
#include "../../../domU-kernel/drivers/vif.h"
#include "../../../domU-kernel/harness/row.h"
#include "../../../domU-kernel/lib/string.h"
#include "../../../domU-kernel/xen/events.h"
#include "../../../domU-kernel/xen/shutdown.h"
#include "../../../domU-kernel/xen/xenstore.h"

#include <xenometer/frame.h>

#define TX_SLOT sizeof(union netif_tx_sring_entry)
#define NOBODYS_GRANT 500u

static struct vif v;

static const char *setup(struct row_run *r)
{
    (void)r;
    return vif_connect(&v, "device/vif/1");
}

static void await(XenbusState state)
{
    while ( xenbus_number(&v.bus, "state", XenbusStateUnknown) != state )
        xenstore_wait_watch();
}

static void ends(struct row_run *r)
{
    event_send(v.port);
    await(XenbusStateClosing);
    SAMPLES(r, );
}

/* Let go of the device, and come again with what `change` makes of it. */
static void again(struct row_run *r, void (*change)(void))
{
    xenbus_write_number(&v.bus, "state", XenbusStateClosed);
    await(XenbusStateClosed);
    change();
    xenbus_write_number(&v.bus, "state", XenbusStateInitialising);
    await(XenbusStateInitWait);
    xenbus_write_number(&v.bus, "state", XenbusStateConnected);
    ends(r);
}

#define BROKEN_ROW(id, row_name, what, right, function)                     \
    ROW(broken_net_##id, .setup = setup, .run = function) = {               \
        .name = "broken-net/" row_name, .work = "attack the backend",       \
        .path = "hostile netif frontend", .help = what, .explanation = right, \
        .elsewhere = "bare mode has no backend to attack",                  \
        .columns = "xen", .needs = DOMAIN_NETWORK,                        \
        .operations = 1, .samples = 1,                                      \
    }

static void run_tx_away(struct row_run *r)
{
    v.tx.shared->req_prod += 1000;
    ends(r);
}
BROKEN_ROW(tx_away, "f1-transmit", "req_prod runs away on the transmit ring",
           "success; says the domain's transmit ring has an impossible request index or chain", run_tx_away);

static void run_tx_back(struct row_run *r)
{
    v.tx.shared->req_prod -= 1;
    ends(r);
}
BROKEN_ROW(tx_back, "f2-transmit", "req_prod moves backwards on the transmit ring",
           "success; says the domain's transmit ring has an impossible request index or chain", run_tx_back);

/* It is looked at when there is something to receive, and the buffers seen are used up. */
static void run_rx_away(struct row_run *r)
{
    struct netif_tx_request request = { .gref = v.tx_ref[0], .size = NIC_SHORTEST };

    memset(v.nic.transmit, 0xff, 6);
    memcpy(v.nic.transmit + 6, v.nic.mac, 6);
    v.nic.transmit[12] = FRAME_ETHERTYPE >> 8;   /* or it would not come back */
    v.nic.transmit[13] = FRAME_ETHERTYPE & 0xff;
    v.rx.shared->req_prod += 1000;
    for ( u32 i = 0; i < NIC_BUFFERS + 1; i++ )
        ring_front_put(&v.tx, &request, TX_SLOT);
    ring_front_push(&v.tx);
    ends(r);
}
BROKEN_ROW(rx_away, "f1-receive", "req_prod runs away on the receive ring",
           "success; says the domain's receive ring has an impossible request index", run_rx_away);

static void wrong_indices(void)
{
    v.tx.shared->req_prod = v.tx.shared->rsp_prod + v.tx.count + 1;
}
static void run_connect(struct row_run *r) { again(r, wrong_indices); }
BROKEN_ROW(connect, "f3-indices", "indices that are wrong when it connects",
           "success; says cannot use the rings: they have more requests than slots", run_connect);

static void wrong_ring(void)
{
    xenbus_write_number(&v.bus, "rx-ring-ref", NOBODYS_GRANT);
}
static void run_ring(struct row_run *r) { again(r, wrong_ring); }
BROKEN_ROW(ring, "f8-ring", "a ring that is no grant",
           "success; says cannot map the rings (Invalid argument)", run_ring);

static void wrong_key(void)
{
    xenbus_write(&v.bus, "tx-ring-ref", "-8\033[31m");
}
static void run_key(struct row_run *r) { again(r, wrong_key); }
BROKEN_ROW(key, "f32-key", "a key that is no number",
           "success; says /tx-ring-ref is \"-8?[31m\", and should be a number from 1 to 4294967295", run_key);

static void no_copy(void)
{
    xenbus_write_number(&v.bus, "request-rx-copy", 0);
}
static void run_no_copy(struct row_run *r) { again(r, no_copy); }
BROKEN_ROW(no_copy, "f33-no-copy", "wants its pages flipped, which is not offered",
           "success; says /request-rx-copy is \"0\", and should be a number from 1 to 1", run_no_copy);

static void wrong_port(void)
{
    xenbus_write_number(&v.bus, "event-channel", 1000);
}
static void run_port(struct row_run *r) { again(r, wrong_port); }
BROKEN_ROW(port, "f35-port", "an event channel that is none",
           "success; says cannot bind the event channel (Invalid argument)", run_port);

static void run_state(struct row_run *r)
{
    xenbus_write(&v.bus, "state", "4x");
    ends(r);
}
BROKEN_ROW(state, "f30-state", "a state that is no number",
           "success; says the domain's network interface has no valid state", run_state);

/* The domain goes with all its buffers under way. */
static void run_dies(struct row_run *r)
{
    struct netif_tx_request request = { .gref = v.tx_ref[0], .size = NIC_SHORTEST };

    (void)r;
    for ( u32 i = 0; i < v.tx.count; i++ )
        ring_front_put(&v.tx, &request, TX_SLOT);
    ring_front_push(&v.tx);
    event_send(v.port);
    shutdown_poweroff();
}
BROKEN_ROW(dies, "f37-dies", "the domain ends with requests under way",
           "error", run_dies);
