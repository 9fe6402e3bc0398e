/* Shared-ring I/O with the backend process. */
#include "../drivers/data.h"
#include "../harness/row.h"
#include "../lib/string.h"
#include "../xen/events.h"

#define NO_RING "bare mode has no backend to share a ring with"

static void fill(struct data_request *request, u32 seed)
{
    for ( u32 j = 0; j < DATA_PAYLOAD; j++ )
        request->payload[j] = (u8)(seed + j);
}

static void run_echo(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        struct data_request request = {
            .id = i, .operation = DATA_ECHO, .length = DATA_PAYLOAD,
        };
        struct data_response response;
        bool answered;

        fill(&request, i);
        sample_keep(r, i, TIMED(answered = data_exchange(&request, &response)));
        if ( !answered || response.status != DATA_OKAY )
            r->failure = "the backend did not answer the echo";
        else if ( memcmp(request.payload, response.payload, DATA_PAYLOAD) )
            r->failure = "the echo came back changed";
    }
}

EXPLANATION(ring_echo_64b) =
    "The guest writes a 64-byte request into a shared ring, notifies, and "
    "blocks; the backend process wakes, copies the request out, answers into "
    "the same slot and notifies back.  Both notifications are event channels: "
    "the difference to event/roundtrip-idle is the ring itself, and ring/echo-64b-awake is "
    "the same while the process stays awake.  Compare with "
    "port/ioreq, which asks the very same process by a trapped instruction.";
ROW(ring_echo_64b, .run = run_echo) = {
    .name = "ring/echo-64b",
    .work = "ask a dom0 process and get its answer",
    .path = "shared ring, depth 1",
    .help = "64 bytes to the backend process and back, one at a time",
    .explanation = explanation_ring_echo_64b,
    .elsewhere = NO_RING,
    .columns = "xen", .needs = SERVICE_DATA_RING,
    .flags = ROW_HEADLINE | ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 8,
};

static bool linger(u32 on)
{
    struct data_request request = { .operation = DATA_LINGER, .gref = on };
    struct data_response response;

    return data_exchange(&request, &response) && response.status == DATA_OKAY;
}

COLD static const char *setup_awake(struct row_run *r)
{
    if ( !linger(1) )
        r->error = "the backend does not offer to stay awake";
    return NULL;
}

COLD static void teardown_awake(struct row_run *r)
{
    if ( !linger(0) )
        r->error = "the backend does not go to sleep again";
}

EXPLANATION(ring_echo_64b_awake) =
    "ring/echo-64b with a process that does not sleep at once: after an answer it looks into the ring "
    "for up to 50 us, gives its physical CPU to Xen between two looks (SCHEDOP_yield), and leaves its end of the "
    "event channel masked, asking for no event.  The next request, which comes at once, is found there "
    "without EVTCHNOP_send, without an upcall in dom0 and without a wake-up; the guest sleeps and is woken as "
    "before.  The difference to ring/echo-64b is what it costs to wake a process in dom0.";
ROW(ring_echo_64b_awake, .setup = setup_awake, .run = run_echo, .teardown = teardown_awake) = {
    .name = "ring/echo-64b-awake",
    .work = "ask a dom0 process and get its answer",
    .path = "shared ring, depth 1, dom0's process awake",
    .help = "64 bytes to the backend process and back while it looks into the ring",
    .explanation = explanation_ring_echo_64b_awake,
    .elsewhere = NO_RING,
    .columns = "xen", .needs = SERVICE_DATA_RING,
    .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 8,
};

#define BATCH 256u   /* requests in one sample */

/*
 * Stream BATCH requests with at most `depth` outstanding.  Half the depth is
 * left unanswered before we ask to be woken, so that both sides work in
 * batches.  Returns NULL or what went wrong.
 */
static const char *stream(u32 depth, u32 *next_id)
{
    struct ring_front *ring = &device.data_ring;
    struct data_request request = { .operation = DATA_SINK, .length = DATA_PAYLOAD };
    struct data_response response;
    u32 sent = 0, answered = 0, first = *next_id, half = depth > 1 ? depth / 2 : 1;
    enum ring_result t;

    fill(&request, 0);
    while ( answered < BATCH )
    {
        while ( sent < BATCH && sent - answered < depth )
        {
            request.id = first + sent;
            if ( !data_put(&request) )
                return "the data ring is full below its depth";
            sent++;
        }
        data_push();

        if ( !data_wait(sent - answered > half ? half : sent - answered) )
            return "the backend broke the data ring";
        while ( (t = ring_front_take(ring, &response, DATA_SLOT_SIZE)) == RING_TAKEN )
        {
            if ( response.status != DATA_OKAY || response.id != first + answered )
                return "an answer is lost, out of order or an error";
            answered++;
        }
        if ( t == RING_BROKEN )
            return "the backend broke the data ring";
    }
    *next_id += BATCH;
    return NULL;
}

static void run_stream(struct row_run *r, u32 depth)
{
    u32 id = 0;

    FOR_EACH_SAMPLE(r, i)
    {
        const char *trouble;

        sample_keep(r, i, TIMED(trouble = stream(depth, &id)));
        r->failure = trouble;
    }
}

/* One text for all depths: the image holds it once. */
#define STREAM_ROW(depth, number, row_flags)                                        \
    static void run_stream_##depth(struct row_run *r)                               \
    {                                                                               \
        run_stream(r, depth);                                                       \
    }                                                                               \
    EXPLANATION(ring_stream_depth_##depth) = \
        "Streams 256 requests of 64 bytes with as many in flight as the name says; the " \
        "figure is per request.  The guest publishes many requests with one event " \
        "and asks to be woken only after half of them are answered (the ring's event " \
        "index), so that a batch shares events: how many are left is told under the " \
        "results, one a request at depth 1, one in 64 at depth 64.  The ratio to " \
        "ring/echo-64b shows what batching is worth."; \
    ROW(ring_stream_depth_##depth, .run = run_stream_##depth) = {                   \
        .name = "ring/stream-depth-" #depth,                                        \
        .work = "tell a dom0 process something, no answer",                         \
        .path = "shared ring, up to " #depth " in flight",                          \
        .help = "stream 64-byte requests, up to " #depth " in flight; per request", \
        .explanation = explanation_ring_stream_depth_##depth,                       \
        .elsewhere = NO_RING,                                                       \
        .columns = "xen", .needs = SERVICE_DATA_RING,                             \
        .flags = row_flags | ROW_DOM0 | ROW_BLOCKS | ROW_BATCHES,                   \
        .operations = BATCH, .samples = number, .warmup = 2,                        \
    }

STREAM_ROW(1, 8, 0);
STREAM_ROW(2, 8, 0);
STREAM_ROW(4, 10, 0);
STREAM_ROW(8, 20, 0);
STREAM_ROW(16, 20, 0);
STREAM_ROW(32, 20, ROW_HEADLINE);
STREAM_ROW(64, 20, 0);
