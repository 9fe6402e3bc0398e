/* The ring's code: with no peer at all, and beside one that is awake. */
#include "../arch/memory.h"
#include "../drivers/data.h"
#include "../harness/row.h"

#define NO_RING "bare mode has no backend to share a ring with"

/* ------------------------------------------------------ both ends at home -- */

static struct ring_front front;
static struct ring_back back;
static struct ring_shared *home;

COLD static const char *setup_home(struct row_run *r)
{
    u32 slots = ring_slot_count((u32)PAGE_SIZE, DATA_SLOT_SIZE);

    home = pages_alloc(1);
    ring_front_init(&front, home, slots);
    if ( !ring_back_attach(&back, home, slots) )
        r->error = "a new ring cannot be attached to";
    return NULL;
}

COLD static void teardown_home(struct row_run *r)
{
    (void)r;
    pages_free(home, 1);
}

/* What data_exchange() and the backend's turn do, without the events. */
static inline bool pass(const struct data_request *q, struct data_response *p)
{
    struct data_request taken;
    struct data_response answer = { .status = DATA_OKAY };

    if ( !ring_front_put(&front, q, DATA_SLOT_SIZE) )
        return false;
    ring_front_push(&front);
    if ( ring_back_take(&back, &taken, DATA_SLOT_SIZE) != RING_TAKEN )
        return false;
    answer.id = taken.id;
    if ( !ring_back_put(&back, &answer, DATA_SLOT_SIZE) )
        return false;
    ring_back_push(&back);
    return ring_back_final_check(&back, 1) == RING_EMPTY &&
           ring_front_final_check(&front, 1) == RING_TAKEN &&
           ring_front_take(&front, p, DATA_SLOT_SIZE) == RING_TAKEN;
}

static void run_home(struct row_run *r)
{
    struct data_request request = { .operation = DATA_SINK };

    FOR_EACH_SAMPLE(r, i)
    {
        struct data_response response;
        bool passed;

        request.id = i;
        sample_keep(r, i, TIMED(passed = pass(&request, &response)));
        if ( !passed || response.id != i )
            r->error = "the ring loses entries";
    }
}

EXPLANATION(ring_push_pop) =
    "Both ends of a ring in the guest's memory: put a request of 80 bytes, publish, take it, put "
    "the answer, publish, set both event indices, take it.  No event, no other domain: the "
    "cost of the ring's code.  All else in ring/echo-64b is notification, wake-up and dom0.  "
    "The same in every mode.";
ROW(ring_push_pop, .setup = setup_home, .run = run_home, .teardown = teardown_home) = {
    .name = "ring/push-pop",
    .work = "do something inside the guest",
    .path = "ring code, no peer",
    .help = "one request and its answer, both ends of the ring in the guest",
    .explanation = explanation_ring_push_pop,
    .columns = "image",
    .operations = 1, .samples = 1000, .warmup = 16,
};

/* --------------------------------------------------------- silent pushes -- */

/* All answers to `count` requests that were published and notified. */
static const char *collect(u32 count)
{
    struct data_response response;
    enum ring_result t;

    while ( count )
    {
        if ( !data_wait(count) )
            return "the backend broke the data ring";
        while ( (t = ring_front_take(&device.data_ring, &response, DATA_SLOT_SIZE)) == RING_TAKEN )
        {
            if ( response.status != DATA_OKAY )
                return "the backend refused a request";
            count--;
        }
        if ( t == RING_BROKEN )
            return "the backend broke the data ring";
    }
    return NULL;
}

static void run_suppressed(struct row_run *r)
{
    struct ring_front *ring = &device.data_ring;
    struct data_request request = { .operation = DATA_SINK, .length = DATA_PAYLOAD };
    u32 total = r->warmup + r->count, kept = 0, loud = 0;

    while ( kept < total && !r->failure )
    {
        /* The first would be notified; the event is put off, to the batch's end. */
        ring_front_put(ring, &request, DATA_SLOT_SIZE);
        ring_front_push(ring);
        while ( kept < total && ring_front_free(ring) )
        {
            bool notify;
            u64 ticks = TIMED((ring_front_put(ring, &request, DATA_SLOT_SIZE),
                               notify = ring_front_push(ring)));

            /* Where both sides have a CPU, the backend may be awake and ask. */
            if ( !notify )
                sample_keep(r, kept++, ticks);
            else if ( ++loud > total )
                r->failure = "the backend asks for an event with every request";
        }
        data_notify();
        if ( !r->failure )
            r->failure = collect(ring->count - ring_front_free(ring));
    }
}

EXPLANATION(ring_notify_suppressed) =
    "The backend has a request before this one still to read: its event index lies behind, "
    "so the guest writes 64 bytes, publishes them, sees that no event is wanted and makes no "
    "hypercall.  What a request costs its sender in a full stream.  Of 64 requests 63 are timed; "
    "one event carries all.  Compare with event/send-masked, the hypercall that is saved, and with "
    "ring/push-pop.";
ROW(ring_notify_suppressed, .run = run_suppressed) = {
    .name = "ring/notify-suppressed",
    .work = "tell a dom0 process something, no answer",
    .path = "shared ring, no event needed",
    .help = "put and publish a request while the backend has one unread",
    .explanation = explanation_ring_notify_suppressed,
    .elsewhere = NO_RING,
    .columns = "xen", .needs = SERVICE_DATA_RING, .flags = ROW_BATCHES,
    .operations = 1, .samples = 1000, .warmup = 16,
};
