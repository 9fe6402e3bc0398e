/*
 * A virtual network interface of a domain, served by this process: the netif protocol
 * with a reflector at the other end (frame.h), no wire in between.
 *
 * Frames are copied out of the frontend's pages and into them (grant copy), a batch by
 * one hypercall each; nothing of it is mapped but the rings.  They may have 65,535 bytes, in
 * pieces (feature-sg); a checksum that the frontend left blank is completed, and segmentation
 * is not offered.
 *
 * A new process can take the interface over from one that was killed (vif_new() on one
 * that has a frontend): frames under way then are lost, as a network may lose them, and
 * none comes twice.
 *
 * Faces domU-kernel/drivers/vif.c and any other netfront.
 */
#ifndef BACKEND_VIF_H
#define BACKEND_VIF_H

#include "backend/split.h"

/* Class below dom0's backend/: not "vif", which Linux's netback would take. */
#define VIF_BACKEND_CLASS "xenometer-vif"

struct vif;

/*
 * Make virtual interface `device` of a domain, with that address ("00:16:3e:…"), and
 * serve it; or go on with one of ours that was killed, whose address it has to be.
 * `address` NULL: that one's, or a random one of Xen's block.  NULL with *error (the
 * caller's to free): also when the domain has such an interface already.
 */
struct vif *vif_new(struct host *, uint32_t domid, uint32_t device, const char *address,
                    char **error);

/* What all devices have (split.h): trouble, close. */
struct split *vif_split(struct vif *);
struct vif *vif_of(struct split *);

/* As it is in XenStore. */
const char *vif_address(const struct vif *);

/* Frames sent back so far, and those that had to be dropped: the domain had posted too few
 * buffers. */
struct vif_count {
    uint64_t reflected, dropped;
};
struct vif_count vif_count(const struct vif *);

/* Unmap and unbind everything, and remove the device.  Not inside host_turn(). */
void vif_free(struct vif *);

#endif
