/*
 * The data ring's front end: what rows use to reach the backend process.
 */
#ifndef DRIVERS_DATA_H
#define DRIVERS_DATA_H

#include "device.h"
#include "../xen/events.h"
#include "../xen/grants.h"

static inline void data_notify(void)
{
    device.notifications++;
    event_send(device.data_port);
}

/* Publish what was put, with an event when the backend asked for one. */
static inline void data_push(void)
{
    if ( ring_front_push(&device.data_ring) )
        data_notify();
}

/* data_put() where there was no room: once the answers that an earlier row gave up waiting for
 * have come, there may be. */
bool data_put_again(const struct data_request *);

/* Into the next slot, unpublished.  False: the ring is full, or broken. */
static inline bool data_put(const struct data_request *request)
{
    return ring_front_put(&device.data_ring, request, DATA_SLOT_SIZE) || data_put_again(request);
}

/*
 * One request and its answer, at depth 1, notified both ways; sleeps until the
 * answer is there.  False: the ring is broken, or the answer is to another
 * request.
 */
bool data_exchange(const struct data_request *, struct data_response *);

/* Sleep until at least one response can be taken, being notified after
 * `after` of them.  False: broken. */
bool data_wait(u32 after);

/* Pages granted to the backend for writing, with consecutive references. */
struct data_pages {
    u8 *at;                  /* zeroed at first */
    u32 count;
    grant_ref gref;          /* of the first */
};

/* `count` at most DATA_PAGES; the caller's until data_pages_end(). */
struct data_pages data_pages_grant(u32 count);

/* Withdraw and free them.  False: the backend still has one of them mapped, and
 * neither pages nor entries may be used again. */
bool data_pages_end(const struct data_pages *);

/* A request about all of them, whole. */
struct data_request data_pages_request(const struct data_pages *, u16 operation);

/* Have the backend map and keep them, or drop what it keeps.  False: it did
 * not. */
bool data_pages_keep(const struct data_pages *);
bool data_pages_drop(void);

#endif
