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
    char trouble[72];        /* what the backend did wrong first; empty: nothing */
};

/*
 * Find the device, and its backend ready (InitWait).  NULL, or why there is none: with
 * the device's `trouble` set it is there, and its backend is not as it should be.  Does
 * not wait for a device to be made.
 */
const char *xenbus_find(struct xenbus_device *, const char *frontend);

/* A number the backend wrote; `otherwise` where there is none, and where it is no number:
 * that is its `trouble`. */
u64 xenbus_number(struct xenbus_device *, const char *key, u64 otherwise);

/* Write a key of ours; panics when XenStore refuses what is our own. */
void xenbus_write(const struct xenbus_device *, const char *key, const char *value);
void xenbus_write_number(const struct xenbus_device *, const char *key, u64 value);

/* Wait until the backend's state is `wanted`.  False: it is a later one, closes, or stays
 * (event_give_up()): its `trouble`. */
bool xenbus_wait(struct xenbus_device *, enum xenbus_state wanted);

/*
 * For who waits for an answer of the device's backend and was woken by another event: NULL,
 * or why none will come.  Dom0 gives up, or (not with NULL for the device) the backend is
 * not connected any more.
 */
const char *xenbus_hopeless(struct xenbus_device *);

#endif
