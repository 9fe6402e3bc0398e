/*
 * What the data ring offers (protocol.h, enum data_operation), written for a
 * hostile frontend.  Pure C: what needs Xen comes in through struct
 * page_access, so that the tests can drive it without.
 *
 * Faces domU-kernel/drivers/data.c.
 */
#ifndef BACKEND_SERVICES_H
#define BACKEND_SERVICES_H

#include <ring.h>
#include <xenometer/protocol.h>

#define PAGE_BYTES 4096u

/* How to reach pages the frontend granted; all or nothing. */
struct page_access {
    void *context;
    /* Map `pages` pages granted as `gref` and following, one after the other;
     * NULL: one of the references is bad. */
    uint8_t *(*map)(void *context, uint32_t gref, uint32_t pages, bool writable);
    bool (*unmap)(void *context, uint8_t *mapped, uint32_t pages);
    /* Grant-copy the same `length` bytes at `offset` (which fit) of each of
     * those pages, from or, with `out`, to the page that stands for it at
     * `local`.  False: one of the references is bad. */
    bool (*copy)(void *context, uint32_t gref, uint32_t pages, uint32_t offset,
                 uint32_t length, uint8_t *local, bool out);
};

/* What the backend does about the frontend's events. */
struct event_access {
    void *context;
    /* Count the events on the frontend's `port`, 0: stop; *value: those so far.
     * Asked for the port it counts already, it goes on.  False: no such port. */
    bool (*count)(void *context, uint32_t port, uint64_t *value);
    /* Poll for events instead of sleeping, or sleep again. */
    void (*awake)(void *context, bool on);
    /* Look for the next request for a while before sleeping, or not. */
    void (*linger)(void *context, bool on);
};

/* The server of libxenvchan beside the ring. */
struct stream_access {
    void *context;
    /* Have one, or none.  False: it cannot be had. */
    bool (*serve)(void *context, bool on);
};

/* The services of one data ring. */
struct services {
    struct page_access access;
    struct event_access events;
    struct stream_access stream;
    bool stays;            /* the caller looks at the ring again: no event is asked for */
    uint8_t *buffer;       /* the caller's: DATA_PAGES pages for private copies */
    uint8_t *kept;         /* DATA_KEEP's mapping, NULL: none */
    uint32_t kept_gref, kept_pages;
};

/*
 * Answer one request, which is the caller's private copy.  Fills the whole
 * response: no byte of our memory gets out.
 */
void services_answer(struct services *, const struct data_request *,
                     struct data_response *);

/* Let go of what the frontend had us keep.  Safe twice. */
void services_release(struct services *);

enum turn {
    TURN_IDLE,     /* had work, none is left; the frontend will notify */
    TURN_SPURIOUS, /* there was nothing to do */
    TURN_MORE,     /* the budget is used up, more is there: come again */
    TURN_BROKEN,   /* the frontend's index is impossible */
};

/*
 * Serve a ring for one turn: as many requests as the ring has slots, so that
 * a frontend that never stops leaves the others their share.  *notify: the
 * frontend asked for an event, once is enough.
 */
enum turn services_turn(struct ring_back *, struct services *, bool *notify);

#endif
