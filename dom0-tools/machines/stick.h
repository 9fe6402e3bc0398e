/*
 * An image for a USB stick or a CD that boots any PC, by BIOS or UEFI, into Xen and the lab's dom0,
 * measures there, and leaves the results on the stick.
 *
 * Try: xenometer stick stick.img, then
 *      qemu-system-x86_64 -m 2048 -drive if=none,id=stick,format=raw,file=stick.img
 *          -device qemu-xhci -device usb-storage,drive=stick
 */
#ifndef MACHINES_STICK_H
#define MACHINES_STICK_H

#include <stdbool.h>

#include "machines/lab.h"

struct stick_options {
    const char *file;         /* to be written: a file, or with `device` a block device */
    bool device;              /* the user said that it may be overwritten */
    struct lab_options lab;   /* cache, suite, quiet */
};

/*
 * Make the image, of the lab's packages, with GRUB's, xorriso and mtools.  The same packages and
 * program give the same bytes.  The file is complete or as it was; a device that fails half way is
 * said to be half written.  An enum status, said why.
 */
int stick_make(const struct stick_options *options);

/* Bytes of its last partition: FAT16, which every system reads and writes. */
#define STICK_RESULTS_BYTES (16u << 20)

#endif
