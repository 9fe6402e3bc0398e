/* The disk by QEMU's AHCI controller: commands in memory, registers in device memory. */
#include "../disk.h"
#include "../../drivers/x86/ahci.h"

static struct ahci ahci_disk;
static struct disk_path ahci_path = {
    .disk = &ahci_disk.disk, .area = &disk_areas[AREA_QEMU],
    .operations = &ahci_operations, .move = disk_path_move, .stream = disk_path_stream,
};
DISK_SETUP(ahci)

DISK_RUN_READ(ahci, 4096)
EXPLANATION(block_ahci) =
    "Writes a queued command (READ FPDMA QUEUED) and its FIS into memory, two registers to issue it, and "
    "halts; QEMU reads into the guest's memory by a thread and raises an MSI; the guest reads and clears the "
    "port's status, clears the controller's, and reads which commands are active.  Six accesses to device "
    "memory, each of them decoded by Xen and answered by QEMU.  Compare with block/ide-dma and block/virtio.";
ROW(block_ahci, .setup = setup_ahci, .run = run_ahci_read_4096) = {
    .name = "block/ahci", .work = DISK_READ,
    .path = "AHCI in QEMU, depth 1",
    .help = "read 4 KiB through QEMU's AHCI disk, one at a time",
    .explanation = explanation_block_ahci,
    EMULATED_ROW, .operations = 1, .samples = 40, .warmup = 4,
};

DISK_RUN_WRITE(ahci, 4096)
EXPLANATION(block_ahci_write) =
    "As block/ahci, but a write; each block is read back and compared outside of the figure.";
ROW(block_ahci_write, .setup = setup_ahci, .run = run_ahci_write_4096) = {
    .name = "block/ahci-write", .work = DISK_WRITE,
    .path = "AHCI in QEMU, depth 1",
    .help = "write 4 KiB through QEMU's AHCI disk, one at a time",
    .explanation = explanation_block_ahci_write,
    EMULATED_ROW, .operations = 1, .samples = 40, .warmup = 4,
};

DISK_RUN_STREAM(ahci, 32)
EXPLANATION(block_ahci_depth_32) =
    "Streams 256 reads of 4 KiB with up to 32 open, by native command queuing; the figure is per request.  "
    "One issue serves many commands; what they interrupt, the disk decides.";
ROW(block_ahci_depth_32, .setup = setup_ahci_depth_32, .run = run_ahci_depth_32) = {
    .name = "block/ahci-depth-32", .work = DISK_READ,
    .path = "AHCI in QEMU, up to 32 open",
    .help = "stream 4 KiB reads through QEMU's AHCI disk, up to 32 open; per request",
    .explanation = explanation_block_ahci_depth_32,
    EMULATED_STREAM_ROW,
};

DISK_SIZE_ROWS(ahci, "block/ahci", "AHCI in QEMU, depth 1", 20, 10, CROSSES_A_BUCKET, EMULATED_SIZES);
