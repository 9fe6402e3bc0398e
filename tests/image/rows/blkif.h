/* struct disk_operations of the blkif frontend, as rows that are not timed to the
 * instruction use them. */
#ifndef TEST_ROWS_BLKIF_H
#define TEST_ROWS_BLKIF_H

#include "../../../domU-kernel/drivers/vbd.h"

static bool blkif_put(struct disk *d, u32 id, bool write, u64 sector, u32 sectors, u32 page)
{
    return vbd_put((struct vbd *)d, id, write ? BLKIF_OP_WRITE : BLKIF_OP_READ, sector, sectors,
                   page);
}

static void blkif_push(struct disk *d)
{
    vbd_push((struct vbd *)d);
}

static bool blkif_wait(struct disk *d, u32 after)
{
    return vbd_wait((struct vbd *)d, after);
}

static enum ring_result blkif_take(struct disk *d, bool *well)
{
    return vbd_take((struct vbd *)d, well);
}

static const struct disk_operations blkif_operations = {
    .connect = vbd_connect, .put = blkif_put, .push = blkif_push, .wait = blkif_wait,
    .take = blkif_take,
};

#endif
