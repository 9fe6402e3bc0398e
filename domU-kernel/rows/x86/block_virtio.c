/* The disk by virtio-blk: QEMU's, without any accelerator in dom0's kernel, or the host's. */
#include "../disk.h"
#include "../../drivers/x86/virtio_blk.h"

static struct virtio_blk virtio_disk;
static struct disk_path virtio_path = {
    .disk = &virtio_disk.disk, .area = &disk_areas[AREA_QEMU],
    .operations = &virtio_blk_operations, .move = disk_path_move, .stream = disk_path_stream,
};
DISK_SETUP(virtio)

DISK_RUN_READ(virtio, 4096)
EXPLANATION(block_virtio) =
    "Puts one read into the queue of QEMU's virtio-blk (header, data, status), rings the bell by a write to "
    "device memory, halts, and is woken by MSI-X.  QEMU maps the guest's pages, has one of its threads read "
    "the RAM disk, and raises the interrupt.  The data was written before and is compared.  Compare with "
    "block/blkif-linux, the same read by a ring and grants.  QEMU maps by buckets of 1 MiB.  Since 9.1 "
    "(xen-mapcache.c) it unmaps a bucket when nothing of it is in use any more, before only those that "
    "shared a slot: after each request, and after the guest's answer, dom0's kernel clears 256 entries of a "
    "page table, and as each is a write to a table that is read-only for a PV dom0, Xen emulates it "
    "(pv_ro_page_fault): some 1.4 million instructions.  With more requests open the bucket stays in use: "
    "see block/virtio-depth-32.  block/blkif-* take no such mapping.  Under KVM the guest's memory is QEMU's own: no "
    "mapping at all, an eventfd for the bell and one for the interrupt.";
ROW(block_virtio, .setup = setup_virtio, .run = run_virtio_read_4096) = {
    .name = "block/virtio", .work = DISK_READ,
    .path = "virtio-blk in QEMU, depth 1",
    .help = "read 4 KiB through QEMU's virtio-blk, one at a time",
    .explanation = explanation_block_virtio,
    EMULATED_HEADLINE, .operations = 1, .samples = 60, .warmup = 8,
};

DISK_RUN_WRITE(virtio, 4096)
EXPLANATION(block_virtio_write) =
    "As block/virtio, but a write; each block is read back and compared outside of the figure.";
ROW(block_virtio_write, .setup = setup_virtio, .run = run_virtio_write_4096) = {
    .name = "block/virtio-write", .work = DISK_WRITE,
    .path = "virtio-blk in QEMU, depth 1",
    .help = "write 4 KiB through QEMU's virtio-blk, one at a time",
    .explanation = explanation_block_virtio_write,
    EMULATED_ROW, .operations = 1, .samples = 60, .warmup = 8,
};

#define STREAM_ROW(depth)                                                           \
    DISK_RUN_STREAM(virtio, depth)                                                  \
    EXPLANATION(block_virtio_depth_##depth) =                                       \
        "Streams 256 reads of 4 KiB with up to " #depth " open; the figure is per request.  The event " \
        "indices of both sides have one bell and one interrupt serve many requests.";                   \
    ROW(block_virtio_depth_##depth, .setup = setup_virtio_depth_##depth, .run = run_virtio_depth_##depth) = {                                             \
        .name = "block/virtio-depth-" #depth, .work = DISK_READ,                    \
        .path = "virtio-blk in QEMU, up to " #depth " open",                        \
        .help = "stream 4 KiB reads through QEMU's virtio-blk, up to " #depth " open; per request", \
        .explanation = explanation_block_virtio_depth_##depth,                      \
        EMULATED_STREAM_ROW,                                                        \
    }

STREAM_ROW(4);
STREAM_ROW(32);

DISK_SIZE_ROWS(virtio, "block/virtio", "virtio-blk in QEMU, depth 1", 20, 10, CROSSES_A_BUCKET, EMULATED_SIZES);
