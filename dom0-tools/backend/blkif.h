/*
 * Xen's block protocol (xen/io/blkif.h, 64-bit ABI) as a backend reads it: a
 * request copied out of the ring becomes an operation that has been checked
 * against the disk and the page.  Pure C, for a hostile frontend.
 *
 * Faces domU-kernel/drivers/vbd.c, and any other blkfront.
 */
#ifndef BACKEND_BLKIF_H
#define BACKEND_BLKIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/blkif.h>

#define BLKIF_SECTOR       512u    /* bytes: the unit of sector numbers and sizes */
#define BLKIF_SLOT         112u    /* bytes of a ring slot, of 64-bit domains */
#define BLKIF_PAGE         4096u
#define BLKIF_MAX_SEGMENTS 256u    /* indirect; 1 MiB a request */
#define BLKIF_SEGMENTS_PER_PAGE (BLKIF_PAGE / sizeof(struct blkif_request_segment))

_Static_assert(sizeof(union blkif_sring_entry) == BLKIF_SLOT, "blkif slot of a 64-bit domain");

/* What there is of a read or write with one segment, from the beginning of its slot. */
#define BLKIF_ONE_SEGMENT offsetof(struct blkif_request, seg[1])

/* Operation and number of segments of a read or write, to be compared at once. */
#define BLKIF_NO_SHAPE UINT32_MAX    /* no request's */
static inline uint32_t blkif_shape(uint8_t operation, uint8_t segments)
{
    return operation | (uint32_t)segments << 8;
}

/* What requests are checked against. */
struct blkif_disk {
    uint64_t sectors;
    bool readonly, flush, discard;   /* the latter two: offered */
};

enum blkif_kind { BLKIF_READ, BLKIF_WRITE, BLKIF_FLUSH, BLKIF_DISCARD };

struct blkif_operation {
    uint64_t id;                 /* the frontend's: only ever echoed */
    uint8_t code;                /* BLKIF_OP_* to echo: with INDIRECT, what it wraps, which
                                    is what frontends compare with */
    enum blkif_kind kind;
    uint64_t sector, sectors;    /* on the disk; both inside it */
    uint32_t segments;
    struct {
        uint32_t gref;
        uint16_t offset, length; /* bytes within the page */
    } segment[BLKIF_MAX_SEGMENTS];
    /* Indirect: the pages that hold the segments, read before blkif_segments(). */
    uint32_t pages;
    uint32_t page[BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST];
};

/*
 * Read a private copy of a ring slot.  BLKIF_RSP_OKAY: `operation` can be done
 * (with operation->pages, after blkif_segments()).  Else the status to answer;
 * id and code are right in any case.
 */
int blkif_read(const union blkif_sring_entry *, const struct blkif_disk *,
               struct blkif_operation *);

/*
 * The segments of an indirect request, from private copies of its pages, one
 * behind the other.  Status as above.
 */
int blkif_segments(struct blkif_operation *, const struct blkif_request_segment *,
                   const struct blkif_disk *);

#endif
