/*
 * A ring's consumer: wait until a response is there, and sleep while there is none.
 *
 * What is below looks right, and loses a wake-up.  `make` shows it; consumer.h says what you have to do it with.
 * Indices run freely through 32 bits: differences of them are what counts.
 */
#include "consumer.h"

enum ring_result consumer_wait(struct ring_front *ring)
{
    while ( responses(ring) == ring->rsp_cons )
    {
        u32 seen = events();

        /* Wake me when there is one more. */
        ring->shared->rsp_event = ring->rsp_cons + 1;
        sleep_until_event(seen);
    }
    return RING_TAKEN;
}
