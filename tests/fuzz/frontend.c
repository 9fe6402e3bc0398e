/*
 * The unikernel's blkif frontend (drivers/vbd_requests.c, vbd.h, vbd_merge.h) against a backend that may write
 * anything into the ring: it takes no answer twice, and none that was not asked for.
 */
#include "../../domU-kernel/drivers/vbd_merge.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(4096) union { struct ring_shared shared; uint8_t bytes[8192]; } ring;
    static struct blkif_request_segment segments[VBD_INDIRECT][DISK_PAGES];
    static struct vbd v;
    static struct vbd_merge merge;
    struct input in = { data, size };
    bool merging = input_byte(&in) & 1;
    u32 open = 0;

    memset(&v, 0, sizeof(v));
    memset(&ring, 0, sizeof(ring));
    ring_front_init(&v.ring, &ring.shared, ring_slot_count(sizeof(ring), VBD_SLOT));
    v.mask = v.ring.count - 1;
    v.indirect = DISK_PAGES;
    v.flush = v.discard = true;
    for ( u32 i = 0; i < v.ring.count; i++ )
        v.slot[i] = (void *)ring_slot(&ring.shared, v.ring.count, i, VBD_SLOT);
    for ( u32 i = 0; i < VBD_INDIRECT; i++ )
        v.segments[i] = segments[i];
    disk_set_depth(&v.disk, v.ring.count);
    vbd_merge_init(&merge, &v);
    while ( in.size )
    {
        u8 what = input_byte(&in);
        enum ring_result r;
        bool well;
        u32 id;

        if ( what < 64 && v.disk.frees )
        {
            id = disk_new_id(&v.disk);
            MUST(id < DISK_MAX_DEPTH && v.disk.asked[id] == DISK_NOTHING);
            if ( merging )
            {
                vbd_merge_put(&merge, id, what & 1 ? BLKIF_OP_WRITE : BLKIF_OP_READ,
                              merge.end + (what & 2 ? 8 : 0), what);
                open++;
            }
            else if ( vbd_put(&v, id, what & 1 ? BLKIF_OP_WRITE : BLKIF_OP_READ, what,
                         1 + what * 8u % (DISK_PAGES * DISK_PAGE_SECTORS), 0) )
                open++;
            else
                disk_end_id(&v.disk, id);
        }
        else if ( what < 96 )
        {
            merge.open = NULL;   /* as vbd_merge_push() */
            ring_front_push(&v.ring);
        }
        else if ( what < 160 )
        {
            /* Anything, anywhere: also an index, and a request that is open. */
            u32 at = input_word(&in) % (sizeof(ring) - 16);

            input_take(&in, ring.bytes + at, 1 + what % 16);
        }
        else if ( what < 192 )
        {
            /* An answer as it should be, but for its number. */
            struct blkif_response *response = &v.slot[ring.shared.rsp_prod & v.mask]->rsp;

            response->id = input_byte(&in) % 80;
            response->operation = what % 7;
            response->status = BLKIF_RSP_OKAY;
            ring.shared.rsp_prod++;
        }
        else
        {
            r = merging ? vbd_merge_take(&merge, &well) : vbd_take(&v, &well);
            MUST(r != RING_TAKEN || open > 0);
            open -= r == RING_TAKEN;
            MUST(!v.ring.broken || vbd_take(&v, &well) == RING_BROKEN);
        }
        MUST(v.disk.frees + open == v.disk.depth || v.ring.broken);
    }
    return 0;
}
