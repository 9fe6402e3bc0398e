/*
 * Reads, or writes, that continue one another on the disk: gathered while the ring has
 * more, and then done by one system call.  Pure C, for a hostile frontend.
 */
#ifndef BACKEND_DISK_RUN_H
#define BACKEND_DISK_RUN_H

#include <sys/uio.h>

#include <ring.h>

#include "backend/blkif.h"
#include "backend/pages.h"

#define DISK_RUN_VECTORS BLKIF_MAX_SEGMENTS

struct disk_run {
    uint32_t shape;              /* blkif_shape() of a single page that continues it */
    uint32_t requests, vectors;  /* a request has at least one vector */
    uint64_t sector, end;        /* the disk's, from and to */
    bool spans, lengths;         /* of other requests, too, than single pages, whole pages */
    struct iovec iov[DISK_RUN_VECTORS];
    /* Of the request whose first vector is the n-th: its id, and how many it has. */
    uint64_t id[DISK_RUN_VECTORS];
    size_t span[DISK_RUN_VECTORS];
    /* What the common request has stands there before: the length of a page, a span of 1. */
};

/* Before anything else. */
void disk_run_init(struct disk_run *);

/* Make what is gathered as the common request expects it. */
void disk_run_unmix(struct disk_run *);

/* Nothing is gathered. */
static inline void disk_run_clear(struct disk_run *r)
{
    if ( r->spans )
        disk_run_unmix(r);
    r->shape = BLKIF_NO_SHAPE;
    r->requests = r->vectors = 0;
}

/* BLKIF_OP_READ or BLKIF_OP_WRITE: of all its requests. */
static inline uint8_t disk_run_code(const struct disk_run *r)
{
    return (uint8_t)r->shape;
}

static inline bool disk_run_full(const struct disk_run *r)
{
    return r->vectors == DISK_RUN_VECTORS;
}

/*
 * Take requests that were seen, at most `limit`, and add them, as long as each is the
 * common one: it reads or writes one whole page that is kept, and continues the run.  Nothing is
 * accepted that blkif_read() would refuse.  There must be one: seen, within `limit`, and room
 * for it (disk_run_full()).
 *
 * True: the last one taken is another; of it `slot` has the first BLKIF_ONE_SEGMENT bytes.
 */
bool disk_run_take(struct disk_run *, struct ring_back *, uint32_t limit,
                   const struct blkif_disk *, const struct pages *, union blkif_sring_entry *slot);

/*
 * Add a request that is copied as a whole: if it is a read or write of whole pages that are
 * all kept, and continues the run.  What neighbours that were merged look like.  Nothing is
 * accepted that blkif_read() would refuse.  False: nothing is added.
 */
bool disk_run_add_pages(struct disk_run *, const struct blkif_request *,
                        const struct blkif_disk *, const struct pages *);

/* Can the operation, a read or write, be added? */
bool disk_run_fits(const struct disk_run *, const struct blkif_operation *);

/* Add it; `page` are its segments'. */
void disk_run_add(struct disk_run *, const struct blkif_operation *, void *const *page);

#endif
