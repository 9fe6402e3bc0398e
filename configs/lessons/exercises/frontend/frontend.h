/* A frontend's side of a ring, by hand: the four indices and the slots, no helpers.  (shared/ring.h: the layout.) */
#ifndef FRONTEND_H
#define FRONTEND_H

#include "exercise.h"

struct frontend {
    struct ring_shared *shared;   /* both sides write it: req_prod, rsp_event you; rsp_prod, req_event the backend */
    u32 count;                    /* slots, a power of two, DATA_SLOT_SIZE bytes each, from shared->slots on */
    u32 req_prod;                 /* requests that you put, some of them not published yet */
    u32 req_published;            /* requests that the backend knows of */
    u32 rsp_cons;                 /* responses that you took */
};

/* Put a request into its slot, unpublished.  False: there is no room, each slot holds a request or response that
 * is not done with. */
bool frontend_put(struct frontend *, const struct data_request *);

/* Tell the backend of all that was put.  True: it wants an event for one of them (shared->req_event). */
bool frontend_publish(struct frontend *);

/* Take one response, in order: RING_TAKEN; RING_EMPTY; RING_BROKEN: there cannot be as many as it says. */
enum ring_result frontend_take(struct frontend *, struct data_response *);

#endif
