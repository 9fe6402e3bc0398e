/*
 * Faces consumer_wait(): the real backend in dom0, with the CPU taken away at the worst places, and a backend
 * that lies.
 */
#include "consumer.h"

/* ns: dom0 has answered by then. */
#define LONG_ENOUGH 400000u
#define EACH 5u
#define LOOKS_MAX 1000u       /* without a sleep: it spins */
#define SLEEPS_MAX 20u        /* of LONG_ENOUGH each: nobody will wake it */

static struct {
    u32 calls;             /* so far, of this wait */
    u32 interrupted;       /* others run after that one; EACH: after each; 0: after none */
    u32 looks;             /* since the last sleep */
    bool slept;
    const char *wrong;
    const u32 *liar;       /* NULL, or the index that a lying backend shows */
} at;

/* Here Xen takes the CPU away, if it is to. */
static void looked(void)
{
    if ( at.interrupted == ++at.calls || at.interrupted == EACH )
        others_run(LONG_ENOUGH);
}

u32 responses(struct ring_front *ring)
{
    u32 there = at.liar ? *at.liar : READ_ONCE(ring->shared->rsp_prod);

    if ( ++at.looks > LOOKS_MAX && !at.wrong )
        at.wrong = "it looks, and looks, and never sleeps: nobody else gets the CPU";
    /* Whatever is wrong ends the wait. */
    if ( at.wrong )
        return ring->rsp_cons + 1;
    looked();
    return there;
}

u32 events(void)
{
    u32 seen = event_arrivals[device.data_port];

    looked();
    return seen;
}

void sleep_until_event(u32 seen)
{
    at.looks = 0;
    at.slept = true;
    for ( u32 i = 0; i < SLEEPS_MAX && event_arrivals[device.data_port] == seen; i++ )
        others_run(LONG_ENOUGH);
    if ( event_arrivals[device.data_port] == seen && !at.wrong )
        at.wrong = "it sleeps for ever, and its response is in the ring: a lost wake-up";
}

static const char *exchange(u32 id)
{
    struct ring_front *ring = &device.data_ring;
    struct data_request request = { .id = id, .operation = DATA_ECHO, .length = DATA_PAYLOAD };
    struct data_response response;
    enum ring_result result, taken;

    if ( !ring_front_put(ring, &request, DATA_SLOT_SIZE) )
        return "the ring is full: earlier responses are not taken";
    data_push();
    at.looks = at.calls = 0;
    at.wrong = NULL;
    result = consumer_wait(ring);
    if ( at.wrong )
        return at.wrong;
    if ( result == RING_BROKEN )
        return "it takes an honest backend for a liar";
    if ( result != RING_TAKEN )
        return "it returns neither RING_TAKEN nor RING_BROKEN";
    taken = ring_front_take(ring, &response, DATA_SLOT_SIZE);
    if ( taken != RING_TAKEN )
        return "it says that there is a response, and there is none";
    return response.id == id ? NULL : "another request's response";
}

/* With one place after the other. */
static void exchanges(struct row_run *r, bool interrupted)
{
    at.slept = false;
    FOR_EACH_SAMPLE(r, i)
    {
        const char *wrong;

        at.interrupted = interrupted ? 1 + i % EACH : 0;
        sample_keep(r, i, TIMED(wrong = exchange(i)));
        at.interrupted = 0;
        r->failure = wrong;
    }
}

static void run_alone(struct row_run *r)
{
    exchanges(r, false);
    if ( !r->failure && !at.slept )
        r->failure = "it never sleeps while there is no response";
}

EXPLANATION(check_alone) =
    "Each request is answered while the guest sleeps.";
ROW(check_alone, .run = run_alone) = {
    .name = "check/alone", .work = "wait for a response", .path = "the real backend, undisturbed",
    .help = "twenty requests, each answered while you sleep", .explanation = explanation_check_alone,
    .elsewhere = "there is no backend", .columns = "xen", .needs = SERVICE_DATA_RING, .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 20, .warmup = 0,
};

static void run_between(struct row_run *r)
{
    exchanges(r, true);
}

EXPLANATION(check_between) =
    "After one look of the consumer's, or after each, others run until the backend has answered: between the look "
    "and the event index, between that and the second look, between that and the sleep.";
ROW(check_between, .run = run_between) = {
    .name = "check/between", .work = "wait for a response", .path = "the real backend, at the worst moments",
    .help = "the CPU is taken away behind one of your looks, or each", .explanation = explanation_check_between,
    .elsewhere = "there is no backend", .columns = "xen", .needs = SERVICE_DATA_RING, .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 20, .warmup = 0,
};

/* No backend: a ring of our own, and indices that cannot be, next to the wrap. */
static void run_liar(struct row_run *r)
{
    static const u32 lies[] = { 0x00000004, 0xfffffffb, 0x7fffffff };
    static struct ring_shared shared;

    FOR_EACH_SAMPLE(r, i)
    {
        struct ring_front ring = {
            .shared = &shared, .count = 8, .req_prod = 2, .req_published = 2, .rsp_cons = 0xfffffffe,
            .rsp_seen = 0xfffffffe,
        };
        u32 honest = 2;
        enum ring_result result;

        at.wrong = NULL;
        at.looks = 0;
        at.liar = &honest;
        result = consumer_wait(&ring);
        if ( at.wrong )
            r->failure = at.wrong;
        else if ( result != RING_TAKEN )
            r->failure = "four requests are out and answered, over the wrap of the index: it finds none";
        for ( u32 k = 0; k < ARRAY_SIZE(lies) && !r->failure; k++ )
        {
            at.liar = &lies[k];
            at.looks = 0;
            result = consumer_wait(&ring);
            if ( at.wrong )
                r->failure = at.wrong;
            else if ( result != RING_BROKEN )
                r->failure = "the backend says that there are more responses than requests: believed";
        }
        at.liar = NULL;
        sample_keep(r, i, 0);
    }
}

EXPLANATION(check_liar) =
    "A backend writes an index that cannot be.";
ROW(check_liar, .run = run_liar) = {
    .name = "check/liar", .work = "believe nothing", .path = "indices that cannot be",
    .help = "a backend that claims responses to requests that you did not make",
    .explanation = explanation_check_liar, .elsewhere = "as in a domain", .columns = "xen",
    .operations = 1, .samples = 1, .warmup = 0,
};
