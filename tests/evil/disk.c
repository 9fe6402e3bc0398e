/* A hostile backend of the blkif protocol. */
#include "evil.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "backend/vbd.h"
#include "xenometer.h"

#define MAX_SLOTS 64u   /* of a ring of two pages */

struct evil_vbd {
    struct evil evil;        /* first: disk_of() */
    void *pages;
    uint32_t count;          /* of them */
    struct ring_back ring;
};

static struct evil_vbd *disk_of(struct split *s)
{
    return (struct evil_vbd *)s;
}

/* ------------------------------------------------------------- requests -- */

static void put(struct evil_vbd *v, uint64_t id, uint8_t operation, int status)
{
    struct blkif_response response = {
        .id = id, .operation = operation, .status = (int16_t)status,
    };

    ring_back_put_part(&v->ring, &response, sizeof(response), BLKIF_SLOT);
}

static void publish(struct evil_vbd *v)
{
    if ( v->ring.rsp_published == v->ring.rsp_prod )
        return;
    ring_back_push(&v->ring);
    split_notify(&v->evil.split);
}

/* The last there is of it: an index that is none. */
static void publish_index(struct evil_vbd *v, uint32_t more)
{
    publish(v);
    v->ring.shared->rsp_prod += more;
    split_notify(&v->evil.split);
    v->evil.done = true;
}

static void leave(struct evil_vbd *v, XenbusState state)
{
    publish(v);
    xenbus_set_state(v->evil.split.host->bus, &v->evil.split.name, state);
    v->evil.done = true;
}

#define FLIPPED 10u   /* answers, either way */

/* Publish an honest answer, and then change it: operation and status, or the id. */
static void flip(struct evil_vbd *v, unsigned nth, uint64_t id, uint8_t operation)
{
    volatile uint64_t *slot = (uint64_t *)ring_slot(v->ring.shared, v->ring.count,
                                                    v->ring.rsp_prod, BLKIF_SLOT);

    put(v, id, operation, BLKIF_RSP_OKAY);
    if ( nth >= 2 * FLIPPED )
        return;
    publish(v);
    if ( nth < FLIPPED )
        evil_flip(slot + 1, operation, operation | 0xffff0000);
    else
        evil_flip(slot, id, 0x4141414141414141);
}

/* Answer the nth request after the honest ones. */
static void answer(struct evil_vbd *v, unsigned nth, uint64_t id, uint8_t operation)
{
    static const int statuses[] = { -1, -2, 1, 12345, -32768 };

    switch ( v->evil.which )
    {
    case EVIL_RUNS_AWAY:  publish_index(v, 1000); return;
    case EVIL_BACKWARDS:  publish_index(v, 0u - 1000); return;
    case EVIL_ID_BEYOND:  put(v, 64, operation, BLKIF_RSP_OKAY); return;
    case EVIL_ID_WIDE:    put(v, id | 1ull << 32, operation, BLKIF_RSP_OKAY); return;
    case EVIL_ID_UNASKED: put(v, 63, operation, BLKIF_RSP_OKAY); return;
    case EVIL_POINTER:    put(v, 0xffff800000101000ull, operation, BLKIF_RSP_OKAY); return;
    case EVIL_OPERATION:  put(v, id, BLKIF_OP_WRITE, BLKIF_RSP_OKAY); return;
    case EVIL_ID_TWICE:
        put(v, id, operation, BLKIF_RSP_OKAY);
        put(v, id, operation, BLKIF_RSP_OKAY);
        return;
    case EVIL_STATUS:
        put(v, id, operation, nth < 5 ? statuses[nth] : BLKIF_RSP_OKAY);
        return;
    case EVIL_FLIPS:
        flip(v, nth, id, operation);
        return;
    case EVIL_STORM:
        if ( !nth )
            evil_storm(&v->evil.split);
        break;
    case EVIL_CLOSES:  leave(v, XenbusStateClosing); return;
    case EVIL_RETURNS: leave(v, XenbusStateInitWait); return;
    case EVIL_VANISHES:
        publish(v);
        xenbus_detach(v->evil.split.host->bus, &v->evil.split.name);
        v->evil.done = true;
        return;
    case EVIL_SILENT:
        publish(v);
        v->evil.done = true;
        return;
    }
    put(v, id, operation, BLKIF_RSP_OKAY);
}

/* It asks for events always: to be called again does no harm. */
static bool turn(struct split *s, bool stay)
{
    struct evil_vbd *v = disk_of(s);
    union blkif_sring_entry slot[MAX_SLOTS];
    unsigned taken = 0;

    (void)stay;
    while ( taken < MAX_SLOTS &&
            ring_back_take(&v->ring, &slot[taken], BLKIF_SLOT) == RING_TAKEN )
        taken++;
    /* Over every request that has no answer yet: the frontend must not need them. */
    for ( uint32_t i = v->ring.rsp_prod; v->evil.which == EVIL_SCRIBBLES &&
                                         i != v->ring.req_cons; i++ )
        memset(ring_slot(v->ring.shared, v->ring.count, i, BLKIF_SLOT), 0xee, BLKIF_SLOT);
    for ( unsigned i = 0; i < taken && !v->evil.done; i++ )
    {
        const struct blkif_request *q = &slot[i].req;
        /* Of an indirect one it stands a byte further on. */
        uint8_t operation = q->operation == BLKIF_OP_INDIRECT ? q->nr_segments : q->operation;
        unsigned n = v->evil.served++;

        if ( n < EVIL_HONEST )
            put(v, q->id, operation, BLKIF_RSP_OKAY);
        else
            answer(v, n - EVIL_HONEST, q->id, operation);
    }
    if ( v->evil.done )
        return taken;
    publish(v);
    if ( ring_back_final_check(&v->ring, 1) == RING_TAKEN )
        split_more(s);
    return taken;
}

/* -------------------------------------------------------------- connect -- */

static char *connect(struct split *s, uint32_t *port)
{
    struct evil_vbd *v = disk_of(s);
    uint32_t order, refs[2];
    char *wrong = NULL;

    if ( v->evil.which == EVIL_REFUSES )
        return xstrdup("it refuses, as it should");
    wrong = xenbus_read_number(s->host->bus, &s->name, "event-channel", 1, UINT32_MAX, 0, port);
    if ( !wrong )
        wrong = xenbus_read_number(s->host->bus, &s->name, "ring-page-order", 0, 1, 0, &order);
    for ( uint32_t i = 0; !wrong && i < 1u << order; i++ )
        wrong = xenbus_read_number(s->host->bus, &s->name,
                                   !order ? "ring-ref" : i ? "ring-ref1" : "ring-ref0", 1,
                                   UINT32_MAX, 0, &refs[i]);
    if ( wrong )
        return wrong;
    v->count = 1u << order;
    v->pages = xengnttab_map_domain_grant_refs(s->grants, v->count, s->name.domid, refs,
                                               PROT_READ | PROT_WRITE);
    if ( !v->pages )
        return xasprintf("cannot map the ring (%s)", strerror(errno));
    return ring_back_attach(&v->ring, v->pages, ring_slot_count(v->count * BLKIF_PAGE, BLKIF_SLOT))
           ? NULL : xstrdup("the ring has more requests than slots");
}

static void disconnect(struct split *s)
{
    struct evil_vbd *v = disk_of(s);

    if ( v->pages )
        xengnttab_unmap(s->grants, v->pages, v->count);
    v->pages = NULL;
}

static const struct split_operations operations = {
    .connect = connect, .disconnect = disconnect, .turn = turn,
};

/* ------------------------------------------------------------------ new -- */

/* Keys that are not as they should be; NULL: missing. */
static const struct {
    enum evil_disk which;
    const char *key, *value;
} oddities[] = {
    { EVIL_NO_SECTORS, "sectors", NULL },
    { EVIL_SECTORS_0, "sectors", "0" },
    { EVIL_SECTORS_NEGATIVE, "sectors", "-1" },
    { EVIL_SECTORS_ENDLESS, "sectors", "99999999999999999999" },
    { EVIL_SECTOR_0, "sector-size", "0" },
    { EVIL_SECTOR_4096, "sector-size", "4096" },
    { EVIL_ORDER_HUGE, "max-ring-page-order", "4294967295" },
    { EVIL_ORDER_WORD, "max-ring-page-order", "two" },
    { EVIL_INDIRECT_HUGE, "feature-max-indirect-segments", "18446744073709551615" },
};

static XenbusState first_state(unsigned which)
{
    switch ( which )
    {
    case EVIL_NEVER_READY: return XenbusStateInitialising;
    case EVIL_EARLY:       return XenbusStateConnected;
    case EVIL_CLOSED:      return XenbusStateClosed;
    }
    return XenbusStateInitWait;
}

static char *announce(const struct evil_vbd *v)
{
    struct xenbus_key keys[] = {
        { "sectors", "16384" }, { "sector-size", "512" }, { "max-ring-page-order", "1" },
        { "feature-max-indirect-segments", "0" }, { NULL, NULL },
    };
    size_t kept = 0;

    for ( size_t i = 0; keys[i].name; i++ )
    {
        struct xenbus_key key = keys[i];

        for ( size_t k = 0; k < sizeof(oddities) / sizeof(*oddities); k++ )
            if ( oddities[k].which == v->evil.which && !strcmp(oddities[k].key, key.name) )
                key.value = oddities[k].value;
        if ( key.value )
            keys[kept++] = key;
    }
    keys[kept].name = NULL;
    return xenbus_attach(v->evil.split.host->bus, &v->evil.split.name, NULL, keys,
                         first_state(v->evil.which));
}

struct evil *evil_disk(struct host *host, uint32_t domid, unsigned which, char **error)
{
    struct evil_vbd *v = xcalloc(1, sizeof(*v));
    struct split *s = &v->evil.split;

    split_init(s, host,
               &(struct xenbus_name){ domid, EVIL_DISKS + which, "vbd", VBD_BACKEND_CLASS },
               "evil disk", &operations);
    v->evil.which = which;
    *error = announce(v);
    if ( !*error && which == EVIL_STATE_WORD )
        evil_state_word(s, "four");
    else if ( !*error && first_state(which) == XenbusStateInitWait && which != EVIL_NEVER_CONNECTS )
        *error = split_follow(s);
    if ( !*error )
        return &v->evil;
    free(v);
    return NULL;
}
