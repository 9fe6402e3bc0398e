/*
 * Between you and the ring.  Each of these looks once, at one thing; after each look somebody else may run, for
 * as long as he likes: the check makes that happen.
 */
#ifndef CONSUMER_H
#define CONSUMER_H

#include "exercise.h"

/* The backend's rsp_prod, which it wrote into the shared page: how many responses it says there are. */
u32 responses(struct ring_front *);

/* How many events have come so far. */
u32 events(void);

/* Give up the CPU until there are more events than `seen`; at once, when there are already. */
void sleep_until_event(u32 seen);

/*
 * Yours.  RING_TAKEN: there is a response that has not been taken (ring->rsp_cons were).  RING_BROKEN: the
 * backend says that there are more responses than requests (ring->req_published).  Sleeps while there is none:
 * the backend sends an event when rsp_prod passes ring->shared->rsp_event.
 */
enum ring_result consumer_wait(struct ring_front *ring);

#endif
