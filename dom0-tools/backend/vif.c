#include "vif.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xengnttab.h>

#include "netif.h"
#include "xenometer.h"

#define BATCH 64u   /* packets that are copied together */

enum vif_phase {
    VIF_WAITING,     /* InitWait */
    VIF_CONNECTED,
    VIF_CLOSED,
    VIF_FAILED,      /* `trouble` says why; nothing is mapped */
};

struct vif {
    struct host *host;
    uint32_t domid;
    struct xenbus_name name;
    struct host_watch watch;
    enum vif_phase phase;
    char *trouble;

    /* With VIF_CONNECTED: */
    xenevtchn_handle *events;
    xengnttab_handle *grants;
    struct channel channel;
    void *tx_page, *rx_page;
    struct ring_back tx, rx;
    struct loop_work more;

    /* The batch: packets taken, copied here, and on their way back. */
    struct netif_packet packet[BATCH];
    uint8_t frame[BATCH][FRAME_MAX];
    xengnttab_grant_copy_segment_t copy[BATCH * NETIF_MAX_SLOTS];
};

/* Our end of the cable: the address Xen's bridge ports have. */
static const uint8_t neighbour[6] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff };

const char *vif_trouble(const struct vif *v)
{
    return v->phase == VIF_FAILED ? v->trouble : NULL;
}

static void disconnect(struct vif *);

/* `text` becomes ours. */
static void fail(struct vif *v, char *text)
{
    if ( v->phase == VIF_FAILED )
    {
        free(text);
        return;
    }
    disconnect(v);
    v->phase = VIF_FAILED;
    v->trouble = text;
    message("network interface %u of domain %u: %s", v->name.device, v->domid, text);
    xenbus_write_error(v->host->bus, &v->name, text);
    xenbus_set_state(v->host->bus, &v->name, XenbusStateClosing);
}

/* -------------------------------------------------------------- frames -- */

/* Copy the good packets of the batch in; those with a bad grant are good no more. */
static void copy_in(struct vif *v, unsigned packets)
{
    unsigned segments = 0, at = 0;
    bool copied;

    for ( unsigned i = 0; i < packets; i++ )
    {
        const struct netif_packet *p = &v->packet[i];
        uint8_t *to = v->frame[i];

        for ( uint32_t f = 0; p->good && f < p->fragments; f++ )
        {
            v->copy[segments++] = (xengnttab_grant_copy_segment_t){
                .source.foreign = { .ref = p->fragment[f].gref, .offset = p->fragment[f].offset,
                                    .domid = (uint16_t)v->domid },
                .dest.virt = to, .len = p->fragment[f].length, .flags = GNTCOPY_source_gref,
            };
            to += p->fragment[f].length;
        }
    }
    if ( !segments )
        return;
    copied = !xengnttab_grant_copy(v->grants, segments, v->copy);
    for ( unsigned i = 0; i < packets; i++ )
    {
        struct netif_packet *p = &v->packet[i];
        bool good = p->good;

        /* Every status counts (CVE-2021-26930). */
        for ( uint32_t f = 0; good && f < p->fragments; f++, at++ )
            if ( !copied || v->copy[at].status != GNTST_okay )
                p->good = false;
    }
}

/*
 * Send the good ones back that are for us, as far as the frontend has posted buffers;
 * the others are lost, as on any wire: nothing of ours grows.
 */
static void send_back(struct vif *v, unsigned packets)
{
    struct netif_rx_request request[BATCH];
    unsigned back = 0;
    bool copied;

    for ( unsigned i = 0; i < packets; i++ )
    {
        const struct netif_packet *p = &v->packet[i];

        if ( !p->good || !frame_reflect(v->frame[i], p->length, neighbour) )
            continue;
        if ( ring_back_take(&v->rx, &request[back], NETIF_RX_SLOT) != RING_TAKEN )
            break;
        v->copy[back] = (xengnttab_grant_copy_segment_t){
            .source.virt = v->frame[i],
            .dest.foreign = { .ref = request[back].gref, .domid = (uint16_t)v->domid },
            .len = (uint16_t)p->length, .flags = GNTCOPY_dest_gref,
        };
        back++;
    }
    if ( !back )
        return;
    copied = !xengnttab_grant_copy(v->grants, back, v->copy);
    for ( unsigned i = 0; i < back; i++ )
    {
        bool good = copied && v->copy[i].status == GNTST_okay;
        struct netif_rx_response response = {
            .id = request[i].id, .status = good ? (int16_t)v->copy[i].len : NETIF_RSP_ERROR,
        };

        ring_back_put(&v->rx, &response, NETIF_RX_SLOT);
    }
}

/*
 * Serve the rings for one turn: as many packets as they have slots, so that others
 * get theirs.  True when there was work.
 */
static bool turn(struct vif *v)
{
    enum ring_result r = RING_TAKEN;
    unsigned done = 0, packets;

    do {
        for ( packets = 0; packets < BATCH; packets++ )
            if ( (r = netif_take(&v->tx, &v->packet[packets])) != RING_TAKEN )
                break;
        copy_in(v, packets);
        send_back(v, packets);
        for ( unsigned i = 0; i < packets; i++ )
            netif_answer(&v->tx, &v->packet[i], v->packet[i].good);
        done += packets;
        /* Both, whatever the first says: one event is for both. */
        if ( packets && (ring_back_push(&v->rx) | ring_back_push(&v->tx)) )
            xenevtchn_notify(v->events, v->channel.port);
        if ( r == RING_EMPTY )
            r = ring_back_final_check(&v->tx, 1);
    } while ( r == RING_TAKEN && done < v->tx.count && !v->rx.broken );
    if ( r == RING_BROKEN || v->rx.broken )
        fail(v, xasprintf("the domain's %s ring has an impossible request index%s",
                          v->rx.broken ? "receive" : "transmit", v->rx.broken ? "" : " or chain"));
    else if ( r == RING_TAKEN )
        loop_work_add(&v->host->loop, &v->more);
    return done || v->phase != VIF_CONNECTED;
}

static void turn_again(void *context)
{
    turn(context);
}

static void event_ready(void *context)
{
    struct vif *v = context;
    int port = xenevtchn_pending(v->events);

    if ( port >= 0 )
        channel_handled(&v->channel, turn(v));
    else if ( errno != EAGAIN && errno != EINTR )
        fail(v, xasprintf("cannot read events: %s", strerror(errno)));
}

/* -------------------------------------------------------------- connect -- */

/* What the frontend wrote, read once. */
struct vif_keys {
    uint32_t tx_ref, rx_ref, port, copy;
};

static bool read_keys(struct vif *v, struct vif_keys *k)
{
    const struct {
        const char *name;
        uint32_t min, max, otherwise, *value;
    } keys[] = {
        { "request-rx-copy", 1, 1, 0, &k->copy },
        { "tx-ring-ref", 1, UINT32_MAX, 0, &k->tx_ref },
        { "rx-ring-ref", 1, UINT32_MAX, 0, &k->rx_ref },
        { "event-channel", 1, UINT32_MAX, 0, &k->port },
    };

    for ( size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++ )
    {
        char *error = xenbus_read_number(v->host->bus, &v->name, keys[i].name, keys[i].min,
                                         keys[i].max, keys[i].otherwise, keys[i].value);

        if ( error )
        {
            fail(v, error);
            return false;
        }
    }
    return true;
}

static void *map_ring(struct vif *v, uint32_t ref)
{
    return xengnttab_map_grant_ref(v->grants, v->domid, ref, PROT_READ | PROT_WRITE);
}

/* What could not be done, or NULL. */
static const char *connect_all(struct vif *v, const struct vif_keys *k)
{
    v->events = xenevtchn_open(xenctrl_logger(), 0);
    /* Never sleep in a read: what made the loop call us may be gone by then. */
    if ( !v->events || fcntl(xenevtchn_fd(v->events), F_SETFL, O_NONBLOCK) ||
         !loop_add(&v->host->loop, xenevtchn_fd(v->events), event_ready, v) )
        return "open /dev/xen/evtchn";
    v->grants = xengnttab_open(xenctrl_logger(), 0);
    if ( !v->grants )
        return "open /dev/xen/gntdev";
    v->tx_page = map_ring(v, k->tx_ref);
    v->rx_page = v->tx_page ? map_ring(v, k->rx_ref) : NULL;
    if ( !v->rx_page )
        return "map the rings";
    errno = EPROTO;
    if ( !ring_back_attach(&v->tx, v->tx_page, ring_slot_count(NETIF_PAGE, NETIF_TX_SLOT)) ||
         !ring_back_attach(&v->rx, v->rx_page, ring_slot_count(NETIF_PAGE, NETIF_RX_SLOT)) )
        return "use the rings: more requests than slots";
    if ( !channel_bind(&v->channel, v->events, &v->host->loop, v->domid, k->port) )
        return "bind the event channel";
    return NULL;
}

static void connect(struct vif *v)
{
    struct vif_keys keys;
    const char *failed;

    if ( !read_keys(v, &keys) )
        return;
    failed = connect_all(v, &keys);
    if ( failed )
    {
        fail(v, xasprintf("cannot %s (%s)", failed, strerror(errno)));
        return;
    }
    v->phase = VIF_CONNECTED;
    if ( !xenbus_set_state(v->host->bus, &v->name, XenbusStateConnected) )
        fail(v, xasprintf("cannot write our state into XenStore: %s", strerror(errno)));
    else
        loop_work_add(&v->host->loop, &v->more);
}

/* Safe at any point of connect_all(), and twice. */
static void disconnect(struct vif *v)
{
    loop_work_remove(&v->host->loop, &v->more);
    channel_unbind(&v->channel);
    if ( v->tx_page )
        xengnttab_unmap(v->grants, v->tx_page, 1);
    if ( v->rx_page )
        xengnttab_unmap(v->grants, v->rx_page, 1);
    if ( v->grants )
        xengnttab_close(v->grants);
    if ( v->events )
    {
        loop_remove(&v->host->loop, xenevtchn_fd(v->events));
        xenevtchn_close(v->events);
    }
    v->tx_page = v->rx_page = NULL;
    v->grants = NULL;
    v->events = NULL;
}

/* --------------------------------------------------------------- states -- */

static void check_frontend(void *context)
{
    struct vif *v = context;
    XenbusState state = xenbus_frontend_state(v->host->bus, &v->name);

    if ( v->phase == VIF_FAILED )
        return;
    switch ( state )
    {
    case XenbusStateInitialising:
        if ( v->phase == VIF_CLOSED )
        {
            v->phase = VIF_WAITING;   /* a new driver: connect anew */
            xenbus_set_state(v->host->bus, &v->name, XenbusStateInitWait);
        }
        break;

    case XenbusStateInitialised:
    case XenbusStateConnected:   /* frontends of netif go there at once */
        if ( v->phase == VIF_WAITING )
            connect(v);
        break;

    case XenbusStateClosing:
    case XenbusStateClosed:
        disconnect(v);
        v->phase = VIF_CLOSED;
        xenbus_set_state(v->host->bus, &v->name, state);
        break;

    default:   /* the domain goes, or writes nonsense: nothing to serve */
        if ( v->phase == VIF_CONNECTED )
            fail(v, xstrdup("the domain's network interface has no valid state"));
    }
}

/* -------------------------------------------------------- new and free -- */

struct vif *vif_new(struct host *host, uint32_t domid, uint32_t device, const char *address,
                    char **error)
{
    struct vif *v = xcalloc(1, sizeof(*v));
    char handle[16];
    const struct xenbus_key frontend[] = {
        { "handle", handle }, { "mac", address }, { NULL, NULL },
    };
    const struct xenbus_key backend[] = {
        { "handle", handle }, { "mac", address }, { "feature-rx-copy", "1" },
        { "feature-sg", "1" }, { NULL, NULL },
    };

    v->host = host;
    v->domid = domid;
    v->name = (struct xenbus_name){ domid, device, "vif", VIF_BACKEND_CLASS };
    v->watch = (struct host_watch){ .name = &v->name, .changed = check_frontend, .context = v };
    v->more = (struct loop_work){ .work = turn_again, .context = v };
    snprintf(handle, sizeof(handle), "%u", device);
    *error = xenbus_attach(host->bus, &v->name, frontend, backend, XenbusStateInitWait);
    if ( !*error && !host_watch_add(host, &v->watch) )
        *error = xasprintf("cannot watch domain %u: %s", domid, strerror(errno));
    if ( !*error )
        return v;
    vif_free(v);
    return NULL;
}

void vif_free(struct vif *v)
{
    if ( !v )
        return;
    host_watch_remove(v->host, &v->watch);
    disconnect(v);
    xenbus_detach(v->host->bus, &v->name);
    free(v->trouble);
    free(v);
}
