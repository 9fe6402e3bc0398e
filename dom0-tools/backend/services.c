#include "backend/services.h"

#include <string.h>

#define WORD_BYTES ((uint32_t)sizeof(uint64_t))

/* The references gref … gref + pages - 1, at least one of them, exist. */
static bool run_fits(uint32_t gref, uint32_t pages)
{
    return pages != 0 && pages <= DATA_PAGES && pages - 1 <= UINT32_MAX - gref;
}

/* Widened before they are added: the sum must not wrap to something small. */
static bool bytes_fit(uint32_t offset, uint32_t length)
{
    return length != 0 && offset + length <= PAGE_BYTES;
}

/*
 * Sum of the words that stand at `stride` from each other.  Each is fetched
 * once, whatever the frontend does to the page meanwhile; any value will do.
 */
static uint64_t sum(const uint8_t *from, uint32_t pages, uint32_t stride, uint32_t length)
{
    uint32_t bytes = length < WORD_BYTES ? length : WORD_BYTES;
    uint64_t total = 0;

    for ( uint32_t i = 0; i < pages; i++ )
    {
        uint64_t word = 0;

        memcpy(&word, from + i * stride, bytes);
        total += word;
    }
    return total;
}

static int16_t map_pages(const struct services *s, const struct data_request *q,
                         struct data_response *p)
{
    const struct page_access *a = &s->access;
    uint64_t value;
    uint8_t *mapped;

    if ( !run_fits(q->gref, q->pages) || !bytes_fit(q->offset, WORD_BYTES) )
        return DATA_ERROR;
    mapped = a->map(a->context, q->gref, q->pages, false);
    if ( !mapped )
        return DATA_ERROR;
    value = sum(mapped + q->offset, q->pages, PAGE_BYTES, WORD_BYTES);
    if ( !a->unmap(a->context, mapped, q->pages) )
        return DATA_ERROR;
    p->value = value;
    return DATA_OKAY;
}

static int16_t copy_pages(const struct services *s, const struct data_request *q,
                          struct data_response *p)
{
    if ( !run_fits(q->gref, q->pages) || !bytes_fit(q->offset, q->length) ||
         !s->access.copy(s->access.context, q->gref, q->pages, q->offset, q->length,
                         s->buffer, false) )
        return DATA_ERROR;
    p->value = sum(s->buffer + q->offset, q->pages, PAGE_BYTES, q->length);
    return DATA_OKAY;
}

/* One set at a time: what a frontend can make us hold is bounded by it. */
static int16_t keep(struct services *s, const struct data_request *q)
{
    if ( s->kept || !run_fits(q->gref, q->pages) )
        return DATA_ERROR;
    s->kept = s->access.map(s->access.context, q->gref, q->pages, true);
    if ( !s->kept )
        return DATA_ERROR;
    s->kept_gref = q->gref;
    s->kept_pages = q->pages;
    return DATA_OKAY;
}

static int16_t drop(struct services *s)
{
    uint8_t *kept = s->kept;

    s->kept = NULL;
    return kept && s->access.unmap(s->access.context, kept, s->kept_pages) ? DATA_OKAY
                                                                          : DATA_ERROR;
}

/* Where the pages stand if all of them are in the kept set, else NULL. */
static uint8_t *find_kept(const struct services *s, uint32_t gref, uint32_t pages)
{
    uint32_t first = gref - s->kept_gref;   /* huge when it is below */

    if ( !s->kept || first >= s->kept_pages || pages > s->kept_pages - first )
        return NULL;
    return s->kept + (size_t)first * PAGE_BYTES;
}

static int16_t read_kept(const struct services *s, const struct data_request *q,
                         struct data_response *p)
{
    const uint8_t *from;

    if ( !run_fits(q->gref, q->pages) || !bytes_fit(q->offset, q->length) )
        return DATA_ERROR;
    from = find_kept(s, q->gref, q->pages);
    if ( !from )
        return DATA_ERROR;
    for ( uint32_t i = 0; i < q->pages; i++ )
        memcpy(s->buffer + (size_t)i * PAGE_BYTES + q->offset,
               from + (size_t)i * PAGE_BYTES + q->offset, q->length);
    p->value = sum(s->buffer + q->offset, q->pages, PAGE_BYTES, q->length);
    return DATA_OKAY;
}

/* By way of our own memory: what comes back is what we looked at. */
static void echo_through(const struct services *s, const struct data_request *q,
                         uint8_t *pages)
{
    memcpy(s->buffer, pages + q->offset, q->length);
    memcpy(pages + PAGE_BYTES + q->offset, s->buffer, q->length);
}

static int16_t echo_page(struct services *s, const struct data_request *q)
{
    const struct page_access *a = &s->access;
    uint8_t *pages;

    if ( !run_fits(q->gref, 2) || !bytes_fit(q->offset, q->length) )
        return DATA_ERROR;
    switch ( q->operation )
    {
    case DATA_ECHO_COPY:
        return a->copy(a->context, q->gref, 1, q->offset, q->length, s->buffer, false) &&
               a->copy(a->context, q->gref + 1, 1, q->offset, q->length, s->buffer, true)
               ? DATA_OKAY : DATA_ERROR;

    case DATA_ECHO_MAP:
        pages = a->map(a->context, q->gref, 2, true);
        if ( !pages )
            return DATA_ERROR;
        echo_through(s, q, pages);
        return a->unmap(a->context, pages, 2) ? DATA_OKAY : DATA_ERROR;

    default:
        pages = find_kept(s, q->gref, 2);
        if ( !pages )
            return DATA_ERROR;
        echo_through(s, q, pages);
        return DATA_OKAY;
    }
}

/* Not in line: the payload operations would save registers for it. */
__attribute__((noinline))
static int16_t serve_others(struct services *s, const struct data_request *q,
                           struct data_response *p)
{
    switch ( q->operation )
    {
    case DATA_MAP:
        return map_pages(s, q, p);
    case DATA_COPY:
        return copy_pages(s, q, p);
    case DATA_KEEP:
        return keep(s, q);
    case DATA_DROP:
        return drop(s);
    case DATA_KEPT:
        return read_kept(s, q, p);
    case DATA_ECHO_COPY:
    case DATA_ECHO_MAP:
    case DATA_ECHO_KEPT:
        return echo_page(s, q);
    case DATA_EVENTS:
        return s->events.count(s->events.context, q->gref, &p->value) ? DATA_OKAY
                                                                      : DATA_ERROR;
    case DATA_AWAKE:
        s->events.awake(s->events.context, q->gref != 0);
        return DATA_OKAY;
    case DATA_LINGER:
        s->events.linger(s->events.context, q->gref != 0);
        return DATA_OKAY;
    case DATA_VCHAN:
        return s->stream.serve(s->stream.context, q->gref != 0) ? DATA_OKAY : DATA_ERROR;
    }
    return DATA_NOT_SUPPORTED;
}

static int16_t serve(struct services *s, const struct data_request *q,
                     struct data_response *p)
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
    }
    return serve_others(s, q, p);
}

void services_answer(struct services *s, const struct data_request *q,
                     struct data_response *p)
{
    *p = (struct data_response){ .id = q->id, .operation = q->operation };
    p->status = serve(s, q, p);
}

void services_release(struct services *s)
{
    if ( s->kept )
        drop(s);
}

enum turn services_turn(struct ring_back *ring, struct services *s, bool *notify)
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
            services_answer(s, &request, &response);
            ring_back_put(ring, &response, DATA_SLOT_SIZE);
            budget--;
        }
        /* One publication for the batch: the frontend is woken once. */
        if ( ring->rsp_published != ring->rsp_prod && ring_back_push(ring) )
            *notify = true;
        if ( !budget )
            return TURN_MORE;
        r = s->stays ? ring_back_look(ring) : ring_back_final_check(ring, 1);
    } while ( r == RING_TAKEN );

    if ( r == RING_BROKEN )
        return TURN_BROKEN;
    return budget == ring->count ? TURN_SPURIOUS : TURN_IDLE;
}
