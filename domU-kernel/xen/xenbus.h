/*
 * The frontend side of a split driver's negotiation through XenStore
 * (xen/io/xenbus.h): two directories, each with a state the other side watches.
 */
#ifndef XEN_XENBUS_H
#define XEN_XENBUS_H

#include "../arch/types.h"

#include <xen/io/xenbus.h>

struct xenbus_device {
    const char *frontend;    /* path below our own directory, "device/vbd/51712" */
    char backend[96];        /* the other directory's path */
    u32 backend_id;          /* its domain */
};

/*
 * Find the device, and its backend ready (InitWait or later).  NULL, or
 * why there is none: valid until the next call.  Does not wait for a device
 * to be made.
 */
const char *xenbus_find(struct xenbus_device *, const char *frontend);

/* A number the backend wrote; `otherwise` where there is none. */
u64 xenbus_number(const struct xenbus_device *, const char *key, u64 otherwise);

/* Write a key of ours; panics when XenStore refuses what is our own. */
void xenbus_write(const struct xenbus_device *, const char *key, const char *value);
void xenbus_write_number(const struct xenbus_device *, const char *key, u64 value);

/* Wait until the backend's state is `wanted`.  False: it closes instead. */
bool xenbus_wait(const struct xenbus_device *, enum xenbus_state wanted);

#endif
