/*
 * A virtual block device: the frontend of Xen's blkif protocol (xen/io/blkif.h),
 * whoever the backend is.
 *
 * The buffer is granted once and for all, so that a backend with
 * feature-persistent keeps it mapped.  What the backend answers is checked:
 * an answer to no open request, or about another operation than was asked for, breaks
 * the device; so does one that goes, or never answers.  disk.trouble says which.
 */
#ifndef DRIVERS_VBD_H
#define DRIVERS_VBD_H

#include "device.h"
#include "disk.h"
#include "../xen/events.h"
#include "../xen/grants.h"
#include "../xen/xenbus.h"

#include <ring.h>
#include <xen/io/blkif.h>

#define VBD_SLOT     sizeof(union blkif_sring_entry)
#define VBD_ORDER    1u      /* of the ring: two pages, where the backend takes as many */
#define VBD_SLOTS    64u     /* of a ring of two pages; of one half as many */
#define VBD_INDIRECT 4u      /* indirect requests open at once */

struct vbd {
    struct disk disk;        /* first: struct disk_operations */
    struct xenbus_device bus;
    struct ring_front ring;
    u32 mask;                /* slots, less one */
    /* Where each slot stands: of the 60 instructions of a request this saves six. */
    union blkif_sring_entry *slot[VBD_SLOTS];
    u32 port;
    u16 handle;              /* the number in its path */
    u32 head;                /* with which a request of one segment begins, but for its operation */
    bool persistent, flush, discard;
    u32 indirect;            /* segments an indirect request may have; 0: none */
    /* Pages with the segments of indirect requests and their grants; who has them. */
    struct blkif_request_segment *segments[VBD_INDIRECT];
    grant_ref segments_ref[VBD_INDIRECT];
    u8 segments_of[VBD_INDIRECT];
    u32 segments_used;       /* bit n: page n is */
};

/* In disk.asked[]: the operation that the answer must name, and these. */
#define VBD_ASKED    0x100u
#define VBD_ASKED_INDIRECT 0x200u

/* Connect to the device at `frontend` ("device/vbd/51712"), with a ring of 2^VBD_ORDER
 * pages if it can be.  Part of struct disk_operations. */
const char *vbd_connect(struct disk *, const char *frontend);
/* The same, but not saying that our grants are persistent: the backend maps or copies
 * them anew for each request. */
const char *vbd_connect_unkept(struct disk *, const char *frontend);

/* The segment that is the whole of page n of the buffer; after vbd_connect(). */
extern struct blkif_request_segment vbd_page_segment[DISK_PAGES];

/* Part of struct disk_operations: a read or write (BLKIF_OP_*). */
bool vbd_put(struct vbd *, u32 id, u8 operation, u64 sector, u32 sectors, u32 page);

/*
 * The same of one page.  No more numbers than the ring has slots, and each occupies one
 * until its answer is taken: so there is a slot.
 */
static inline __attribute__((always_inline))
void vbd_put_page(struct vbd *v, u32 id, u8 operation, u64 sector, u32 page)
{
    struct blkif_request *request = &v->slot[v->ring.req_prod++ & v->mask]->req;

    u32 head = v->head | operation;

    /* Operation, number of segments and handle, in one store. */
    __builtin_memcpy(request, &head, sizeof(head));
    request->id = id;
    request->sector_number = sector;
    request->seg[0] = vbd_page_segment[page];
    v->disk.asked[id] = (u16)(VBD_ASKED | operation);
}

/* Put a flush of the disk's cache, or a discard of `sectors`, where it offers them. */
bool vbd_put_flush(struct vbd *, u32 id);
bool vbd_put_discard(struct vbd *, u32 id, u64 sector, u64 sectors);

/* Publish what was put, and notify the backend if it asked for that. */
static inline __attribute__((always_inline)) void vbd_push(struct vbd *v)
{
    if ( ring_front_push(&v->ring) )
    {
        event_send(v->port);
        device.notifications++;
    }
}

/* An answer to an indirect request, or to nothing that was asked; `rest`: what stands behind its id. */
enum ring_result vbd_take_other(struct vbd *, u64 id, u32 rest);

/* The device is of no more use, because of `why`: RING_BROKEN. */
enum ring_result vbd_break(struct vbd *, const char *why);
#define VBD_BAD_INDEX "the backend claims more responses than there were requests"

/*
 * Take one answer; RING_BROKEN also when it is none to what was asked.  Its number is set
 * with RING_TAKEN, and is no request's from then on.
 */
static inline __attribute__((always_inline))
enum ring_result vbd_take_id(struct vbd *v, u32 *number, bool *well)
{
    enum ring_result r = ring_front_look(&v->ring);
    const struct blkif_response *response;
    u64 id;
    u32 rest, asked;

    _Static_assert(__builtin_offsetof(struct blkif_response, operation) == 8 &&
                   __builtin_offsetof(struct blkif_response, status) == 10, "blkif ABI");
    if ( r != RING_TAKEN )
        return r == RING_EMPTY ? r : vbd_break(v, VBD_BAD_INDEX);
    response = &v->slot[v->ring.rsp_cons++ & v->mask]->rsp;
    /* Each word of the answer is read once: the backend may change it between check
     * and use.  (Not by __atomic_load_n(), whose address has no offset on ARM64.) */
    id = *(const volatile u64 *)&response->id;
    rest = *(const volatile u32 *)&response->operation;
    *well = rest >> 16 == BLKIF_RSP_OKAY;
    *number = (u32)id;
    asked = id < DISK_MAX_DEPTH ? v->disk.asked[id] : 0;
    /* So, and not with VBD_ASKED put to the other side: ARM64 compares with a byte at once. */
    if ( asked - VBD_ASKED != (u8)rest )
        return vbd_take_other(v, id, rest);
    disk_end_id(&v->disk, id);
    return RING_TAKEN;
}

static inline __attribute__((always_inline))
enum ring_result vbd_take(struct vbd *v, bool *well)
{
    u32 number;

    return vbd_take_id(v, &number, well);
}

/* Sleep until an answer can be taken, being notified after `after` of them.
 * False: broken. */
bool vbd_wait(struct vbd *, u32 after);

#endif
