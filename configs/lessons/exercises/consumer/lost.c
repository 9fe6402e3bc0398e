/*
 * The lost wake-up, in a domain: two consumers of the data ring that differ by one look.  Xen takes the CPU away
 * between the look and the sleep, here by a hypercall, elsewhere whenever it likes.
 */
#include "exercise.h"

#define LONG_ENOUGH 400000u   /* ns: dom0 has answered by then */

static const char *exchange(u32 id, bool again)
{
    struct ring_front *ring = &device.data_ring;
    struct data_request request = { .id = id, .operation = DATA_ECHO, .length = DATA_PAYLOAD };
    struct data_response response;

    if ( !ring_front_put(ring, &request, DATA_SLOT_SIZE) )
        return "the ring is full";
    data_push();
    while ( READ_ONCE(ring->shared->rsp_prod) == ring->rsp_cons )
    {
        u32 seen = event_arrivals[device.data_port];

        others_run(LONG_ENOUGH);
        WRITE_ONCE(ring->shared->rsp_event, ring->rsp_cons + 1);
        full_barrier();
        if ( again && READ_ONCE(ring->shared->rsp_prod) != ring->rsp_cons )
            break;
        while ( event_arrivals[device.data_port] == seen )
            event_sleep(device.data_port, seen);
    }
    return ring_front_take(ring, &response, DATA_SLOT_SIZE) == RING_TAKEN ? NULL : "no response";
}

static void exchanges(struct row_run *r, bool again)
{
    FOR_EACH_SAMPLE(r, i)
    {
        const char *trouble;

        sample_keep(r, i, TIMED(trouble = exchange(i, again)));
        r->failure = trouble;
    }
}

static void run_kept(struct row_run *r)
{
    exchanges(r, true);
}

static void run_lost(struct row_run *r)
{
    exchanges(r, false);
}

EXPLANATION(wakeup_kept) =
    "The consumer asks for an event, and looks once more before it sleeps.";
ROW(wakeup_kept, .run = run_kept) = {
    .name = "wakeup/kept", .work = "ask a dom0 process and get its answer", .path = "looks again before it sleeps",
    .help = "a consumer that looks once more", .explanation = explanation_wakeup_kept,
    .elsewhere = "there is no backend", .columns = "xen", .needs = SERVICE_DATA_RING, .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 20, .warmup = 1,
};

EXPLANATION(wakeup_lost) =
    "The consumer asks for an event and sleeps: what was answered before it asked wakes nobody.";
ROW(wakeup_lost, .run = run_lost) = {
    .name = "wakeup/lost", .work = "ask a dom0 process and get its answer", .path = "sleeps without another look",
    .help = "a consumer that does not look again", .explanation = explanation_wakeup_lost,
    .elsewhere = "there is no backend", .columns = "xen", .needs = SERVICE_DATA_RING, .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 20, .warmup = 1,
};
