/* The disk by QEMU's NVMe controller: queues in memory, doorbells in device memory. */
#include "../disk.h"
#include "../../drivers/x86/nvme.h"

static struct nvme nvme_disk;
static struct disk_path nvme_path = {
    .disk = &nvme_disk.disk, .area = &disk_areas[AREA_QEMU],
    .operations = &nvme_operations, .move = disk_path_move, .stream = disk_path_stream,
};
DISK_SETUP(nvme)

DISK_RUN_READ(nvme, 4096)
EXPLANATION(block_nvme) =
    "Writes a command into the submission queue, rings its doorbell, and halts; QEMU reads into the guest's "
    "memory by a thread, writes a completion and raises an MSI-X; the guest takes it and rings the "
    "completion queue's doorbell.  Two accesses to device memory.  Compare with block/virtio, whose queue "
    "needs no second bell, and with block/ahci, which needs six.";
ROW(block_nvme, .setup = setup_nvme, .run = run_nvme_read_4096) = {
    .name = "block/nvme", .work = DISK_READ,
    .path = "NVMe in QEMU, depth 1",
    .help = "read 4 KiB through QEMU's NVMe disk, one at a time",
    .explanation = explanation_block_nvme,
    EMULATED_ROW, .operations = 1, .samples = 40, .warmup = 4,
};

DISK_RUN_WRITE(nvme, 4096)
EXPLANATION(block_nvme_write) =
    "As block/nvme, but a write; each block is read back and compared outside of the figure.";
ROW(block_nvme_write, .setup = setup_nvme, .run = run_nvme_write_4096) = {
    .name = "block/nvme-write", .work = DISK_WRITE,
    .path = "NVMe in QEMU, depth 1",
    .help = "write 4 KiB through QEMU's NVMe disk, one at a time",
    .explanation = explanation_block_nvme_write,
    EMULATED_ROW, .operations = 1, .samples = 40, .warmup = 4,
};

DISK_RUN_STREAM(nvme, 32)
EXPLANATION(block_nvme_depth_32) =
    "Streams 256 reads of 4 KiB with up to 32 open; the figure is per request.  One doorbell of each queue "
    "serves many commands.";
ROW(block_nvme_depth_32, .setup = setup_nvme_depth_32, .run = run_nvme_depth_32) = {
    .name = "block/nvme-depth-32", .work = DISK_READ,
    .path = "NVMe in QEMU, up to 32 open",
    .help = "stream 4 KiB reads through QEMU's NVMe disk, up to 32 open; per request",
    .explanation = explanation_block_nvme_depth_32,
    EMULATED_STREAM_ROW,
};

DISK_SIZE_ROWS(nvme, "block/nvme", "NVMe in QEMU, depth 1", 20, 10, "", EMULATED_SIZES);
