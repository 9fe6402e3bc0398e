#include "vif.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "netif.h"
#include "xenometer.h"

#define BATCH 64u   /* packets that are copied together */

struct vif {
    struct split split;      /* the first member: vif_of() */

    /* With SPLIT_CONNECTED: */
    void *tx_page, *rx_page;
    struct ring_back tx, rx;

    /* The batch: packets taken, copied here, and on their way back. */
    struct netif_packet packet[BATCH];
    uint8_t frame[BATCH][FRAME_MAX];
    xengnttab_grant_copy_segment_t copy[BATCH * NETIF_MAX_SLOTS];
};

/* Our end of the cable: the address Xen's bridge ports have. */
static const uint8_t neighbour[6] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff };

static struct vif *vif_of(struct split *s)
{
    return (struct vif *)s;
}

const char *vif_trouble(const struct vif *v)
{
    return v->split.phase == SPLIT_FAILED ? v->split.trouble : NULL;
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
                                    .domid = (uint16_t)v->split.name.domid },
                .dest.virt = to, .len = p->fragment[f].length, .flags = GNTCOPY_source_gref,
            };
            to += p->fragment[f].length;
        }
    }
    if ( !segments )
        return;
    copied = !xengnttab_grant_copy(v->split.grants, segments, v->copy);
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
            .dest.foreign = { .ref = request[back].gref, .domid = (uint16_t)v->split.name.domid },
            .len = (uint16_t)p->length, .flags = GNTCOPY_dest_gref,
        };
        back++;
    }
    if ( !back )
        return;
    copied = !xengnttab_grant_copy(v->split.grants, back, v->copy);
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
static bool turn(struct split *s)
{
    struct vif *v = vif_of(s);
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
            split_notify(s);
        if ( r == RING_EMPTY )
            r = ring_back_final_check(&v->tx, 1);
    } while ( r == RING_TAKEN && done < v->tx.count && !v->rx.broken );
    if ( r == RING_BROKEN || v->rx.broken )
        split_fail(s, v->rx.broken
                      ? "the domain's receive ring has an impossible request index"
                      : "the domain's transmit ring has an impossible request index or chain");
    else if ( r == RING_TAKEN )
        split_more(s);
    return done || s->phase != SPLIT_CONNECTED;
}

/* -------------------------------------------------------------- connect -- */

/* What the frontend wrote, read once. */
struct vif_keys {
    uint32_t tx_ref, rx_ref, port, copy;
};

/* NULL, or what is wrong (the caller's). */
static char *read_keys(struct split *s, struct vif_keys *k)
{
    const struct {
        const char *name;
        uint32_t *value;
        uint32_t max;
    } keys[] = {
        { "request-rx-copy", &k->copy, 1 },
        { "tx-ring-ref", &k->tx_ref, UINT32_MAX },
        { "rx-ring-ref", &k->rx_ref, UINT32_MAX },
        { "event-channel", &k->port, UINT32_MAX },
    };
    char *wrong = NULL;

    for ( size_t i = 0; i < sizeof(keys) / sizeof(*keys) && !wrong; i++ )
        wrong = xenbus_read_number(s->host->bus, &s->name, keys[i].name, 1, keys[i].max, 0,
                                   keys[i].value);
    return wrong;
}

static void *map_ring(struct split *s, uint32_t ref)
{
    return xengnttab_map_grant_ref(s->grants, s->name.domid, ref, PROT_READ | PROT_WRITE);
}

static char *connect(struct split *s, uint32_t *port)
{
    struct vif *v = vif_of(s);
    struct vif_keys k;
    char *wrong = read_keys(s, &k);

    if ( wrong )
        return wrong;
    v->tx_page = map_ring(s, k.tx_ref);
    v->rx_page = v->tx_page ? map_ring(s, k.rx_ref) : NULL;
    if ( !v->rx_page )
        return xasprintf("cannot map the rings (%s)", strerror(errno));
    if ( !ring_back_attach(&v->tx, v->tx_page, ring_slot_count(NETIF_PAGE, NETIF_TX_SLOT)) ||
         !ring_back_attach(&v->rx, v->rx_page, ring_slot_count(NETIF_PAGE, NETIF_RX_SLOT)) )
        return xstrdup("cannot use the rings: they have more requests than slots");
    *port = k.port;
    return NULL;
}

static void disconnect(struct split *s)
{
    struct vif *v = vif_of(s);

    if ( v->tx_page )
        xengnttab_unmap(s->grants, v->tx_page, 1);
    if ( v->rx_page )
        xengnttab_unmap(s->grants, v->rx_page, 1);
    v->tx_page = v->rx_page = NULL;
}

static const struct split_operations operations = {
    .connect = connect, .disconnect = disconnect, .turn = turn,
};

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

    split_init(&v->split, host,
               &(struct xenbus_name){ domid, device, "vif", VIF_BACKEND_CLASS },
               "network interface", &operations);
    snprintf(handle, sizeof(handle), "%u", device);
    *error = xenbus_attach(host->bus, &v->split.name, frontend, backend, XenbusStateInitWait);
    if ( !*error )
        *error = split_follow(&v->split);
    if ( !*error )
        return v;
    vif_free(v);
    return NULL;
}

void vif_free(struct vif *v)
{
    if ( !v )
        return;
    split_end(&v->split);
    free(v);
}
