#include "backend/vif.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "backend/bounce.h"
#include "backend/checksum.h"
#include "backend/netif.h"
#include "xenometer.h"

#define BATCH   64u          /* packets that are copied together … */
#define ROOM    (256u << 10) /* … and bytes: 64 of an Ethernet, or three of the longest */
#define PIECES  (ROOM / NETIF_PAGE + BATCH)
#define ADDRESS 18u          /* characters of "00:16:3e:00:00:00", and a NUL */

struct vif {
    struct split split;      /* the first member: vif_of() */
    int claim;               /* of the device, among all our processes */
    char address[ADDRESS];
    bool resumes;            /* another process served these rings until it was killed */
    struct vif_count count;

    /* With SPLIT_CONNECTED: */
    void *tx_page, *rx_page;
    struct ring_back tx, rx;
    bool pieces;             /* the frontend takes frames in more than one */

    /* The batch: packets taken, copied here, and on their way back. */
    struct netif_packet packet[BATCH];
    uint8_t *frame[BATCH];   /* one behind the other in `room`: start_of() */
    struct netif_rx_response piece[PIECES];
    xengnttab_grant_copy_segment_t copy[BATCH * NETIF_MAX_SLOTS];
    struct bounce room;      /* ROOM */
};
_Static_assert(PIECES <= BATCH * NETIF_MAX_SLOTS, "copies of a batch");

/* Our end of the cable: the address Xen's bridge ports have. */
static const uint8_t neighbour[6] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff };

struct vif *vif_of(struct split *s)
{
    return (struct vif *)s;
}

struct split *vif_split(struct vif *v)
{
    return &v->split;
}

const char *vif_address(const struct vif *v)
{
    return v->address;
}

struct vif_count vif_count(const struct vif *v)
{
    return v->count;
}

/* -------------------------------------------------------------- frames -- */

/*
 * Where a frame starts, if there is room from `room` on.  Both copies of a frame are one in
 * Xen for each page it is on, and can be by reference on one page: what fits into one is on one.
 */
static uint8_t *start_of(uint8_t *room, uint32_t length)
{
    uint32_t used = (uint32_t)((uintptr_t)room % NETIF_PAGE);

    return used && used + length > NETIF_PAGE ? room + NETIF_PAGE - used : room;
}

/* Take a batch; what the last take said. */
static enum ring_result take_batch(struct vif *v, unsigned *packets)
{
    enum ring_result r = RING_TAKEN;
    uint8_t *room = v->room.memory, *const last = room + ROOM - NETIF_PAGE - NETIF_MAX_FRAME;

    for ( *packets = 0; *packets < BATCH && room <= last; ++*packets )
    {
        struct netif_packet *p = &v->packet[*packets];

        if ( (r = netif_take(&v->tx, p)) != RING_TAKEN )
            break;
        v->frame[*packets] = room;
        if ( p->good )
        {
            v->frame[*packets] = start_of(room, p->length);
            room = v->frame[*packets] + p->length;
        }
    }
    return r;
}

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
            v->copy[segments] = (xengnttab_grant_copy_segment_t){
                .source.foreign = { .ref = p->fragment[f].gref, .offset = p->fragment[f].offset,
                                    .domid = (uint16_t)v->split.name.domid },
                .len = p->fragment[f].length, .flags = GNTCOPY_source_gref,
            };
            bounce_to(&v->room, &v->copy[segments++], to);
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

/* Where a frame of that length goes: into posted buffers.  False: there are too few. */
static bool place(struct vif *v, uint8_t *frame, uint32_t length, unsigned *pieces)
{
    uint32_t count = netif_pieces(length), bytes;

    if ( (count > 1 && !v->pieces) || !ring_back_has(&v->rx, count) )
        return false;
    for ( ; length; length -= bytes, frame += bytes, ++*pieces )
    {
        struct netif_rx_request request;

        ring_back_take(&v->rx, &request, NETIF_RX_SLOT);
        bytes = netif_piece(length);
        v->piece[*pieces] = (struct netif_rx_response){
            .id = request.id, .flags = bytes < length ? NETRXF_more_data : 0,
            .status = (int16_t)bytes,
        };
        if ( request.gref >= NETIF_RX_REFS )
            request.gref = UINT32_MAX;   /* no grant: an error */
        v->copy[*pieces] = (xengnttab_grant_copy_segment_t){
            .dest.foreign = { .ref = request.gref, .domid = (uint16_t)v->split.name.domid },
            .len = (uint16_t)bytes, .flags = GNTCOPY_dest_gref,
        };
        bounce_from(&v->room, &v->copy[*pieces], frame);
    }
    return true;
}

/*
 * Send the good ones back that are for us, as far as the frontend has posted buffers;
 * the others are lost, as on any wire: nothing of ours grows.
 */
static void send_back(struct vif *v, unsigned packets)
{
    unsigned pieces = 0;
    bool copied;

    for ( unsigned i = 0; i < packets; i++ )
    {
        struct netif_packet *p = &v->packet[i];

        if ( p->good && p->blank )
            p->good = checksum_complete(v->frame[i], p->length);
        if ( !p->good || !frame_reflect(v->frame[i], p->length, neighbour) )
            continue;
        if ( place(v, v->frame[i], p->length, &pieces) )
            v->count.reflected++;
        else
            v->count.dropped++;
    }
    if ( !pieces )
        return;
    copied = !xengnttab_grant_copy(v->split.grants, pieces, v->copy);
    for ( unsigned i = 0; i < pieces; i++ )
    {
        if ( !copied || v->copy[i].status != GNTST_okay )
            v->piece[i].status = NETIF_RSP_ERROR;
        ring_back_put(&v->rx, &v->piece[i], NETIF_RX_SLOT);
    }
}

/*
 * Serve the rings for one turn: as many packets as they have slots, so that others
 * get theirs.  True when there was work.
 */
static bool turn(struct split *s, bool stay)
{
    struct vif *v = vif_of(s);
    enum ring_result r;
    unsigned done = 0, packets;

    do {
        r = take_batch(v, &packets);
        copy_in(v, packets);
        send_back(v, packets);
        for ( unsigned i = 0; i < packets; i++ )
            netif_answer(&v->tx, &v->packet[i], v->packet[i].good);
        done += packets;
        /* Both, whatever the first says: one event is for both. */
        if ( packets && (ring_back_push(&v->rx) | ring_back_push(&v->tx)) )
            split_notify(s);
        if ( r == RING_EMPTY && !stay )
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
    uint32_t tx_ref, rx_ref, port, copy, pieces;
};

/* NULL, or what is wrong (the caller's). */
static char *read_keys(struct split *s, struct vif_keys *k)
{
    const struct {
        const char *name;
        uint32_t *value;
        uint32_t min, max;
    } keys[] = {
        { "request-rx-copy", &k->copy, 1, 1 },
        { "feature-sg", &k->pieces, 0, 1 },
        { "tx-ring-ref", &k->tx_ref, 1, UINT32_MAX },
        { "rx-ring-ref", &k->rx_ref, 1, UINT32_MAX },
        { "event-channel", &k->port, 1, UINT32_MAX },
    };
    char *wrong = NULL;

    for ( size_t i = 0; i < sizeof(keys) / sizeof(*keys) && !wrong; i++ )
        wrong = xenbus_read_number(s->host->bus, &s->name, keys[i].name, keys[i].min,
                                   keys[i].max, 0, keys[i].value);
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
    if ( !bounce_open(&v->room, s->grants, s->host->shares, ROOM / BOUNCE_PAGE) )
        return xstrdup("cannot get memory");
    if ( !ring_back_attach(&v->tx, v->tx_page, ring_slot_count(NETIF_PAGE, NETIF_TX_SLOT)) ||
         !ring_back_attach(&v->rx, v->rx_page, ring_slot_count(NETIF_PAGE, NETIF_RX_SLOT)) )
        return xstrdup("cannot use the rings: they have more requests than slots");
    if ( v->resumes && !netif_take_over(&v->tx, &v->rx) )
        return xstrdup("cannot go on with the transmit ring: it has an impossible request index");
    v->resumes = false;
    v->pieces = k.pieces;
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
    bounce_close(&v->room);
}

static const struct split_operations operations = {
    .connect = connect, .disconnect = disconnect, .turn = turn,
};

/* -------------------------------------------------------- new and free -- */

/* What the frontend is to know before it connects. */
static char *announce(struct vif *v)
{
    char handle[16];
    const struct xenbus_key frontend[] = {
        { "handle", handle }, { "mac", v->address }, { NULL, NULL },
    };
    const struct xenbus_key backend[] = {
        { "handle", handle }, { "mac", v->address }, { "feature-rx-copy", "1" },
        { "feature-sg", "1" }, { NULL, NULL },
    };

    snprintf(handle, sizeof(handle), "%u", v->split.name.device);
    return xenbus_attach(v->split.host->bus, &v->split.name, frontend, backend,
                         XenbusStateInitWait);
}

/* Unicast, in Xen's own block. */
static char *random_address(char address[ADDRESS])
{
    uint8_t byte[3];

    if ( getrandom(byte, sizeof(byte), 0) != sizeof(byte) )
        return xasprintf("cannot get random numbers for an address (%s): give one with --mac",
                         strerror(errno));
    snprintf(address, ADDRESS, "00:16:3e:%02x:%02x:%02x", byte[0] & 0x7f, byte[1], byte[2]);
    return NULL;
}

/* Go on where a process of ours was killed, with what the domain knows its interface by. */
static char *take_over(struct vif *v, const char *address)
{
    size_t length;
    char *there = xenbus_read_own(v->split.host->bus, &v->split.name, "mac", &length);
    bool known = there && length < ADDRESS;

    snprintf(v->address, ADDRESS, "%s", known ? there : "");
    free(there);
    if ( !known || (address && strcasecmp(address, v->address)) )
        return xasprintf("domain %u has network interface %u already, with the address %s: give "
                         "that or none, or another --device", v->split.name.domid,
                         v->split.name.device, v->address);
    v->resumes = true;
    return NULL;
}

/* The device's directories: another's, a killed process's, or made anew. */
static char *attach(struct vif *v, const char *address)
{
    char *error = NULL;

    switch ( split_owner(&v->split) )
    {
    case SPLIT_ANOTHERS:
        return xasprintf("domain %u has network interface %u already, from another backend: "
                         "`--device` names another one", v->split.name.domid,
                         v->split.name.device);
    case SPLIT_LEFT:
        return take_over(v, address);
    case SPLIT_ENDED:
        xenbus_detach(v->split.host->bus, &v->split.name);
        split_settle();
        break;
    case SPLIT_NOBODYS:
        break;
    }
    if ( address )
        snprintf(v->address, ADDRESS, "%s", address);
    else
        error = random_address(v->address);
    return error ? error : announce(v);
}

static void give_up(struct vif *v)
{
    if ( v->claim >= 0 )
        close(v->claim);
    free(v);
}

struct vif *vif_new(struct host *host, uint32_t domid, uint32_t device, const char *address,
                    char **error)
{
    struct vif *v = xcalloc(1, sizeof(*v));
    char name[32];

    split_init(&v->split, host,
               &(struct xenbus_name){ domid, device, "vif", VIF_BACKEND_CLASS },
               "network interface", &operations);
    snprintf(name, sizeof(name), "network interface %u", device);
    *error = split_claim(&v->split, name, &v->claim);
    if ( !*error )
        *error = attach(v, address);
    if ( !*error )
    {
        *error = split_follow(&v->split);
        if ( !*error )
            return v;
        split_end(&v->split);
    }
    give_up(v);
    return NULL;
}

void vif_free(struct vif *v)
{
    if ( !v )
        return;
    split_end(&v->split);
    give_up(v);
}
