/* The disk by QEMU's IDE controller: every register is a port of QEMU's. */
#include "../disk.h"
#include "../../drivers/x86/ide.h"

#define IDE_PATH(id, operations_)                                                   \
    static struct ide id##_disk;                                                    \
    static struct disk_path id##_path = {                                           \
        .disk = &id##_disk.disk, .area = &disk_areas[AREA_QEMU],                    \
        .operations = &operations_, .move = disk_path_move, .stream = disk_path_stream, \
    };                                                                              \
    DISK_SETUP(id)

IDE_PATH(dma, ide_dma_operations)
IDE_PATH(pio, ide_pio_operations)

DISK_RUN_READ(dma, 4096)
EXPLANATION(block_ide_dma) =
    "Writes the bus master's and the disk's registers, each a port of QEMU's, and halts; QEMU reads the "
    "sectors into the guest's memory by a thread and raises IRQ 14 of the emulated I/O APIC; the guest reads "
    "both status registers.  Fourteen port accesses for one read.  Compare with block/virtio, which needs "
    "one, and with port/qemu-ide, what one costs; for what QEMU's mapping of the guest's pages costs, too.";
ROW(block_ide_dma, .setup = setup_dma, .run = run_dma_read_4096) = {
    .name = "block/ide-dma", .work = DISK_READ,
    .path = "IDE bus master (PIIX3) in QEMU",
    .help = "read 4 KiB through QEMU's IDE disk, by DMA",
    .explanation = explanation_block_ide_dma,
    EMULATED_HEADLINE, .operations = 1, .samples = 20, .warmup = 2,
};

DISK_RUN_WRITE(dma, 4096)
EXPLANATION(block_ide_dma_write) =
    "As block/ide-dma, but a write; each block is read back and compared outside of the figure.";
ROW(block_ide_dma_write, .setup = setup_dma, .run = run_dma_write_4096) = {
    .name = "block/ide-dma-write", .work = DISK_WRITE,
    .path = "IDE bus master (PIIX3) in QEMU",
    .help = "write 4 KiB through QEMU's IDE disk, by DMA",
    .explanation = explanation_block_ide_dma_write,
    EMULATED_ROW, .operations = 1, .samples = 20, .warmup = 2,
};

DISK_RUN_READ(pio, 4096)
EXPLANATION(block_ide_pio) =
    "READ SECTORS: for each of the eight sectors an interrupt (the vCPU halts until it comes), the status "
    "register, and 256 words through the data register by REP INSW, which Xen hands to QEMU as one "
    "request.  Compare with block/ide-dma.";
ROW(block_ide_pio, .setup = setup_pio, .run = run_pio_read_4096) = {
    .name = "block/ide-pio", .work = DISK_READ,
    .path = "IDE in QEMU, a sector per interrupt",
    .help = "read 4 KiB through QEMU's IDE disk, by programmed transfers",
    .explanation = explanation_block_ide_pio,
    EMULATED_ROW, .operations = 1, .samples = 6, .warmup = 1,
};

DISK_RUN_WRITE(pio, 4096)
EXPLANATION(block_ide_pio_write) =
    "As block/ide-pio, but WRITE SECTORS; each block is read back and compared outside of the figure.";
ROW(block_ide_pio_write, .setup = setup_pio, .run = run_pio_write_4096) = {
    .name = "block/ide-pio-write", .work = DISK_WRITE,
    .path = "IDE in QEMU, a sector per interrupt",
    .help = "write 4 KiB through QEMU's IDE disk, by programmed transfers",
    .explanation = explanation_block_ide_pio_write,
    EMULATED_ROW, .operations = 1, .samples = 6, .warmup = 1,
};

DISK_SIZE_ROWS(dma, "block/ide-dma", "IDE bus master (PIIX3) in QEMU", 10, 4, "", EMULATED_SIZES);

/* A sector at a time: what more of them cost, a few show. */
#define PIO_PATH "IDE in QEMU, a sector per interrupt"
DISK_SIZE_ROW(pio, "block/ide-pio", PIO_PATH, 512, "512", "512 bytes", 6, "", EMULATED_SIZES);
DISK_SIZE_ROW(pio, "block/ide-pio", PIO_PATH, 16384, "16k", "16 KiB", 4, "", EMULATED_SIZES);
DISK_SIZE_ROW(pio, "block/ide-pio", PIO_PATH, 65536, "64k", "64 KiB", 2, "", EMULATED_SIZES);
