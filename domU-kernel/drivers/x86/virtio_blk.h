/*
 * A virtio block device (Virtio 1.2, section 5.2), over PCI, with one queue.
 *
 * Try it: -device virtio-blk-pci,drive=…,disable-legacy=on
 */
#ifndef DRIVERS_VIRTIO_BLK_H
#define DRIVERS_VIRTIO_BLK_H

#include "../disk.h"
#include "virtio.h"

/* Section 5.2.6: what stands before and behind the data. */
struct virtio_blk_header { u32 type, reserved; u64 sector; };

#define VIRTIO_BLK_REQUESTS (VIRTQ_SIZE / 3)   /* of three descriptors each */

struct virtio_blk {
    struct disk disk;        /* first: struct disk_operations */
    struct virtio_device device;
    struct virtio_queue queue;
    struct virtio_blk_header header[VIRTIO_BLK_REQUESTS];
    u8 status[VIRTIO_BLK_REQUESTS];
};

extern const struct disk_operations virtio_blk_operations;

#endif
