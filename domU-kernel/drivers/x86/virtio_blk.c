#include "virtio_blk.h"
#include "../device.h"
#include "lapic.h"
#include "../../arch/memory.h"

enum { TYPE_IN = 0, TYPE_OUT = 1 };   /* section 5.2.6 */
#define STATUS_OK 0u
#define ASKED     1u                  /* in disk.asked[] */

/* Request n has descriptors 3n to 3n + 2: header, data, status. */
COLD static void write_constants(struct virtio_blk *b, u32 id)
{
    struct virtq_desc *d = &b->queue.shared->desc[3 * id];

    d[0] = (struct virtq_desc){
        .address = (u64)&b->header[id], .length = sizeof(b->header[id]),
        .flags = VIRTQ_DESC_NEXT, .next = (u16)(3 * id + 1),
    };
    d[1].next = (u16)(3 * id + 2);
    d[2] = (struct virtq_desc){
        .address = (u64)&b->status[id], .length = 1, .flags = VIRTQ_DESC_WRITE,
    };
}

COLD static const char *open_device(struct virtio_blk *b)
{
    const char *trouble = virtio_open(&b->device, VIRTIO_BLOCK, VIRTIO_F_EVENT_IDX);

    if ( trouble )
        return trouble;
    if ( !b->device.config )
        return "the virtio block device does not say how large it is";
    return virtio_queue_open(&b->device, &b->queue, 0, VECTOR_DEVICE);
}

COLD static const char *connect(struct disk *d, const char *where)
{
    struct virtio_blk *b = (struct virtio_blk *)d;
    const char *trouble = open_device(b);

    (void)where;
    if ( trouble )
        return trouble;
    /* Section 5.2.4: the capacity is the first field. */
    d->sectors = mmio_read32(b->device.config) | (u64)mmio_read32(b->device.config + 4) << 32;
    d->most = DISK_PAGES * DISK_PAGE_SECTORS;
    disk_set_depth(d, b->queue.size / 3);
    for ( u32 id = 0; id < d->depth; id++ )
        write_constants(b, id);
    virtio_start(&b->device);
    return NULL;
}

static bool put(struct disk *d, u32 id, bool write, u64 sector, u32 sectors, u32 page)
{
    struct virtio_blk *b = (struct virtio_blk *)d;
    struct virtq_desc *data = &b->queue.shared->desc[3 * id + 1];

    b->header[id].type = write ? TYPE_OUT : TYPE_IN;
    b->header[id].sector = sector;
    b->status[id] = ~STATUS_OK & 0xff;
    data->address = (u64)(disk_buffer() + page * PAGE_SIZE);
    data->length = sectors * DISK_SECTOR;
    data->flags = VIRTQ_DESC_NEXT | (write ? 0 : VIRTQ_DESC_WRITE);
    d->asked[id] = ASKED;
    virtio_put_chain(&b->queue, (u16)(3 * id));
    return true;
}

static void push(struct disk *d)
{
    struct virtio_blk *b = (struct virtio_blk *)d;

    if ( virtio_publish(&b->queue) )
    {
        virtio_notify_mmio(&b->queue);
        device.notifications++;
    }
}

static bool any_used(struct disk *d)
{
    return virtio_used(&((struct virtio_blk *)d)->queue);
}

static bool wait(struct disk *d, u32 after)
{
    struct virtio_blk *b = (struct virtio_blk *)d;

    virtio_interrupt_after(&b->queue, (u16)after);
    return disk_halt_until(d, any_used);
}

static enum ring_result take(struct disk *d, bool *well)
{
    struct virtio_blk *b = (struct virtio_blk *)d;
    u32 head, id;

    if ( !any_used(d) )
        return RING_EMPTY;
    head = virtio_take_head(&b->queue);
    id = head / 3;
    if ( head % 3 || id >= d->depth || d->asked[id] != ASKED )
        return RING_BROKEN;
    *well = b->status[id] == STATUS_OK;
    disk_end_id(d, id);
    return RING_TAKEN;
}

const struct disk_operations virtio_blk_operations = {
    .connect = connect, .listen = disk_listen_messages, .put = put, .push = push, .wait = wait, .take = take,
};
