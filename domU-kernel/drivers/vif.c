#include "vif.h"
#include "device.h"
#include "../arch/memory.h"
#include "../lib/format.h"
#include "../xen/events.h"
#include "../xen/xenstore.h"

#define TX_SLOT sizeof(union netif_tx_sring_entry)
#define RX_SLOT sizeof(union netif_rx_sring_entry)
#define ETHERNET_HEADER 14   /* bytes: IEEE 802.3, 3.1.1; who looks at a frame looks at that */
_Static_assert(TX_SLOT == 12 && RX_SLOT == 8, "netif ring slots");
_Static_assert(NIC_BUFFERS < 64 && NIC_FRAME <= NIC_BUFFER, "buffers have a bit each");

static struct vif *vif_of(struct nic *n)
{
    return (struct vif *)n;   /* its first member */
}

static void broken(struct vif *v, const char *why)
{
    if ( !v->nic.trouble )
        v->nic.trouble = why;
}

/* ---- transmit ---- */

/* Take what the backend is done with. */
static void reap(struct vif *v)
{
    struct netif_tx_response response;
    enum ring_result r;

    while ( (r = ring_front_take_part(&v->tx, &response, sizeof(response), TX_SLOT)) == RING_TAKEN )
    {
        if ( response.id >= NIC_BUFFERS || !(v->sent & 1ul << response.id) )
            return broken(v, "the backend answered a transmit request that nobody made");
        v->sent &= ~(1ul << response.id);
        v->free[v->frees++] = response.id;
        if ( response.status != NETIF_RSP_OKAY )
            broken(v, "the backend did not send a frame");
    }
    if ( r == RING_BROKEN )
        broken(v, "the backend broke the transmit ring");
}

static u8 *vif_buffer(struct nic *n)
{
    struct vif *v = vif_of(n);

    if ( !v->frees )
        reap(v);
    v->starved = !v->frees;
    return v->starved ? NULL : n->transmit + v->free[v->frees - 1] * NIC_BUFFER;
}

static void vif_put(struct nic *n, u32 length)
{
    struct vif *v = vif_of(n);
    u32 id = v->free[--v->frees];
    struct netif_tx_request request = {
        .gref = v->tx_ref[id / 2], .offset = (u16)(id % 2 * NIC_BUFFER), .id = (u16)id,
        .size = (u16)length,
    };

    v->sent |= 1ul << id;
    ring_front_put(&v->tx, &request, TX_SLOT);   /* has more slots than there are buffers */
}

static void vif_push(struct nic *n, u32 after)
{
    struct vif *v = vif_of(n);

    ring_front_final_check(&v->rx, after);   /* what there is, take() finds */

    /* Both, whatever the first says: one event is for both rings. */
    if ( ring_front_push(&v->rx) | ring_front_push(&v->tx) )
    {
        device.notifications++;
        event_send(v->port);
    }
}

/* ---- receive ---- */

static void post(struct vif *v, u32 id)
{
    struct netif_rx_request request = { .id = (u16)id, .gref = v->rx_ref[id] };

    v->posted |= 1ul << id;
    ring_front_put(&v->rx, &request, RX_SLOT);
}

static u8 *vif_take(struct nic *n, u32 *length)
{
    struct vif *v = vif_of(n);
    struct netif_rx_response response;
    enum ring_result r;

    if ( n->trouble )
        return NULL;
    r = ring_front_take_part(&v->rx, &response, sizeof(response), RX_SLOT);
    if ( r == RING_TAKEN )
    {
        if ( response.id >= NIC_BUFFERS || !(v->posted & 1ul << response.id) )
            broken(v, "the backend filled a buffer that it did not have");
        else if ( response.flags & (NETRXF_more_data | NETRXF_extra_info) )
            broken(v, "the backend sent a frame in pieces, which was not offered");
        else if ( response.status <= 0 )
            broken(v, "the backend could not copy a frame into its buffer");
        else if ( response.status < ETHERNET_HEADER )
            broken(v, "the backend sent less than a frame's header");
        else if ( response.offset + (u32)response.status > PAGE_SIZE )
            broken(v, "the backend says a frame leaves its page");
        else
        {
            v->posted &= ~(1ul << response.id);
            v->taken = response.id;
            *length = (u32)response.status;
            return v->receive + response.id * PAGE_SIZE + response.offset;
        }
    }
    else if ( r == RING_BROKEN )
        broken(v, "the backend broke the receive ring");
    return NULL;
}

static void vif_give(struct nic *n)
{
    struct vif *v = vif_of(n);

    post(v, v->taken);
}

static void vif_wait(struct nic *n, u32 after)
{
    struct vif *v = vif_of(n);

    for ( ;; )
    {
        /* Count before check, as in data_wait(). */
        u32 seen = event_arrivals[v->port];
        const char *trouble;

        if ( ring_front_final_check(&v->rx, after) != RING_EMPTY )
            return;
        /* Otherwise nobody asks to hear of frames sent: the buffers are taken
         * back when they are needed. */
        if ( v->starved && ring_front_final_check(&v->tx, 1) != RING_EMPTY )
            return;
        trouble = event_sleep(v->port, seen) ? NULL : xenbus_hopeless(&v->bus);
        if ( trouble )
            return broken(v, trouble);
    }
}

static const struct nic_operations operations = {
    .buffer = vif_buffer, .put = vif_put, .push = vif_push,
    .take = vif_take, .give = vif_give, .wait = vif_wait,
};

/* ---- connect ---- */

COLD static bool parse_mac(const char *text, u8 mac[6])
{
    for ( u32 i = 0; i < 6; i++ )
    {
        u32 byte = 0;

        for ( u32 j = 0; j < 2; j++, text++ )
            if ( *text >= '0' && *text <= '9' )
                byte = byte << 4 | (u32)(*text - '0');
            else if ( (*text | 0x20) >= 'a' && (*text | 0x20) <= 'f' )
                byte = byte << 4 | (u32)((*text | 0x20) - 'a' + 10);
            else
                return false;
        if ( *text++ != (i < 5 ? ':' : '\0') )
            return false;
        mac[i] = (u8)byte;
    }
    return true;
}

COLD static void share(struct vif *v)
{
    u32 domain = v->bus.backend_id;
    u8 *tx = pages_alloc(1), *rx = pages_alloc(1);

    v->nic.transmit = pages_alloc(NIC_BUFFERS / 2);
    v->receive = pages_alloc(NIC_BUFFERS);
    ring_front_init(&v->tx, (struct ring_shared *)tx, ring_slot_count(PAGE_SIZE, TX_SLOT));
    ring_front_init(&v->rx, (struct ring_shared *)rx, ring_slot_count(PAGE_SIZE, RX_SLOT));
    for ( u32 i = 0; i < NIC_BUFFERS / 2; i++ )
        v->tx_ref[i] = grant_page(domain, v->nic.transmit + i * PAGE_SIZE, true);
    for ( u32 i = 0; i < NIC_BUFFERS; i++ )
    {
        v->free[v->frees++] = i;
        v->rx_ref[i] = grant_page(domain, v->receive + i * PAGE_SIZE, false);
        post(v, i);
    }
    ring_front_push(&v->rx);   /* nobody is there yet to be told */
    xenbus_write_number(&v->bus, "tx-ring-ref", grant_page(domain, tx, false));
    xenbus_write_number(&v->bus, "rx-ring-ref", grant_page(domain, rx, false));
    v->port = event_alloc_unbound(domain);
    xenbus_write_number(&v->bus, "event-channel", v->port);
    event_unmask(v->port);
}

COLD const char *vif_connect(struct vif *v, const char *frontend)
{
    char path[64], mac[24];
    const char *trouble;

    *v = (struct vif){
        .nic = { .ops = &operations, .depth = NIC_BUFFERS, .buffers = NIC_BUFFERS },
    };
    trouble = xenbus_find(&v->bus, frontend);
    if ( trouble )
        return v->bus.trouble[0] ? v->nic.trouble = trouble : trouble;
    format(path, sizeof(path), "%s/mac", frontend);
    if ( xenstore_read(path, mac, sizeof(mac)) || !parse_mac(mac, v->nic.mac) )
        return "the interface has no address in XenStore";
    if ( !xenbus_number(&v->bus, "feature-rx-copy", 0) )
        return v->bus.trouble[0] ? v->nic.trouble = v->bus.trouble
                                 : "the backend cannot copy what is received";
    share(v);
    xenbus_write_number(&v->bus, "request-rx-copy", 1);
    xenbus_write_number(&v->bus, "feature-rx-notify", 1);
    xenbus_write_number(&v->bus, "feature-no-csum-offload", 1);
    xenbus_write_number(&v->bus, "feature-sg", 0);
    xenbus_write_number(&v->bus, "state", XenbusStateConnected);
    if ( !xenbus_wait(&v->bus, XenbusStateConnected) )
        v->nic.trouble = v->bus.trouble;
    return v->nic.trouble;
}
