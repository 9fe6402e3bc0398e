#include "vbd.h"
#include "../arch/memory.h"
#include "../lib/format.h"

#include <xen/io/protocols.h>

#define MAX_ORDER 2u   /* 4 pages: 128 slots, more than VBD_MAX_REQUESTS */

/* The number at the end of "device/vbd/51712". */
static u16 handle_of(const char *frontend)
{
    u64 number = 0;

    for ( const char *c = frontend; *c; c++ )
        if ( *c == '/' )
            parse_decimal(c + 1, &number);
    return (u16)number;
}

static void share_ring(struct vbd *v, u32 order)
{
    u8 *pages = pages_alloc(1u << order);

    ring_front_init(&v->ring, (struct ring_shared *)pages,
                    ring_slot_count((u32)PAGE_SIZE << order, VBD_SLOT));
    for ( u32 i = 0; i < 1u << order; i++ )
    {
        char key[16];

        /* One page has a name of its own, for backends older than the others. */
        format(key, sizeof(key), order ? "ring-ref%u" : "ring-ref", i);
        xenbus_write_number(&v->bus, key,
                            grant_page(v->bus.backend_id, pages + i * PAGE_SIZE, false));
    }
    if ( order )
        xenbus_write_number(&v->bus, "ring-page-order", order);
    v->port = event_alloc_unbound(v->bus.backend_id);
    xenbus_write_number(&v->bus, "event-channel", v->port);
    event_unmask(v->port);
}

const char *vbd_connect(struct vbd *v, const char *frontend, u32 order)
{
    const char *trouble;

    *v = (struct vbd){ .handle = handle_of(frontend) };
    trouble = xenbus_find(&v->bus, frontend);
    if ( trouble )
        return trouble;
    if ( order > MAX_ORDER || order > xenbus_number(&v->bus, "max-ring-page-order", 0) )
        return "the backend has no ring as large as that";
    share_ring(v, order);
    xenbus_write(&v->bus, "protocol", XEN_IO_PROTO_ABI_X86_64);
    xenbus_write_number(&v->bus, "feature-persistent", 1);
    xenbus_write_number(&v->bus, "state", XenbusStateInitialised);
    if ( !xenbus_wait(&v->bus, XenbusStateConnected) )
        return "the backend closed instead of connecting";

    /* What it offers stands in its directory only now. */
    v->sectors = xenbus_number(&v->bus, "sectors", 0);
    v->readonly = xenbus_number(&v->bus, "info", 0) & VDISK_READONLY;
    v->persistent = xenbus_number(&v->bus, "feature-persistent", 0);
    v->flush = xenbus_number(&v->bus, "feature-flush-cache", 0);
    v->discard = xenbus_number(&v->bus, "feature-discard", 0);
    v->indirect = (u32)xenbus_number(&v->bus, "feature-max-indirect-segments", 0);
    xenbus_write_number(&v->bus, "state", XenbusStateConnected);
    if ( xenbus_number(&v->bus, "sector-size", VBD_SECTOR) != VBD_SECTOR )
        return "the disk has sectors of another size than 512 bytes";
    return v->sectors ? NULL : "the disk has no sectors";
}

bool vbd_wait(struct vbd *v, u32 after)
{
    for ( ;; )
    {
        /* Count before check, as in data_wait(). */
        u32 seen = event_arrivals[v->port];
        enum ring_result r = ring_front_final_check(&v->ring, after);

        if ( r != RING_EMPTY )
            return r == RING_TAKEN;
        event_wait(v->port, seen);
    }
}
