/*
 * Where the session meets the hostile backends: the linker has these in the place of the
 * functions they are named after (--wrap, Makefile).
 */
#include <xenctrl.h>   /* first: with it Xen's headers are those of today, where frame_list is a handle */

#include "escape.h"
#include "evil.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xencall.h>
#include <xen/grant_table.h>

#include "backend/device.h"
#include "xenometer.h"

/* ---- the devices of the one domain there is at a time ---- */

static struct evil *all;

void __real_device_free(struct device *);
void __wrap_device_free(struct device *);

/* A page of the domain's that is kept mapped, whatever it says. */
static void *kept;

static void keep(struct device *d, uint32_t gref)
{
    if ( kept )
        xengnttab_unmap(d->grants, kept, 1);
    kept = gref ? xengnttab_map_grant_ref(d->grants, d->domid, gref, PROT_READ) : NULL;
}

/* The first byte in `pages` pages that is not zero; 0: all are, 256: they cannot be read. */
static uint64_t leftover(struct device *d, uint32_t gref, uint32_t pages)
{
    uint64_t found = 0;

    for ( uint32_t i = 0; i < pages && !found; i++ )
    {
        const uint8_t *page = xengnttab_map_grant_ref(d->grants, d->domid, gref + i, PROT_READ);

        for ( uint32_t b = 0; page && b < PAGE_BYTES && !found; b++ )
            found = page[b];
        if ( !page )
            return 256;
        xengnttab_unmap(d->grants, (void *)page, 1);
    }
    return found;
}

/* What a dom0 can ask of another domain's grant table: it grows, and its version is told. */
static void stir_table(uint32_t domid)
{
    xencall_handle *xen = xencall_open(NULL, 0);
    xen_pfn_t *frames = xen ? xencall_alloc_buffer(xen, 8 * sizeof(*frames)) : NULL;
    struct gnttab_setup_table *setup = xen ? xencall_alloc_buffer(xen, sizeof(*setup)) : NULL;

    if ( frames && setup )
    {
        *setup = (struct gnttab_setup_table){ .dom = (domid_t)domid, .nr_frames = 4 };
        set_xen_guest_handle_raw(setup->frame_list, frames);
        xencall3(xen, __HYPERVISOR_grant_table_op, GNTTABOP_setup_table, (uintptr_t)setup, 1);
    }
    if ( setup )
        xencall_free_buffer(xen, setup);
    if ( frames )
        xencall_free_buffer(xen, frames);
    if ( xen )
        xencall_close(xen);
}

/* With the domain's own device they go. */
void __wrap_device_free(struct device *d)
{
    struct evil *e;

    if ( d && d->grants )
        keep(d, 0);
    kept = NULL;

    while ( (e = all) )
    {
        all = e->next;
        split_end(&e->split);
        free(e);
    }
    __real_device_free(d);
}

static void make(struct device *d, unsigned operation)
{
    char *error = NULL;
    struct evil *e = operation >= EVIL_MAKE_NIC
        ? evil_nic(d->host, d->domid, operation - EVIL_MAKE_NIC, &error)
        : evil_disk(d->host, d->domid, operation - EVIL_MAKE_DISK, &error);

    if ( e )
    {
        e->next = all;
        all = e;
    }
    else
        message("%s", error);
    free(error);
}

/* ---- operations on the data ring ---- */

enum turn __real_services_turn(struct ring_back *, struct services *, bool *notify);
enum turn __wrap_services_turn(struct ring_back *, struct services *, bool *notify);

static unsigned owed;   /* answers that the frontend did not see: before the next one */

static void put_value(struct ring_back *ring, uint32_t id, uint64_t value)
{
    const struct data_response response = { .id = id, .value = value };

    ring_back_put(ring, &response, DATA_SLOT_SIZE);
}

static void put(struct ring_back *ring, uint32_t id)
{
    put_value(ring, id, 0);
}

/* The answer is there, and an index that is none. */
static void publish_index(struct ring_back *ring, uint32_t id, uint32_t more)
{
    put(ring, id);
    __atomic_store_n(&ring->shared->rsp_prod, ring->rsp_prod + more, __ATOMIC_RELEASE);
}

static void attack(struct device *d, struct ring_back *ring, const struct data_request *q)
{
    uint32_t slot = ring->rsp_prod;

    if ( q->operation >= EVIL_ESCAPES )
    {
        put_value(ring, q->id, escape((enum escape)(q->operation - EVIL_ESCAPES)));
        ring_back_push(ring);
        return;
    }
    if ( q->operation >= EVIL_MAKE_DISK )
        make(d, q->operation);
    switch ( q->operation - EVIL_OPERATIONS )
    {
    case EVIL_DATA_RUNS_AWAY: publish_index(ring, q->id, 1000); return;
    case EVIL_DATA_BACKWARDS: publish_index(ring, q->id, 0u - 1000); return;
    case EVIL_DATA_TWICE:     publish_index(ring, q->id, 1); return;
    case EVIL_DATA_OTHER_ID:  put(ring, q->id + 1); break;
    case EVIL_DATA_SILENT:    owed++; return;
    case EVIL_DATA_KEEPS:
        keep(d, q->gref);
        put_value(ring, q->id, kept != NULL);
        break;
    case EVIL_DATA_LEFTOVERS:
        put_value(ring, q->id, leftover(d, q->gref, q->pages));
        break;
    case EVIL_DATA_VERSION:
        stir_table(d->domid);
        put(ring, q->id);
        break;
    case EVIL_DATA_SCRIBBLES:
        memset(ring_slot(ring->shared, ring->count, slot, DATA_SLOT_SIZE), 0xee, DATA_SLOT_SIZE);
        put(ring, q->id);
        break;
    case EVIL_DATA_STORM:
        for ( unsigned i = 0; i < EVIL_EVENTS; i++ )
            channel_notify(&d->data);
        put(ring, q->id);
        break;
    case EVIL_DATA_FLIPS:
        put(ring, q->id);
        ring_back_push(ring);
        channel_notify(&d->data);
        evil_flip((uint64_t *)ring_slot(ring->shared, ring->count, slot, DATA_SLOT_SIZE), q->id,
                  ~0ull);
        return;
    case EVIL_CONTROL_RUNS_AWAY:
        d->control_ring.shared->rsp_prod += 100;
        put(ring, q->id);
        break;
    default:
        put(ring, q->id);
    }
    ring_back_push(ring);
}

enum turn __wrap_services_turn(struct ring_back *ring, struct services *s, bool *notify)
{
    struct device *d = s->access.context;
    struct data_request q;
    const struct data_request *next;

    if ( ring_back_look(ring) != RING_TAKEN )
        return __real_services_turn(ring, s, notify);
    next = (const void *)ring_slot(ring->shared, ring->count, ring->req_cons, DATA_SLOT_SIZE);
    for ( ; owed; owed-- )
        put(ring, 0);
    if ( next->operation < EVIL_OPERATIONS )
        return __real_services_turn(ring, s, notify);
    ring_back_take(ring, &q, DATA_SLOT_SIZE);
    attack(d, ring, &q);
    *notify = true;
    /* The event index for the next one, which waits for this. */
    return ring_back_final_check(ring, 1) == RING_TAKEN ? TURN_MORE : TURN_IDLE;
}
