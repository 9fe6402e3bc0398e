/*
 * What a virtual block device's ring carries, but for what vbd.h has inline.  Pure C: the
 * host tests have a hostile backend for it.
 */
#include "vbd.h"

struct blkif_request_segment vbd_page_segment[DISK_PAGES];

/* The segments of `sectors` from page `page` on; how many. */
static u32 set_segments(struct blkif_request_segment *segment, u32 sectors, u32 page)
{
    u32 count = 0;

    for ( ; sectors > DISK_PAGE_SECTORS; sectors -= DISK_PAGE_SECTORS )
        segment[count++] = vbd_page_segment[page++];
    segment[count] = vbd_page_segment[page];
    segment[count].last_sect = (u8)(sectors - 1);
    return count + 1;
}

static union blkif_sring_entry *next_slot(const struct vbd *v)
{
    return v->slot[v->ring.req_prod & v->mask];
}

static void put_next(struct vbd *v, u32 id, u32 asked)
{
    v->ring.req_prod++;
    v->disk.asked[id] = (u16)(VBD_ASKED | asked);
}

/* The answer names the operation that is wrapped: what Linux's frontend expects and all
 * backends give (xen/io/blkif.h does not say). */
static bool put_indirect(struct vbd *v, u32 id, u8 operation, u64 sector, u32 sectors, u32 page)
{
    struct blkif_request_indirect *request = (void *)next_slot(v);
    u32 n = (u32)__builtin_ctz(~v->segments_used);

    if ( n >= VBD_INDIRECT || sectors > v->indirect * DISK_PAGE_SECTORS )
        return false;
    v->segments_used |= 1u << n;
    v->segments_of[n] = (u8)id;
    request->operation = BLKIF_OP_INDIRECT;
    request->indirect_op = operation;
    request->handle = v->handle;
    request->id = id;
    request->sector_number = sector;
    request->nr_segments = (u16)set_segments(v->segments[n], sectors, page);
    request->indirect_grefs[0] = v->segments_ref[n];
    put_next(v, id, VBD_ASKED_INDIRECT | operation);
    return true;
}

bool vbd_put(struct vbd *v, u32 id, u8 operation, u64 sector, u32 sectors, u32 page)
{
    struct blkif_request *request = &next_slot(v)->req;

    if ( sectors > BLKIF_MAX_SEGMENTS_PER_REQUEST * DISK_PAGE_SECTORS )
        return put_indirect(v, id, operation, sector, sectors, page);
    request->operation = operation;
    request->handle = v->handle;
    request->id = id;
    request->sector_number = sector;
    request->nr_segments = (u8)set_segments(request->seg, sectors, page);
    put_next(v, id, operation);
    return true;
}

bool vbd_put_flush(struct vbd *v, u32 id)
{
    struct blkif_request *request = &next_slot(v)->req;

    if ( !v->flush )
        return false;
    request->operation = BLKIF_OP_FLUSH_DISKCACHE;
    request->nr_segments = 0;
    request->handle = v->handle;
    request->id = id;
    request->sector_number = 0;
    put_next(v, id, BLKIF_OP_FLUSH_DISKCACHE);
    return true;
}

bool vbd_put_discard(struct vbd *v, u32 id, u64 sector, u64 sectors)
{
    struct blkif_request_discard *request = (void *)next_slot(v);

    if ( !v->discard )
        return false;
    request->operation = BLKIF_OP_DISCARD;
    request->flag = 0;
    request->handle = v->handle;
    request->id = id;
    request->sector_number = sector;
    request->nr_sectors = sectors;
    put_next(v, id, BLKIF_OP_DISCARD);
    return true;
}

enum ring_result vbd_break(struct vbd *v, const char *why)
{
    if ( !v->disk.trouble )
        v->disk.trouble = why;
    return ring_front_break(&v->ring);
}

enum ring_result vbd_take_other(struct vbd *v, u64 id, u32 rest)
{
    if ( id >= DISK_MAX_DEPTH || v->disk.asked[id] == DISK_NOTHING )
        return vbd_break(v, "the backend answered a request that is not open");
    if ( v->disk.asked[id] != (VBD_ASKED | VBD_ASKED_INDIRECT | (u8)rest) )
        return vbd_break(v, "the backend answered another operation than was asked for");
    for ( u32 n = 0; n < VBD_INDIRECT; n++ )
        if ( v->segments_of[n] == id )
            v->segments_used &= ~(1u << n);
    disk_end_id(&v->disk, id);
    return RING_TAKEN;
}
