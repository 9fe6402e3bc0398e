#include "services.h"

#include <string.h>

static int16_t use_page(const struct data_request *q, struct data_response *p,
                        const struct page_access *pages)
{
    bool done;

    /* In 64 bits: offset + length must not wrap around to something small. */
    if ( q->operation == DATA_MAP )
    {
        if ( (uint64_t)q->offset + sizeof(p->value) > PAGE_BYTES )
            return DATA_ERROR;
        done = pages->map(pages->context, q->gref, q->offset, &p->value);
    }
    else
    {
        if ( q->length == 0 || (uint64_t)q->offset + q->length > PAGE_BYTES )
            return DATA_ERROR;
        done = pages->copy(pages->context, q->gref, q->offset, q->length, &p->value);
    }
    if ( done )
        return DATA_OKAY;
    p->value = 0;
    return DATA_ERROR;
}

/* Apart from the others: what those cost is measured. */
static int16_t serve_events(const struct data_request *q, struct data_response *p,
                            const struct page_access *pages)
{
    switch ( q->operation )
    {
    case DATA_EVENTS:
        return pages->count(pages->context, q->gref, &p->value) ? DATA_OKAY : DATA_ERROR;

    case DATA_AWAKE:
        pages->awake(pages->context, q->gref != 0);
        return DATA_OKAY;
    }
    return DATA_NOT_SUPPORTED;
}

static int16_t serve(const struct data_request *q, struct data_response *p,
                     const struct page_access *pages)
{
    switch ( q->operation )
    {
    case DATA_ECHO:
        if ( q->length > DATA_PAYLOAD )
            return DATA_ERROR;
        memcpy(p->payload, q->payload, q->length);
        return DATA_OKAY;

    case DATA_SINK:
        if ( q->length > DATA_PAYLOAD )
            return DATA_ERROR;
        for ( uint32_t i = 0; i < q->length; i++ )
            p->value += q->payload[i];
        return DATA_OKAY;

    case DATA_SOURCE:
        for ( uint32_t i = 0; i < DATA_PAYLOAD; i++ )
            p->payload[i] = (uint8_t)(q->id + i);
        return DATA_OKAY;

    case DATA_MAP:
    case DATA_COPY:
        return use_page(q, p, pages);
    }
    return serve_events(q, p, pages);
}

void services_answer(const struct data_request *q, struct data_response *p,
                     const struct page_access *pages)
{
    *p = (struct data_response){ .id = q->id, .operation = q->operation };
    p->status = serve(q, p, pages);
}

enum turn services_turn(struct ring_back *ring, const struct page_access *pages,
                        bool *notify)
{
    struct data_request request;
    struct data_response response;
    uint32_t budget = ring->count;
    enum ring_result r;

    *notify = false;
    do {
        while ( budget &&
                (r = ring_back_take(ring, &request, DATA_SLOT_SIZE)) == RING_TAKEN )
        {
            services_answer(&request, &response, pages);
            ring_back_put(ring, &response, DATA_SLOT_SIZE);
            budget--;
        }
        /* One publication for the batch: the frontend is woken once. */
        if ( ring->rsp_published != ring->rsp_prod && ring_back_push(ring) )
            *notify = true;
        if ( !budget )
            return TURN_MORE;
        r = ring_back_final_check(ring, 1);
    } while ( r == RING_TAKEN );

    if ( r == RING_BROKEN )
        return TURN_BROKEN;
    return budget == ring->count ? TURN_SPURIOUS : TURN_IDLE;
}
