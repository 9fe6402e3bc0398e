/*
 * A virtual disk of a domain, served by this process: the blkif protocol over an
 * image file or block device.
 *
 * Requests are answered in order, each response by one store over its request, with
 * a mark; so in the ring of a killed backend each slot holds either, and a new one
 * that takes the device over (vbd_new() on one that is connected) publishes the
 * responses and does the requests again.
 *
 * Faces domU-kernel/drivers/vbd.c and any other blkfront.
 */
#ifndef BACKEND_VBD_H
#define BACKEND_VBD_H

#include <ring.h>

#include "backend/blkif.h"
#include "backend/split.h"
#include "backend/storage.h"

/* Class below dom0's backend/: not "vbd", which Linux's blkback would take. */
#define VBD_BACKEND_CLASS "xenometer-vbd"

struct vbd;

/*
 * Serve the image at `path` as virtual disk `device` (51712: xvda) of a domain.
 * Makes the device; where a process of ours served it and was killed, goes on where it
 * was, with the same arguments only.  NULL with *error (the caller's to free): also
 * when the domain has such a disk already, or somebody else serves the image.
 */
struct vbd *vbd_new(struct host *, uint32_t domid, uint32_t device, const char *path,
                    bool readonly, char **error);

/* What all devices have (split.h): trouble, close. */
struct split *vbd_split(struct vbd *);
struct vbd *vbd_of(struct split *);

/* Requests answered so far. */
uint64_t vbd_requests(const struct vbd *);

/* Unmap and unbind everything, and remove the device.  Not inside host_turn(). */
void vbd_free(struct vbd *);

#endif
