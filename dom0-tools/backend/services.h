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

/* How to reach a page the frontend granted.  False: the reference is bad.
 * And what the backend does about events. */
struct page_access {
    void *context;
    /* Map the page, read 8 bytes at `offset` (which fit), unmap. */
    bool (*map)(void *context, uint32_t gref, uint32_t offset, uint64_t *value);
    /* Copy `length` bytes at `offset` (which fit), give the first 8 of them. */
    bool (*copy)(void *context, uint32_t gref, uint32_t offset, uint32_t length,
                 uint64_t *value);
    /* Count the events on the frontend's `port`, 0: stop; *value: those so far.
     * Asked for the port it counts already, it goes on.  False: no such port. */
    bool (*count)(void *context, uint32_t port, uint64_t *value);
    /* Poll for events instead of sleeping, or sleep again. */
    void (*awake)(void *context, bool on);
};

/*
 * Answer one request, which is the caller's private copy.  Fills the whole
 * response: no byte of our memory gets out.
 */
void services_answer(const struct data_request *, struct data_response *,
                     const struct page_access *);

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
enum turn services_turn(struct ring_back *, const struct page_access *,
                        bool *notify);

#endif
