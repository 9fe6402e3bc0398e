/* backend/blkif.c against a frontend that may write anything into a slot and into the pages of an
 * indirect request. */
#include <backend/blkif.h>

#include "fuzz.h"

static void check(const struct blkif_operation *o, const struct blkif_disk *disk)
{
    uint64_t bytes = 0;

    MUST(o->sector <= disk->sectors && o->sectors <= disk->sectors - o->sector);
    MUST(o->kind == BLKIF_READ || o->kind == BLKIF_FLUSH || !disk->readonly);
    MUST(o->segments <= BLKIF_MAX_SEGMENTS);
    if ( o->kind != BLKIF_READ && o->kind != BLKIF_WRITE )
        return;
    MUST(o->segments > 0);
    for ( uint32_t i = 0; i < o->segments; i++ )
    {
        MUST(o->segment[i].length > 0);
        MUST(o->segment[i].offset + o->segment[i].length <= BLKIF_PAGE);
        bytes += o->segment[i].length;
    }
    MUST(bytes == o->sectors * BLKIF_SECTOR);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct blkif_request_segment
        pages[BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST * BLKIF_SEGMENTS_PER_PAGE];
    struct input in = { data, size };
    uint8_t flags = input_byte(&in);
    struct blkif_disk disk = {
        .readonly = flags & 1, .flush = flags & 2, .discard = flags & 4,
    };
    struct blkif_operation operation;
    union blkif_sring_entry slot;

    /* A small disk makes ends easy to hit, a huge one sums that wrap. */
    if ( flags & 8 )
        disk.sectors = flags;
    else
        input_take(&in, &disk.sectors, sizeof(disk.sectors));
    input_take(&in, &slot, sizeof(slot));
    if ( blkif_read(&slot, &disk, &operation) != BLKIF_RSP_OKAY )
        return 0;
    if ( operation.pages )
    {
        MUST(operation.pages <= BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST);
        input_take(&in, pages, sizeof(pages));
        if ( blkif_segments(&operation, pages, &disk) != BLKIF_RSP_OKAY )
            return 0;
    }
    check(&operation, &disk);
    return 0;
}
