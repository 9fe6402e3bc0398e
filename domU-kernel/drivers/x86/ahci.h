/*
 * A SATA disk on an AHCI controller (Serial ATA AHCI 1.3.1): commands in lists in our
 * memory, many of them open by native command queuing (Serial ATA 3, 13.6).
 *
 * Try it: -device ich9-ahci,id=ahci -device ide-hd,drive=…,bus=ahci.0
 */
#ifndef DRIVERS_AHCI_H
#define DRIVERS_AHCI_H

#include "../disk.h"

#define AHCI_SLOTS 32u

/* Section 4.2.2 and 4.2.3. */
struct ahci_header { u32 flags, moved; u64 table; u32 reserved[4]; };
struct ahci_region { u64 address; u32 reserved, bytes; };   /* bytes: less one */
struct ahci_table {
    u8 fis[64], atapi[16], reserved[48];
    struct ahci_region region[8];
};
_Static_assert(sizeof(struct ahci_table) == 256, "tables stand at multiples of 128 bytes");

struct ahci {
    struct disk disk;        /* first: struct disk_operations */
    u64 registers, port;     /* addresses: the controller's, its one port's with a disk */
    struct ahci_header *headers;   /* AHCI_SLOTS of them, and what the disk sends behind */
    struct ahci_table *tables;
    u64 seen;                /* device_interrupts before the interrupt we wait for */
    u32 put, issued, done;   /* bit n: request n; done: and not taken */
    bool failed;
};

extern const struct disk_operations ahci_operations;

#endif
