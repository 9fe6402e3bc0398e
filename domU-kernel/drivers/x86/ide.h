/*
 * An ATA disk on the primary channel of a PIIX3 (Intel 82371SB): by programmed
 * transfers, a sector and an interrupt at a time, or by the bus master.
 *
 * Sources: ATA/ATAPI-6 (registers, commands), Programming Interface for Bus Master IDE
 * Controller 1.0, the PIIX3's data sheet.
 */
#ifndef DRIVERS_IDE_H
#define DRIVERS_IDE_H

#include "../disk.h"

/* Both are the same disk; one at a time uses the channel. */
extern const struct disk_operations ide_pio_operations, ide_dma_operations;

struct ide {
    struct disk disk;        /* first: struct disk_operations */
    u16 bus_master;          /* its first port, of the primary channel */
    u64 *descriptors;        /* the bus master's, a page: physical regions */
    u64 seen;                /* device_interrupts before the interrupt we wait for */
    /* The one request. */
    u32 id, sectors;
    u64 sector;
    u8 *data;                /* programmed: what comes next */
    bool write, done, well;
};

#endif
