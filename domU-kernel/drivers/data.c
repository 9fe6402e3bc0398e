#include "data.h"
#include "../arch/memory.h"
#include "../xen/xenbus.h"

/* The ring is of no more use. */
static bool broken(const char *why)
{
    ring_front_break(&device.data_ring);
    if ( !device.trouble )
        device.trouble = why;
    device.missed = true;
    return false;
}

bool data_wait(u32 after)
{
    for ( ;; )
    {
        /* The count before the check: an event that comes after the check
         * then differs from `seen`, and we do not sleep over it. */
        u32 seen = event_arrivals[device.data_port];
        enum ring_result r = ring_front_final_check(&device.data_ring, after);
        const char *trouble = NULL;

        if ( r == RING_TAKEN )
            return true;
        if ( r == RING_BROKEN )
            trouble = "the backend claims more responses than there were requests";
        else if ( !event_sleep(device.data_port, seen) )
        {
            trouble = xenbus_hopeless(NULL);
            device.data_owed = trouble;
        }
        if ( trouble )
            return broken(trouble);
    }
}

/* Take what is still to come for a row that was given up, and drop it. */
static bool settle(void)
{
    struct ring_front *ring = &device.data_ring;
    struct data_response late;
    enum ring_result r = RING_EMPTY;

    ring->broken = device.data_owed = false;
    device.trouble = NULL;
    while ( ring->req_published != ring->rsp_cons )
    {
        if ( !data_wait(ring->req_published - ring->rsp_cons) )
            return false;
        while ( (r = ring_front_take(ring, &late, DATA_SLOT_SIZE)) == RING_TAKEN )
            ;
    }
    return r != RING_BROKEN;
}

COLD bool data_put_again(const struct data_request *request)
{
    if ( device.data_owed && settle() )
        return ring_front_put(&device.data_ring, request, DATA_SLOT_SIZE);
    device.missed = device.data_ring.broken;
    return false;
}

bool data_exchange(const struct data_request *request, struct data_response *response)
{
    if ( !data_put(request) )
        return false;
    data_push();
    if ( !data_wait(1) ||
         ring_front_take(&device.data_ring, response, DATA_SLOT_SIZE) != RING_TAKEN )
        return false;
    return response->id == request->id || broken("the backend answered another request");
}

struct data_pages data_pages_grant(u32 count)
{
    struct data_pages p = {
        .at = pages_alloc(count), .count = count, .gref = grant_take_run(count),
    };

    for ( u32 i = 0; i < count; i++ )
        grant_allow(p.gref + i, device.backend, page_frame(p.at + i * PAGE_SIZE), false);
    return p;
}

bool data_pages_end(const struct data_pages *p)
{
    bool ended = true;

    for ( u32 i = 0; i < p->count; i++ )
        ended &= grant_end(p->gref + i);
    if ( !ended )
        return false;
    for ( u32 i = 0; i < p->count; i++ )
        grant_release(p->gref + i);
    pages_free(p->at, p->count);
    return true;
}

struct data_request data_pages_request(const struct data_pages *p, u16 operation)
{
    return (struct data_request){
        .operation = operation, .length = (u16)PAGE_SIZE, .gref = p->gref,
        .pages = (u16)p->count,
    };
}

static bool succeeds(const struct data_request *request)
{
    struct data_response response;

    return data_exchange(request, &response) && response.status == DATA_OKAY;
}

bool data_pages_keep(const struct data_pages *p)
{
    struct data_request request = data_pages_request(p, DATA_KEEP);

    return succeeds(&request);
}

bool data_pages_drop(void)
{
    return succeeds(&(struct data_request){ .operation = DATA_DROP });
}
