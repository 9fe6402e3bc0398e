/*
 * A server of libxenvchan, the library that Xen has for streams of bytes between domains: it
 * sends back what it gets.  In a thread of its own, since the library waits in its calls.
 *
 * Faces domU-kernel/drivers/vchan.c.
 */
#ifndef BACKEND_VCHAN_H
#define BACKEND_VCHAN_H

#include <stdint.h>

struct vchan;

/* For one client, in domain `domid`, which finds it by what is written below `path` in XenStore.
 * NULL: it cannot be had here. */
struct vchan *vchan_open(uint32_t domid, const char *path);

/* NULL is fine. */
void vchan_close(struct vchan *);

#endif
