/* Faces a frontend: with a backend of our own in the same page, at its leisure, and with the one in dom0. */
#include "frontend.h"

#define SLOTS 8u

static union {
    struct ring_shared ring;
    u8 bytes[RING_HEADER_SIZE + SLOTS * DATA_SLOT_SIZE];
} page;

/* Near the wrap of the indices. */
#define FIRST 0xfffffffau

static struct frontend fresh(void)
{
    memset(&page, 0, sizeof(page));
    page.ring.req_prod = page.ring.rsp_prod = FIRST;
    page.ring.req_event = page.ring.rsp_event = FIRST + 1;
    return (struct frontend){ .shared = &page.ring, .count = SLOTS, .req_prod = FIRST, .req_published = FIRST,
                              .rsp_cons = FIRST };
}

static struct data_request request_of(u32 id)
{
    struct data_request r = { .id = id, .operation = DATA_ECHO, .length = DATA_PAYLOAD };

    for ( u32 i = 0; i < DATA_PAYLOAD; i++ )
        r.payload[i] = (u8)(id + i);
    return r;
}

static void *slot_of(u32 index)
{
    return page.ring.slots + (index & (SLOTS - 1)) * DATA_SLOT_SIZE;
}

static const char *check_put(void)
{
    struct frontend f = fresh();

    for ( u32 i = 0; i < SLOTS; i++ )
    {
        struct data_request r = request_of(i), *there = slot_of(FIRST + i);

        if ( !frontend_put(&f, &r) )
            return i ? "put: says that the ring is full before it is" : "put: refuses the first request";
        if ( memcmp(there, &r, sizeof(r)) )
            return "put: the request is not in the slot of its index";
        if ( page.ring.req_prod != FIRST )
            return "put: the backend is told before it is published";
    }
    if ( frontend_put(&f, &(struct data_request){ .id = 99 }) )
        return "put: one more than there are slots: a request is overwritten";
    return NULL;
}

static const char *check_publish(void)
{
    struct frontend f = fresh();
    struct data_request r = request_of(1);

    frontend_put(&f, &r);
    if ( !frontend_publish(&f) )
        return "publish: the backend waits for this request, and gets no event";
    if ( page.ring.req_prod != FIRST + 1 )
        return "publish: req_prod in the shared page is not the number of requests";
    /* It is awake, and asks for none until two more are there. */
    page.ring.req_event = FIRST + 3;
    frontend_put(&f, &r);
    if ( frontend_publish(&f) )
        return "publish: an event that the backend did not ask for";
    frontend_put(&f, &r);
    frontend_put(&f, &r);
    if ( !frontend_publish(&f) )
        return "publish: req_event was passed within a batch, and there is no event";
    page.ring.req_event = FIRST + 2;
    frontend_put(&f, &r);
    if ( frontend_publish(&f) )
        return "publish: an event for an index that was passed before";
    page.ring.req_event = FIRST + 6;   /* 0: behind the wrap */
    frontend_put(&f, &r);
    frontend_put(&f, &r);
    if ( !frontend_publish(&f) )
        return "publish: req_event was passed over the wrap of the indices, and there is no event";
    frontend_put(&f, &r);
    if ( frontend_publish(&f) )
        return "publish: an event for an index that was passed before, over the wrap";
    if ( frontend_publish(&f) )
        return "publish: nothing new, and an event";
    return NULL;
}

static const char *check_take(void)
{
    struct frontend f = fresh();
    struct data_request r = request_of(1);
    struct data_response got, sent = { .id = 7, .value = 42 };

    for ( u32 i = 0; i < SLOTS; i++ )
        frontend_put(&f, &r);
    frontend_publish(&f);
    if ( frontend_take(&f, &got) != RING_EMPTY )
        return "take: nothing is answered, and it takes something";
    for ( u32 i = 0; i < SLOTS; i++ )
    {
        sent.id = 7 + i;
        memcpy(slot_of(FIRST + i), &sent, sizeof(sent));
    }
    page.ring.rsp_prod = FIRST + SLOTS;
    for ( u32 i = 0; i < SLOTS; i++ )
    {
        if ( frontend_take(&f, &got) != RING_TAKEN )
            return "take: a response is there, and is not taken";
        if ( got.id != 7 + i || got.value != 42 )
            return "take: not the response in the slot of its index, in order";
    }
    if ( frontend_take(&f, &got) != RING_EMPTY )
        return "take: all are taken, and it takes another";
    if ( !frontend_put(&f, &r) )
        return "put: responses were taken, and their slots are not free";
    return NULL;
}

static const char *check_liar(void)
{
    static const u32 lies[] = { FIRST + 4, FIRST - 1, FIRST + 0x80000000u };
    struct data_request r = request_of(1);
    struct data_response got;

    for ( u32 i = 0; i < ARRAY_SIZE(lies); i++ )
    {
        struct frontend f = fresh();

        for ( u32 k = 0; k < 3; k++ )
            frontend_put(&f, &r);
        frontend_publish(&f);
        /* A fourth that the backend does not know of is no question it could answer. */
        frontend_put(&f, &r);
        page.ring.rsp_prod = lies[i];
        if ( frontend_take(&f, &got) != RING_BROKEN )
            return "take: three requests are out, and an index that cannot be is believed";
    }
    return NULL;
}

#define CHECK_ROW(what, text) \
    static void run_##what(struct row_run *r)                                   \
    {                                                                           \
        FOR_EACH_SAMPLE(r, i)                                                   \
        {                                                                       \
            r->failure = check_##what();                                        \
            sample_keep(r, i, 0);                                               \
        }                                                                       \
    }                                                                           \
    EXPLANATION(check_##what) = text;                                           \
    ROW(check_##what, .run = run_##what) = {                                    \
        .name = "check/" #what, .work = "a ring by hand", .path = "a page in the guest, no backend", \
        .help = text, .explanation = explanation_check_##what,                  \
        .elsewhere = "as in a domain", .columns = "xen", .operations = 1, .samples = 1, \
    }

CHECK_ROW(put, "requests go into their slots, until there is no room");
CHECK_ROW(publish, "the index is published, and an event is sent where one was asked for");
CHECK_ROW(take, "responses are taken in order, each once");
CHECK_ROW(liar, "a backend's impossible index breaks the ring");

/* With dom0's process: echoes, several at a time. */
static const char *echoes(struct frontend *f, u32 depth, u32 first)
{
    struct data_response response;

    for ( u32 i = 0; i < depth; i++ )
    {
        struct data_request r = request_of(first + i);

        if ( !frontend_put(f, &r) )
            return "put: says that the ring is full before it is";
    }
    if ( frontend_publish(f) )
        event_send(device.data_port);
    for ( u32 i = 0; i < depth; i++ )
    {
        struct data_request r = request_of(first + i);
        u32 patience = 20;

        while ( READ_ONCE(f->shared->rsp_prod) == f->rsp_cons && patience-- )
        {
            WRITE_ONCE(f->shared->rsp_event, f->rsp_cons + 1);
            others_run(400000);
        }
        if ( frontend_take(f, &response) != RING_TAKEN )
            return "the backend in dom0 has not answered: was it told, and given an event?";
        if ( response.id != r.id || memcmp(response.payload, r.payload, DATA_PAYLOAD) )
            return "dom0 sent another answer than what was asked";
    }
    return NULL;
}

static void run_echo(struct row_run *r)
{
    struct ring_front *ring = &device.data_ring;

    FOR_EACH_SAMPLE(r, i)
    {
        struct frontend f = { .shared = ring->shared, .count = ring->count, .req_prod = ring->req_prod,
                              .req_published = ring->req_published, .rsp_cons = ring->rsp_cons };
        const char *wrong;

        sample_keep(r, i, TIMED(wrong = echoes(&f, 1 + i % 40, 1000 * i)));
        r->failure = wrong;
        ring->req_prod = f.req_prod;
        ring->req_published = f.req_published;
        ring->rsp_cons = ring->rsp_seen = f.rsp_cons;
    }
}

EXPLANATION(check_real) =
    "Echoes by the backend process in dom0, up to forty at a time.";
ROW(check_real, .run = run_echo) = {
    .name = "check/real", .work = "ask a dom0 process and get its answer", .path = "your frontend",
    .help = "the backend process in dom0 sends back what you ask", .explanation = explanation_check_real,
    .elsewhere = "there is no backend", .columns = "xen", .needs = SERVICE_DATA_RING, .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 60, .warmup = 0,
};
