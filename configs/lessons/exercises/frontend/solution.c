/* A frontend by hand.  A solution. */
#include "frontend.h"

static u8 *slot(struct frontend *f, u32 index)
{
    return f->shared->slots + (u64)(index & (f->count - 1)) * DATA_SLOT_SIZE;
}

bool frontend_put(struct frontend *f, const struct data_request *request)
{
    /* A response stands in its request's slot until it is taken. */
    if ( f->req_prod - f->rsp_cons == f->count )
        return false;
    memcpy(slot(f, f->req_prod), request, sizeof(*request));
    f->req_prod++;
    return true;
}

bool frontend_publish(struct frontend *f)
{
    u32 old = f->req_published, now = f->req_prod;

    /* Release: the requests are seen before the index that announces them. */
    WRITE_ONCE(f->shared->req_prod, now);
    f->req_published = now;
    /* Our index is seen before we read theirs; they write req_event and then read our index. */
    full_barrier();
    /* Does req_event lie in (old, now]?  Differences carry that across the wrap. */
    return now - READ_ONCE(f->shared->req_event) < now - old;
}

enum ring_result frontend_take(struct frontend *f, struct data_response *response)
{
    /* Acquire: read before the responses that it announces; once, as it may change. */
    u32 there = READ_ONCE(f->shared->rsp_prod);

    if ( there - f->rsp_cons > f->req_published - f->rsp_cons )
        return RING_BROKEN;
    if ( there == f->rsp_cons )
        return RING_EMPTY;
    memcpy(response, slot(f, f->rsp_cons), sizeof(*response));
    f->rsp_cons++;
    return RING_TAKEN;
}
