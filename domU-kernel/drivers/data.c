#include "data.h"
#include "../xen/events.h"

bool data_wait(u32 after)
{
    for ( ;; )
    {
        /* The count before the check: an event that comes after the check
         * then differs from `seen`, and we do not sleep over it. */
        u32 seen = event_arrivals[device.data_port];
        enum ring_result r = ring_front_final_check(&device.data_ring, after);

        if ( r != RING_EMPTY )
            return r == RING_TAKEN;
        event_wait(device.data_port, seen);
    }
}

bool data_exchange(const struct data_request *request, struct data_response *response)
{
    if ( !ring_front_put(&device.data_ring, request, DATA_SLOT_SIZE) )
        return false;
    if ( ring_front_push(&device.data_ring) )
        event_send(device.data_port);
    return data_wait(1) &&
           ring_front_take(&device.data_ring, response, DATA_SLOT_SIZE) == RING_TAKEN &&
           response->id == request->id;
}
