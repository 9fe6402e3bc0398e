/* A hostile backend of the netif protocol: frames come back, but for what is in them. */
#include "evil.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "backend/netif.h"
#include "backend/vif.h"
#include "xenometer.h"

#define LENGTH 60   /* of each frame, it says */

struct evil_vif {
    struct evil evil;        /* first: nic_of() */
    void *tx_page, *rx_page;
    struct ring_back tx, rx;
    uint32_t tx_more, rx_more;   /* how far beyond what there is the indices point */
};

static struct evil_vif *nic_of(struct split *s)
{
    return (struct evil_vif *)s;
}

/* --------------------------------------------------------------- frames -- */

static void put_tx(struct evil_vif *v, uint16_t id, int16_t status)
{
    const struct netif_tx_response response = { .id = id, .status = status };

    ring_back_put_part(&v->tx, &response, sizeof(response), NETIF_TX_SLOT);
}

static void put_rx(struct evil_vif *v, struct netif_rx_response response)
{
    ring_back_put(&v->rx, &response, NETIF_RX_SLOT);
}

static void publish(struct evil_vif *v)
{
    ring_back_push(&v->rx);
    v->rx.shared->rsp_prod += v->rx_more;
    ring_back_push(&v->tx);
    v->tx.shared->rsp_prod += v->tx_more;
    split_notify(&v->evil.split);
}

#define FLIPPED 20u   /* frames */

/* Publish an honest frame, and then change where it stands and how long it is. */
static void flip(struct evil_vif *v, uint16_t id)
{
    volatile uint64_t *slot = (uint64_t *)ring_slot(v->rx.shared, v->rx.count, v->rx.rsp_prod,
                                                    NETIF_RX_SLOT);
    const struct netif_rx_response honest = { .id = id, .status = LENGTH },
                                   other = { .id = id, .offset = 4095, .status = 32767 };
    uint64_t stays, changed;

    put_rx(v, honest);
    publish(v);
    memcpy(&stays, &honest, sizeof(stays));
    memcpy(&changed, &other, sizeof(changed));
    evil_flip(slot, stays, changed);
}

/* Answer the nth frame after the honest ones, and say that it is back in the buffer `rx`. */
static void answer(struct evil_vif *v, unsigned nth, uint16_t tx, uint16_t rx)
{
    struct netif_rx_response back = { .id = rx, .status = LENGTH };
    struct netif_rx_request another;
    uint16_t sent = tx;
    int16_t status = NETIF_RSP_OKAY;

    switch ( v->evil.which )
    {
    case EVIL_RX_RUNS_AWAY: v->rx_more = 1000; break;
    case EVIL_TX_RUNS_AWAY: v->tx_more = 1000; break;
    case EVIL_RX_ID:        back.id = 48; break;
    case EVIL_TX_ID:        sent = 48; break;
    case EVIL_RX_PIECES:    back.flags = NETRXF_more_data; break;
    case EVIL_RX_STATUS:    back.status = NETIF_RSP_ERROR; break;
    case EVIL_TX_STATUS:    status = NETIF_RSP_ERROR; break;
    case EVIL_RX_LONG:      back.status = 5000; break;
    case EVIL_RX_OFFSET:    back.offset = 4096 - LENGTH + 1; break;
    case EVIL_RX_SHORT:     back.status = 1; break;
    case EVIL_RX_TWICE:
        if ( ring_back_take(&v->rx, &another, NETIF_RX_SLOT) != RING_TAKEN )
            break;
        put_rx(v, back);
        break;
    case EVIL_TX_TWICE:     /* the second in the first one's place, too */
        if ( nth == 1 )
            put_tx(v, tx, NETIF_RSP_OKAY);
        break;
    case EVIL_RX_FLIPS:
        if ( nth >= FLIPPED )
            break;
        put_tx(v, tx, NETIF_RSP_OKAY);
        flip(v, rx);
        return;
    case EVIL_NIC_STORM:
        if ( !nth )
            evil_storm(&v->evil.split);
        break;
    case EVIL_NIC_CLOSES:
        xenbus_set_state(v->evil.split.host->bus, &v->evil.split.name, XenbusStateClosing);
        v->evil.done = true;
        return;
    case EVIL_NIC_SILENT:
        v->evil.done = true;
        return;
    }
    if ( v->evil.which != EVIL_TX_TWICE || nth )
        put_tx(v, sent, status);
    put_rx(v, back);
}

/* Over a request that has no answer yet: the frontend must not need it. */
static void scribble(struct ring_back *ring, uint32_t size)
{
    memset(ring_slot(ring->shared, ring->count, ring->req_cons - 1, size), 0xee, size);
}

/* It asks for events always: to be called again does no harm. */
static bool turn(struct split *s, bool stay)
{
    struct evil_vif *v = nic_of(s);
    struct netif_tx_request tx;
    struct netif_rx_request rx;
    unsigned taken = 0;

    (void)stay;
    while ( !v->evil.done && ring_back_take(&v->tx, &tx, NETIF_TX_SLOT) == RING_TAKEN &&
            ring_back_take(&v->rx, &rx, NETIF_RX_SLOT) == RING_TAKEN )
    {
        unsigned n = v->evil.served++;

        taken++;
        if ( v->evil.which == EVIL_NIC_SCRIBBLES )
        {
            scribble(&v->tx, NETIF_TX_SLOT);
            scribble(&v->rx, NETIF_RX_SLOT);
        }
        if ( n >= EVIL_HONEST )
            answer(v, n - EVIL_HONEST, tx.id, rx.id);
        else
        {
            put_tx(v, tx.id, NETIF_RSP_OKAY);
            put_rx(v, (struct netif_rx_response){ .id = rx.id, .status = LENGTH });
        }
    }
    if ( v->evil.done )
        return taken;
    if ( taken )
        publish(v);
    if ( ring_back_final_check(&v->tx, 1) == RING_TAKEN )
        split_more(s);
    return taken;
}

/* -------------------------------------------------------------- connect -- */

static char *map_ring(struct split *s, const char *key, void **page)
{
    uint32_t ref;
    char *wrong = xenbus_read_number(s->host->bus, &s->name, key, 1, UINT32_MAX, 0, &ref);

    if ( wrong )
        return wrong;
    *page = xengnttab_map_grant_ref(s->grants, s->name.domid, ref, PROT_READ | PROT_WRITE);
    return *page ? NULL : xasprintf("cannot map the ring (%s)", strerror(errno));
}

static char *connect(struct split *s, uint32_t *port)
{
    struct evil_vif *v = nic_of(s);
    char *wrong;

    if ( v->evil.which == EVIL_NIC_REFUSES )
        return xstrdup("it refuses, as it should");
    wrong = xenbus_read_number(s->host->bus, &s->name, "event-channel", 1, UINT32_MAX, 0, port);
    if ( !wrong )
        wrong = map_ring(s, "tx-ring-ref", &v->tx_page);
    if ( !wrong )
        wrong = map_ring(s, "rx-ring-ref", &v->rx_page);
    if ( !wrong &&
         (!ring_back_attach(&v->tx, v->tx_page, ring_slot_count(NETIF_PAGE, NETIF_TX_SLOT)) ||
          !ring_back_attach(&v->rx, v->rx_page, ring_slot_count(NETIF_PAGE, NETIF_RX_SLOT))) )
        wrong = xstrdup("the rings have more requests than slots");
    return wrong;
}

static void disconnect(struct split *s)
{
    struct evil_vif *v = nic_of(s);

    if ( v->tx_page )
        xengnttab_unmap(s->grants, v->tx_page, 1);
    if ( v->rx_page )
        xengnttab_unmap(s->grants, v->rx_page, 1);
    v->tx_page = v->rx_page = NULL;
}

static const struct split_operations operations = {
    .connect = connect, .disconnect = disconnect, .turn = turn,
};

/* ------------------------------------------------------------------ new -- */

struct evil *evil_nic(struct host *host, uint32_t domid, unsigned which, char **error)
{
    static const struct xenbus_key frontend[] = { { "mac", "00:16:3e:40:00:00" }, { NULL, NULL } };
    const struct xenbus_key backend[] = {
        { "feature-rx-copy", which == EVIL_NO_COPY ? "perhaps" : "1" }, { NULL, NULL },
    };
    struct evil_vif *v = xcalloc(1, sizeof(*v));

    split_init(&v->evil.split, host,
               &(struct xenbus_name){ domid, EVIL_NICS + which, "vif", VIF_BACKEND_CLASS },
               "evil network interface", &operations);
    v->evil.which = which;
    *error = xenbus_attach(host->bus, &v->evil.split.name, frontend, backend, XenbusStateInitWait);
    if ( !*error )
        *error = split_follow(&v->evil.split);
    if ( !*error )
        return &v->evil;
    free(v);
    return NULL;
}
