/*
 * A virtual network interface of a domain, served by this process: the netif protocol
 * with a reflector at the other end (frame.h), no wire in between.
 *
 * Frames are copied out of the frontend's pages and into them (grant copy), a batch by
 * one hypercall each; nothing of it is mapped but the rings.
 *
 * Faces domU-kernel/drivers/vif.c and any other netfront.
 */
#ifndef BACKEND_VIF_H
#define BACKEND_VIF_H

#include "split.h"

/* Class below dom0's backend/: not "vif", which Linux's netback would take. */
#define VIF_BACKEND_CLASS "xenometer-vif"

struct vif;

/*
 * Make virtual interface `device` of a domain, with that address ("00:16:3e:…"), and
 * serve it.  NULL with *error (the caller's to free).
 */
struct vif *vif_new(struct host *, uint32_t domid, uint32_t device, const char *address,
                    char **error);

/* Why it serves no more, or NULL. */
const char *vif_trouble(const struct vif *);

/* Unmap and unbind everything, and remove the device.  Not inside host_turn(). */
void vif_free(struct vif *);

#endif
