/* A ring's consumer that loses no wake-up, and believes no index.  A solution. */
#include "consumer.h"

static enum ring_result look(struct ring_front *ring)
{
    /* Once: the next look may see something else. */
    u32 there = responses(ring);

    /* More answers than questions.  An index that ran backwards is a huge difference. */
    if ( there - ring->rsp_cons > ring->req_published - ring->rsp_cons )
        return RING_BROKEN;
    return there == ring->rsp_cons ? RING_EMPTY : RING_TAKEN;
}

enum ring_result consumer_wait(struct ring_front *ring)
{
    for ( ;; )
    {
        /* Counted before we look: what comes after the look differs from it. */
        u32 seen = events();
        enum ring_result r = look(ring);

        if ( r != RING_EMPTY )
            return r;
        WRITE_ONCE(ring->shared->rsp_event, ring->rsp_cons + 1);
        /*
         * rsp_event must be seen before we look again: the backend writes its index and then reads rsp_event.
         * What it wrote before it could see that we wait, it tells us by no event: we see it ourselves.
         */
        full_barrier();
        r = look(ring);
        if ( r != RING_EMPTY )
            return r;
        sleep_until_event(seen);
    }
}
