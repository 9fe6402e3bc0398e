#include "vbd.h"
#include "../arch/memory.h"
#include "../lib/format.h"

#include <xen/io/protocols.h>

/* The number at the end of "device/vbd/51712". */
static u16 handle_of(const char *frontend)
{
    u64 number = 0;

    for ( const char *c = frontend; *c; c++ )
        if ( *c == '/' )
            parse_decimal(c + 1, &number);
    return (u16)number;
}

COLD static void share_ring(struct vbd *v)
{
    u32 order = xenbus_number(&v->bus, "max-ring-page-order", 0) < VBD_ORDER ? 0 : VBD_ORDER;
    u8 *pages = pages_alloc(1u << order);

    ring_front_init(&v->ring, (struct ring_shared *)pages,
                    ring_slot_count((u32)PAGE_SIZE << order, VBD_SLOT));
    v->mask = v->ring.count - 1;
    for ( u32 i = 0; i < v->ring.count; i++ )
        v->slot[i] = (union blkif_sring_entry *)ring_slot(v->ring.shared, v->ring.count, i,
                                                          VBD_SLOT);
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

/* Grants that all of our disks use: their backends are in one domain. */
COLD static void share_buffer(const struct vbd *v)
{
    for ( u32 i = 0; i < DISK_PAGES && !vbd_page_segment[DISK_PAGES - 1].gref; i++ )
        vbd_page_segment[i] = (struct blkif_request_segment){
            grant_page(v->bus.backend_id, disk_buffer() + i * PAGE_SIZE, false),
            0, DISK_PAGE_SECTORS - 1,
        };
}

/* How much one request may be, and pages for the segments of those that are large. */
COLD static void size_requests(struct vbd *v)
{
    u32 segments = BLKIF_MAX_SEGMENTS_PER_REQUEST;

    u64 offered = xenbus_number(&v->bus, "feature-max-indirect-segments", 0);

    v->indirect = offered < DISK_PAGES ? (u32)offered : DISK_PAGES;
    for ( u32 i = 0; i < VBD_INDIRECT && v->indirect > segments; i++ )
    {
        v->segments[i] = pages_alloc(1);
        /* For writing: Linux's blkback keeps this mapped as any other page of ours. */
        v->segments_ref[i] = grant_page(v->bus.backend_id, v->segments[i], false);
    }
    _Static_assert(DISK_PAGES * sizeof(struct blkif_request_segment) <= PAGE_SIZE,
                   "one page of segments names the whole buffer");
    if ( v->indirect > segments )
        segments = v->indirect;
    v->disk.most = segments * DISK_PAGE_SECTORS;
}

COLD static const char *connect(struct disk *disk, const char *frontend, bool persistent)
{
    struct vbd *v = (struct vbd *)disk;
    const char *trouble = xenbus_find(&v->bus, frontend);
    u64 sector_size;

    if ( trouble )
    {
        disk->trouble = v->bus.trouble[0] ? trouble : NULL;
        return trouble;
    }
    v->handle = handle_of(frontend);
    v->head = (u32)v->handle << 16 | 1u << 8;
    share_ring(v);
    share_buffer(v);
    xenbus_write(&v->bus, "protocol", XEN_IO_PROTO_ABI_NATIVE);
    xenbus_write_number(&v->bus, "feature-persistent", persistent);
    xenbus_write_number(&v->bus, "state", XenbusStateInitialised);
    if ( !xenbus_wait(&v->bus, XenbusStateConnected) )
        return disk->trouble = v->bus.trouble;

    /* What it offers stands in its directory only now. */
    disk->sectors = xenbus_number(&v->bus, "sectors", 0);
    disk->readonly = xenbus_number(&v->bus, "info", 0) & VDISK_READONLY;
    disk_set_depth(disk, v->ring.count);
    v->persistent = xenbus_number(&v->bus, "feature-persistent", 0);
    v->flush = xenbus_number(&v->bus, "feature-flush-cache", 0);
    v->discard = xenbus_number(&v->bus, "feature-discard", 0);
    size_requests(v);
    xenbus_write_number(&v->bus, "state", XenbusStateConnected);
    sector_size = xenbus_number(&v->bus, "sector-size", DISK_SECTOR);
    if ( v->bus.trouble[0] )
        disk->trouble = v->bus.trouble;   /* some key is no number */
    else if ( !sector_size || sector_size % DISK_SECTOR )
        disk->trouble = "the backend's sector-size is impossible";
    else if ( !disk->sectors )
        disk->trouble = "the backend says the disk has no sectors";
    else if ( sector_size != DISK_SECTOR )
        trouble = "the disk has larger sectors than 512 bytes";
    return disk->trouble ? disk->trouble : trouble;
}

const char *vbd_connect(struct disk *disk, const char *frontend)
{
    return connect(disk, frontend, true);
}

const char *vbd_connect_unkept(struct disk *disk, const char *frontend)
{
    return connect(disk, frontend, false);
}

bool vbd_wait(struct vbd *v, u32 after)
{
    for ( ;; )
    {
        /* Count before check, as in data_wait(). */
        u32 seen = event_arrivals[v->port];
        enum ring_result r = ring_front_final_check(&v->ring, after);
        const char *trouble = NULL;

        if ( r == RING_TAKEN )
            return true;
        if ( r == RING_BROKEN )
            trouble = VBD_BAD_INDEX;
        else if ( !event_sleep(v->port, seen) )
            trouble = xenbus_hopeless(&v->bus);
        if ( trouble )
        {
            vbd_break(v, trouble);
            return false;
        }
    }
}
