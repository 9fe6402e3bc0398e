/*
 * A virtual block device: the frontend of Xen's blkif protocol (xen/io/blkif.h),
 * whoever the backend is.
 *
 * Buffers are granted once and for all, so that a backend with
 * feature-persistent keeps them mapped.  What the backend answers is
 * checked: an answer to no open request breaks the device.
 */
#ifndef DRIVERS_VBD_H
#define DRIVERS_VBD_H

#include "../xen/events.h"
#include "../xen/grants.h"
#include "../xen/xenbus.h"

#include <ring.h>
#include <xen/io/blkif.h>

#define VBD_SECTOR       512u   /* bytes: blkif's unit of sector numbers and sizes */
#define VBD_SLOT         sizeof(union blkif_sring_entry)
#define VBD_MAX_REQUESTS 64u    /* open at once; ids are below it */

struct vbd {
    struct xenbus_device bus;
    struct ring_front ring;
    u32 port;
    u16 handle;              /* the number in its path */
    u64 sectors;             /* of VBD_SECTOR bytes */
    bool readonly, persistent, flush, discard;
    u32 indirect;            /* segments an indirect request may have; 0: none */
    u64 open;                /* bit n: request id n awaits its answer */
    u64 notifications;       /* events sent */
};

/*
 * Connect to the block device at `frontend` ("device/vbd/51712"), with a ring of
 * 2^order pages.  NULL, or why it cannot be used.
 */
const char *vbd_connect(struct vbd *, const char *frontend, u32 order);

/*
 * Put a read or write (BLKIF_OP_*) of one segment: sectors first to last
 * (inclusive, 0 to 7) of the page `gref`, from `sector` on.  `id` must be free and
 * below VBD_MAX_REQUESTS.  False: the ring is full or broken.
 */
static inline bool vbd_put(struct vbd *v, u8 operation, u32 id, u64 sector,
                           grant_ref gref, u8 first, u8 last)
{
    /* As much of struct blkif_request as one segment fills. */
    struct {
        u8 operation, segments;
        u16 handle;
        u64 id, sector;
        struct blkif_request_segment segment;
    } request = {
        .operation = operation, .segments = 1, .handle = v->handle, .id = id,
        .sector = sector, .segment = { gref, first, last },
    };

    _Static_assert(__builtin_offsetof(struct blkif_request, seg) == 24, "x86_64 blkif ABI");
    if ( !ring_front_put_part(&v->ring, &request, sizeof(request), VBD_SLOT) )
        return false;
    v->open |= 1ul << id;
    return true;
}

/* Publish what was put, and notify the backend if it asked for that. */
static inline void vbd_push(struct vbd *v)
{
    if ( ring_front_push(&v->ring) )
    {
        event_send(v->port);
        v->notifications++;
    }
}

/*
 * Take one answer: *id names the request, *status is BLKIF_RSP_*.  RING_BROKEN
 * also when nobody asked for it.
 */
static inline enum ring_result vbd_take(struct vbd *v, u32 *id, int *status)
{
    struct blkif_response response;
    enum ring_result r = ring_front_take_part(&v->ring, &response, sizeof(response), VBD_SLOT);

    if ( r != RING_TAKEN )
        return r;
    if ( response.id >= VBD_MAX_REQUESTS || !(v->open & 1ul << response.id) )
    {
        v->ring.broken = true;
        return RING_BROKEN;
    }
    v->open &= ~(1ul << response.id);
    *id = (u32)response.id;
    *status = response.status;
    return RING_TAKEN;
}

/* Sleep until an answer can be taken, being notified after `after` of them.
 * False: broken. */
bool vbd_wait(struct vbd *, u32 after);

#endif
