#include "backend/disk_run.h"

#define PAGE_SECTORS (BLKIF_PAGE / BLKIF_SECTOR)

static void set_lengths(struct disk_run *r, uint32_t vectors)
{
    for ( uint32_t i = 0; i < vectors; i++ )
        r->iov[i].iov_len = BLKIF_PAGE;
    r->lengths = false;
}

void disk_run_unmix(struct disk_run *r)
{
    /* Other vectors than a request's first have the span they had. */
    for ( size_t i = 0, span; i < r->vectors; i += span )
    {
        span = r->span[i];
        r->span[i] = 1;
    }
    r->spans = false;
    if ( r->lengths )
        set_lengths(r, r->vectors);
}

void disk_run_init(struct disk_run *r)
{
    for ( uint32_t i = 0; i < DISK_RUN_VECTORS; i++ )
        r->span[i] = 1;
    r->spans = false;
    set_lengths(r, DISK_RUN_VECTORS);
    disk_run_clear(r);
}

/* An empty run becomes what the request continues, if it can be done. */
static void begin(struct disk_run *r, const struct blkif_request *q, const struct blkif_disk *disk)
{
    if ( q->sector_number <= disk->sectors &&
         (q->operation == BLKIF_OP_READ || (q->operation == BLKIF_OP_WRITE && !disk->readonly)) )
    {
        r->shape = blkif_shape(q->operation, 1);
        r->sector = r->end = q->sector_number;
    }
}

static inline bool is_page(const struct blkif_request_segment *s, const struct pages *kept)
{
    return s->first_sect == 0 && s->last_sect == PAGE_SECTORS - 1 && pages_at_home(kept, s->gref);
}

/* Is it the common one: of the run's shape, at its end, and a whole page that is kept? */
static inline bool is_common(const struct blkif_request *q, uint32_t shape, uint64_t end,
                             uint64_t sectors, const struct pages *kept)
{
    return blkif_shape(q->operation, q->nr_segments) == shape &&
           q->sector_number == end && end + PAGE_SECTORS <= sectors &&
           is_page(&q->seg[0], kept);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/*
 * What a streamed request costs is spent in this loop: what is the same for all of them
 * is done before and behind it.
 */
bool disk_run_take(struct disk_run *r, struct ring_back *ring, uint32_t limit,
                   const struct blkif_disk *disk, const struct pages *kept,
                   union blkif_sring_entry *slot)
{
    const struct blkif_request *q = &slot->req;
    const uint8_t *from = ring_slot(ring->shared, ring->count, ring->req_cons, BLKIF_SLOT);
    uint32_t most = least(least(limit, DISK_RUN_VECTORS - r->vectors),
                          least(ring_back_seen(ring), ring_slots_on(ring->count, ring->req_cons)));
    struct iovec *iov = r->iov + r->vectors, *until = iov + most;
    uint64_t *id = r->id + r->vectors, end, sectors = disk->sectors;
    uint32_t added;

    ring_copy(slot, from, BLKIF_ONE_SEGMENT);
    if ( r->vectors == 0 )
        begin(r, q, disk);
    for ( end = r->end; is_common(q, r->shape, end, sectors, kept); end += PAGE_SECTORS )
    {
        iov->iov_base = pages_home(kept, q->seg[0].gref);
        *id++ = q->id;
        if ( ++iov == until )
            break;
        from += BLKIF_SLOT;
        ring_copy(slot, from, BLKIF_ONE_SEGMENT);
    }
    added = most - (uint32_t)(until - iov);
    r->end += added * PAGE_SECTORS;
    r->requests += added;
    r->vectors += added;
    ring->req_cons += added + (added < most);
    return added < most;
}

bool disk_run_add_pages(struct disk_run *r, const struct blkif_request *q,
                        const struct blkif_disk *disk, const struct pages *kept)
{
    uint32_t pages = q->nr_segments;
    struct iovec *iov = r->iov + r->vectors;

    if ( r->vectors == 0 )
        begin(r, q, disk);
    if ( blkif_shape(q->operation, 1) != r->shape || q->sector_number != r->end ||
         pages == 0 || pages > BLKIF_MAX_SEGMENTS_PER_REQUEST ||
         pages > DISK_RUN_VECTORS - r->vectors || r->end + pages * PAGE_SECTORS > disk->sectors )
        return false;
    for ( uint32_t i = 0; i < pages; i++ )
    {
        if ( !is_page(&q->seg[i], kept) )
            return false;
        iov[i].iov_base = pages_home(kept, q->seg[i].gref);
    }
    r->spans = true;
    r->id[r->vectors] = q->id;
    r->span[r->vectors] = pages;
    r->requests++;
    r->vectors += pages;
    r->end += pages * PAGE_SECTORS;
    return true;
}

bool disk_run_fits(const struct disk_run *r, const struct blkif_operation *o)
{
    return r->vectors == 0 ||
           (o->code == disk_run_code(r) && o->sector == r->end &&
            r->vectors + o->segments <= DISK_RUN_VECTORS);
}

void disk_run_add(struct disk_run *r, const struct blkif_operation *o, void *const *page)
{
    if ( r->vectors == 0 )
    {
        r->shape = blkif_shape(o->code, 1);
        r->sector = o->sector;
    }
    r->end = o->sector + o->sectors;
    r->spans = r->lengths = true;
    r->id[r->vectors] = o->id;
    r->span[r->vectors] = o->segments;
    r->requests++;
    for ( uint32_t i = 0; i < o->segments; i++ )
        r->iov[r->vectors++] = (struct iovec){
            (uint8_t *)page[i] + o->segment[i].offset, o->segment[i].length,
        };
}
