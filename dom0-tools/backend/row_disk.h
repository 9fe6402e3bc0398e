/*
 * The disk that all block rows read and write: one backing device in dom0,
 * given to a domain by every block path there is.
 */
#ifndef BACKEND_ROW_DISK_H
#define BACKEND_ROW_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/vbd.h"

/* Numbers of the domain's virtual disks, by path (xen docs/misc/vbd-interface). */
#define ROW_DISK_BLKBACK 51712u   /* xvda: Linux's xen-blkback */
#define ROW_DISK_OWN     51744u   /* xvdc: backend/vbd.c in this process */
#define ROW_DISK_BLKBACK_AGAIN 51760u   /* xvdd and xvde: the same two, for frontends without */
#define ROW_DISK_OWN_AGAIN     51776u   /* persistent grants; ours has a RAM disk of its own */

/* Is there a QEMU for domains in this dom0? */
bool disk_has_device_model(void);

/* xl's setting for xvdb, served by the domain's QEMU. */
#define ROW_DISK_QDISK "disk=[ \"vdev=xvdb,format=raw,access=rw,backendtype=qdisk,target=/dev/ram0\" ]"

struct row_disk {
    unsigned major, minor;       /* of the backing block device */
    bool loaded_brd, loaded_blkback;   /* modules that row_disk_close() unloads */
    bool open;
    char *trouble;               /* why it cannot be opened: not tried again */
};

/*
 * Make it exist, unless it does: a RAM disk (and one more: an image has one backend of
 * ours only), and Linux's backend driver for it.  All zeroes before.  NULL, or why there
 * is none (the disk's); then nothing is left behind.
 */
const char *row_disk_open(struct row_disk *);
void row_disk_close(struct row_disk *);

/*
 * `size` bytes of the disk, whole blocks of 4 KiB, as its backends have written them: not
 * through dom0's cache, of which Linux's knows nothing.  The caller's; NULL with errno.
 */
void *row_disk_read(uint64_t offset, size_t size);

/*
 * The same for the domain's QEMU to emulate, by all controllers which that QEMU has and
 * we know: a setting of xl (the caller's).  One image, opened once.
 */
char *row_disk_controllers(void);

/* The disk as one domain has it. */
struct disk_guest {
    struct host *host;
    uint32_t domid;
    struct vbd *own, *own_again;
};

/*
 * Give it to a paused domain, and wait until the backends are ready for the
 * frontend.  NULL, or why not (the caller's).  row_disk_detach() in any case.
 */
char *row_disk_attach(const struct row_disk *, struct host *, uint32_t domid, struct disk_guest *);
void row_disk_detach(struct disk_guest *);

#endif
