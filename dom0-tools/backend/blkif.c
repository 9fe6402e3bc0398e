#include "backend/blkif.h"

/* The range must end inside the disk; written so that nothing can wrap. */
static bool inside(uint64_t sector, uint64_t sectors, const struct blkif_disk *disk)
{
    return sector <= disk->sectors && sectors <= disk->sectors - sector;
}

static int take_segments(struct blkif_operation *o, const struct blkif_request_segment *s,
                         const struct blkif_disk *disk)
{
    o->sectors = 0;
    for ( uint32_t i = 0; i < o->segments; i++ )
    {
        uint32_t first = s[i].first_sect, last = s[i].last_sect;

        if ( first > last || last >= BLKIF_PAGE / BLKIF_SECTOR )
            return BLKIF_RSP_ERROR;
        o->segment[i].gref = s[i].gref;
        o->segment[i].offset = (uint16_t)(first * BLKIF_SECTOR);
        o->segment[i].length = (uint16_t)((last - first + 1) * BLKIF_SECTOR);
        o->sectors += last - first + 1;
    }
    return inside(o->sector, o->sectors, disk) ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR;
}

/* READ and WRITE, direct or indirect. */
static int choose(uint8_t code, const struct blkif_disk *disk, struct blkif_operation *o)
{
    if ( code == BLKIF_OP_READ )
        o->kind = BLKIF_READ;
    else if ( code != BLKIF_OP_WRITE || disk->readonly )
        return BLKIF_RSP_ERROR;
    else
        o->kind = BLKIF_WRITE;
    return BLKIF_RSP_OKAY;
}

static int read_direct(const struct blkif_request *r, const struct blkif_disk *disk,
                       struct blkif_operation *o)
{
    if ( choose(r->operation, disk, o) || r->nr_segments == 0 ||
         r->nr_segments > BLKIF_MAX_SEGMENTS_PER_REQUEST )
        return BLKIF_RSP_ERROR;
    o->sector = r->sector_number;
    o->segments = r->nr_segments;
    return take_segments(o, r->seg, disk);
}

static int read_indirect(const struct blkif_request_indirect *r,
                         const struct blkif_disk *disk, struct blkif_operation *o)
{
    if ( choose(r->indirect_op, disk, o) || r->nr_segments == 0 ||
         r->nr_segments > BLKIF_MAX_SEGMENTS )
        return BLKIF_RSP_ERROR;
    o->sector = r->sector_number;
    o->segments = r->nr_segments;
    o->pages = (uint32_t)((o->segments + BLKIF_SEGMENTS_PER_PAGE - 1) / BLKIF_SEGMENTS_PER_PAGE);
    for ( uint32_t i = 0; i < o->pages; i++ )
        o->page[i] = r->indirect_grefs[i];
    return BLKIF_RSP_OKAY;
}

int blkif_read(const union blkif_sring_entry *slot, const struct blkif_disk *disk,
               struct blkif_operation *o)
{
    const struct blkif_request *r = &slot->req;
    const struct blkif_request_discard *discard = (const void *)slot;
    const struct blkif_request_indirect *indirect = (const void *)slot;

    o->id = r->operation == BLKIF_OP_INDIRECT ? indirect->id
          : r->operation == BLKIF_OP_DISCARD ? discard->id : r->id;
    o->code = r->operation == BLKIF_OP_INDIRECT ? indirect->indirect_op : r->operation;
    o->sector = o->sectors = 0;
    o->segments = o->pages = 0;
    switch ( r->operation )
    {
    case BLKIF_OP_READ:
    case BLKIF_OP_WRITE:
        return read_direct(r, disk, o);

    case BLKIF_OP_INDIRECT:
        return read_indirect(indirect, disk, o);

    case BLKIF_OP_FLUSH_DISKCACHE:
        o->kind = BLKIF_FLUSH;
        /* Data in a flush was never specified for frontends to rely on. */
        return disk->flush && r->nr_segments == 0 ? BLKIF_RSP_OKAY : BLKIF_RSP_EOPNOTSUPP;

    case BLKIF_OP_DISCARD:
        o->kind = BLKIF_DISCARD;
        o->sector = discard->sector_number;
        o->sectors = discard->nr_sectors;
        if ( !disk->discard || discard->flag & BLKIF_DISCARD_SECURE )
            return BLKIF_RSP_EOPNOTSUPP;
        return !disk->readonly && inside(o->sector, o->sectors, disk) ? BLKIF_RSP_OKAY
                                                                      : BLKIF_RSP_ERROR;

    default:
        return BLKIF_RSP_EOPNOTSUPP;
    }
}

int blkif_segments(struct blkif_operation *o, const struct blkif_request_segment *segments,
                   const struct blkif_disk *disk)
{
    return take_segments(o, segments, disk);
}
