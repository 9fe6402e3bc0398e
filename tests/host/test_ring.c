/*
 * shared/ring.h between two honest sides: capacity, index wrap, notification,
 * and a long random interleaving in which nothing may be lost or doubled and
 * nobody may sleep on work that is there.
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include <ring.h>

#include "suites.h"

#define SIZE  16u
#define COUNT 8u

struct entry {
    uint32_t number;
    uint8_t fill[SIZE - 4];
};

static _Alignas(64) uint8_t memory[RING_HEADER_SIZE + COUNT * SIZE];
static struct ring_shared *const shared = (struct ring_shared *)memory;
static struct ring_front front;
static struct ring_back back;

/* A fresh ring whose indices start at `start`, as after a long life. */
static void start_at(uint32_t start)
{
    memset(memory, 0, sizeof(memory));
    ring_front_init(&front, shared, COUNT);
    shared->req_prod = shared->rsp_prod = start;
    shared->req_event = shared->rsp_event = start + 1;
    front.req_prod = front.req_published = start;
    front.rsp_cons = front.rsp_seen = start;
    CU_ASSERT_TRUE_FATAL(ring_back_attach(&back, shared, COUNT));
}

static struct entry make(uint32_t number)
{
    struct entry e = { .number = number };

    memset(e.fill, (int)(number & 0xff), sizeof(e.fill));
    return e;
}

static bool intact(const struct entry *e)
{
    for ( size_t i = 0; i < sizeof(e->fill); i++ )
        if ( e->fill[i] != (uint8_t)e->number )
            return false;
    return true;
}

static void test_slot_count(void)
{
    CU_ASSERT_EQUAL(ring_slot_count(4096, 128), 16);
    CU_ASSERT_EQUAL(ring_slot_count(8192, 96), 64);
    CU_ASSERT_EQUAL(ring_slot_count(64 + 16 * 128, 128), 16);
    CU_ASSERT_EQUAL(ring_slot_count(64 + 16 * 128 - 1, 128), 8);
    CU_ASSERT_EQUAL(ring_slot_count(64 + 128, 128), 1);
    CU_ASSERT_EQUAL(ring_slot_count(64 + 127, 128), 0);
    CU_ASSERT_EQUAL(ring_slot_count(64, 1), 0);
    CU_ASSERT_EQUAL(ring_slot_count(0, 128), 0);
    CU_ASSERT_EQUAL(ring_slot_count(4096, 0), 0);
    CU_ASSERT_EQUAL(ring_slot_count(0xffffffffu, 1), 0x80000000u);
}

/* The rule of xen/io/ring.h, told naively: does `event` lie in (old, now]? */
static bool passed_model(uint32_t event, uint32_t old, uint32_t published)
{
    for ( uint32_t i = 1; i <= published; i++ )
        if ( (uint32_t)(old + i) == event )
            return true;
    return false;
}

static void test_event_rule(void)
{
    static const uint32_t bases[] = { 0, 1, 1000, 0x7ffffff0u, 0x80000000u,
                                      0xffffffe0u, 0xffffffffu };
    unsigned wrong = 0;

    for ( size_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++ )
        for ( uint32_t old = bases[b], n = 0; n < 40; n++, old++ )
            for ( uint32_t published = 0; published <= 20; published++ )
                for ( uint32_t event = old - 30; event != old + 50; event++ )
                    wrong += ring_event_passed(event, old, old + published) !=
                             passed_model(event, old, published);
    CU_ASSERT_EQUAL(wrong, 0);
}

/* Fill and drain again and again across the wrap of the 32-bit indices. */
static void test_wrap(void)
{
    uint32_t number = 0;

    start_at(0xffffffffu - 3 * COUNT);
    for ( unsigned round = 0; round < 8; round++ )
    {
        struct entry e;

        for ( uint32_t i = 0; i < COUNT; i++ )
        {
            e = make(number + i);
            CU_ASSERT_TRUE(ring_front_put(&front, &e, SIZE));
        }
        e = make(0);
        CU_ASSERT_FALSE(ring_front_put(&front, &e, SIZE));
        CU_ASSERT_EQUAL(ring_front_free(&front), 0);
        /* Unpublished: the backend sees none of it. */
        CU_ASSERT_EQUAL(ring_back_take(&back, &e, SIZE), RING_EMPTY);
        ring_front_push(&front);
        for ( uint32_t i = 0; i < COUNT; i++ )
        {
            CU_ASSERT_EQUAL(ring_back_take(&back, &e, SIZE), RING_TAKEN);
            CU_ASSERT_EQUAL(e.number, number + i);
            CU_ASSERT_TRUE(intact(&e));
            e = make(e.number ^ 0x80000000u);
            CU_ASSERT_TRUE(ring_back_put(&back, &e, SIZE));
        }
        CU_ASSERT_EQUAL(ring_back_take(&back, &e, SIZE), RING_EMPTY);
        CU_ASSERT_FALSE(ring_back_put(&back, &e, SIZE));
        CU_ASSERT_EQUAL(ring_front_take(&front, &e, SIZE), RING_EMPTY);
        ring_back_push(&back);
        for ( uint32_t i = 0; i < COUNT; i++ )
        {
            CU_ASSERT_EQUAL(ring_front_take(&front, &e, SIZE), RING_TAKEN);
            CU_ASSERT_EQUAL(e.number, (number + i) ^ 0x80000000u);
            CU_ASSERT_TRUE(intact(&e));
        }
        CU_ASSERT_EQUAL(ring_front_take(&front, &e, SIZE), RING_EMPTY);
        CU_ASSERT_EQUAL(ring_front_free(&front), COUNT);
        number += COUNT;
    }
    CU_ASSERT_FALSE(front.broken || back.broken);
    CU_ASSERT_TRUE(front.req_prod < 100);   /* it has wrapped */
}

static void test_first_is_notified(void)
{
    struct entry e = make(1);

    memset(memory, 0, sizeof(memory));
    ring_front_init(&front, shared, COUNT);
    CU_ASSERT_TRUE_FATAL(ring_back_attach(&back, shared, COUNT));
    ring_front_put(&front, &e, SIZE);
    CU_ASSERT_TRUE(ring_front_push(&front));
    /* Nothing new: nothing to notify. */
    CU_ASSERT_FALSE(ring_front_push(&front));
    CU_ASSERT_EQUAL(ring_back_take(&back, &e, SIZE), RING_TAKEN);
    ring_back_put(&back, &e, SIZE);
    CU_ASSERT_TRUE(ring_back_push(&back));
    CU_ASSERT_FALSE(ring_back_push(&back));
}

/*
 * A backend ends with two of four requests answered in their slots and nothing published.
 * The next one counts those two, takes the other two, and the frontend gets each once.
 */
static void test_takeover(void)
{
    struct entry e;
    const struct entry *oldest;

    start_at(0xfffffffeu);
    for ( uint32_t i = 0; i < 4; i++ )
    {
        e = make(i);
        ring_front_put(&front, &e, SIZE);
    }
    ring_front_push(&front);
    for ( uint32_t i = 0; i < 2; i++ )
    {
        CU_ASSERT_EQUAL(ring_back_take(&back, &e, SIZE), RING_TAKEN);
        e = make(100 + i);
        CU_ASSERT_EQUAL(ring_back_unanswered(&back), 1);
        memcpy(ring_back_next(&back, SIZE), &e, SIZE);
        ring_back_count(&back, 1);
    }
    CU_ASSERT_EQUAL(ring_back_unanswered(&back), 0);

    CU_ASSERT_TRUE_FATAL(ring_back_attach(&back, shared, COUNT));
    while ( (oldest = ring_back_oldest(&back, SIZE)) && oldest->number >= 100 )
        ring_back_adopt(&back);
    CU_ASSERT_PTR_NOT_NULL(oldest);
    ring_back_push(&back);
    for ( uint32_t i = 2; i < 4; i++ )
    {
        CU_ASSERT_EQUAL(ring_back_take(&back, &e, SIZE), RING_TAKEN);
        CU_ASSERT_EQUAL(e.number, i);
        e = make(100 + i);
        ring_back_put(&back, &e, SIZE);
    }
    CU_ASSERT_EQUAL(ring_back_take(&back, &e, SIZE), RING_EMPTY);
    CU_ASSERT_PTR_NULL(ring_back_oldest(&back, SIZE));
    ring_back_push(&back);
    for ( uint32_t i = 0; i < 4; i++ )
    {
        CU_ASSERT_EQUAL(ring_front_take(&front, &e, SIZE), RING_TAKEN);
        CU_ASSERT_EQUAL(e.number, 100 + i);
    }
    CU_ASSERT_EQUAL(ring_front_take(&front, &e, SIZE), RING_EMPTY);
    CU_ASSERT_FALSE(front.broken || back.broken);
}

/* "Wake me after 4": three pushes are silent, the fourth is not. */
static void test_batched(void)
{
    struct entry e;

    start_at(0xfffffffeu);
    for ( uint32_t i = 0; i < 5; i++ )
    {
        e = make(i);
        ring_front_put(&front, &e, SIZE);
    }
    ring_front_push(&front);
    CU_ASSERT_EQUAL(ring_front_final_check(&front, 4), RING_EMPTY);
    for ( uint32_t i = 0; i < 5; i++ )
    {
        CU_ASSERT_EQUAL(ring_back_take(&back, &e, SIZE), RING_TAKEN);
        ring_back_put(&back, &e, SIZE);
        CU_ASSERT_EQUAL(ring_back_push(&back), i == 3);
    }
    /* Something to take: the final check must not let it sleep. */
    CU_ASSERT_EQUAL(ring_front_final_check(&front, 1), RING_TAKEN);
    for ( uint32_t i = 0; i < 5; i++ )
        CU_ASSERT_EQUAL(ring_front_take(&front, &e, SIZE), RING_TAKEN);

    /* The same towards the backend, and several published at once. */
    CU_ASSERT_EQUAL(ring_back_final_check(&back, 3), RING_EMPTY);
    for ( uint32_t i = 0; i < 2; i++ )
        ring_front_put(&front, &e, SIZE);
    CU_ASSERT_FALSE(ring_front_push(&front));
    for ( uint32_t i = 0; i < 4; i++ )
        ring_front_put(&front, &e, SIZE);
    CU_ASSERT_TRUE(ring_front_push(&front));
    CU_ASSERT_EQUAL(ring_back_final_check(&back, 1), RING_TAKEN);
}

/* ---- random interleaving ---- */

/* xorshift64 (Marsaglia 2003): the run is the same every time. */
static uint64_t random_state;

static uint32_t below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % limit;
}

/* Both sides as they are in life: awake, or asleep until notified. */
static struct {
    bool front_asleep, back_asleep;
    uint32_t sent, served, answered, received;   /* entries */
    uint32_t notifications;
    uint32_t errors;
} world;

static void step_front(void)
{
    uint32_t outstanding = world.sent - world.received;
    struct entry e;

    switch ( below(4) )
    {
    case 0:
    case 1:
        for ( uint32_t n = below(COUNT + 1); n > 0; n-- )
        {
            e = make(world.sent);
            if ( !ring_front_put(&front, &e, SIZE) )
                break;
            world.sent++;
        }
        if ( ring_front_push(&front) )
        {
            world.notifications++;
            world.back_asleep = false;
        }
        break;
    case 2:
        for ( uint32_t n = below(COUNT + 1); n > 0; n-- )
        {
            enum ring_result r = ring_front_take(&front, &e, SIZE);

            if ( r == RING_BROKEN )
                world.errors++;
            if ( r != RING_TAKEN )
                break;
            world.errors += e.number != world.received || !intact(&e);
            world.received++;
        }
        break;
    case 3:
        /* Sleep only for answers that will come without further requests. */
        if ( outstanding > 0 && front.req_published == front.req_prod )
            world.front_asleep =
                ring_front_final_check(&front, 1 + below(outstanding)) ==
                RING_EMPTY;
        break;
    }
}

/* Requests taken and not yet answered, as a queue of numbers. */
static uint32_t held[COUNT];

static void step_back(void)
{
    uint32_t in_hand = world.served - world.answered;
    struct entry e;

    switch ( below(4) )
    {
    case 0:
    case 1:
        for ( uint32_t n = below(COUNT + 1); n > 0; n-- )
        {
            enum ring_result r = ring_back_take(&back, &e, SIZE);

            if ( r == RING_BROKEN )
                world.errors++;
            if ( r != RING_TAKEN )
                break;
            world.errors += e.number != world.served || !intact(&e);
            held[world.served++ % COUNT] = e.number;
        }
        break;
    case 2:
        for ( uint32_t n = below(COUNT + 1); n > 0 && in_hand > 0; n--, in_hand-- )
        {
            e = make(held[world.answered++ % COUNT]);
            world.errors += !ring_back_put(&back, &e, SIZE);
        }
        if ( ring_back_push(&back) )
        {
            world.notifications++;
            world.front_asleep = false;
        }
        break;
    case 3:
        if ( in_hand == 0 && back.rsp_published == back.rsp_prod )
            world.back_asleep = ring_back_final_check(&back, 1) == RING_EMPTY;
        break;
    }
}

static void test_interleaving(void)
{
    unsigned long lost_wakeups = 0;

    random_state = 88172645463325252u;
    memset(&world, 0, sizeof(world));
    start_at(0xffff0000u);   /* wraps on the way */
    for ( unsigned long i = 0; i < 1000000; i++ )
    {
        bool pick_front = below(2) == 0;

        if ( world.front_asleep && world.back_asleep )
        {
            /* Nobody will wake anybody: a notification was lost. */
            lost_wakeups++;
            world.front_asleep = world.back_asleep = false;
        }
        if ( pick_front && !world.front_asleep )
            step_front();
        else if ( !world.back_asleep )
            step_back();
        else if ( !world.front_asleep )
            step_front();
    }
    CU_ASSERT_EQUAL(lost_wakeups, 0);
    CU_ASSERT_EQUAL(world.errors, 0);
    CU_ASSERT_TRUE(world.received > 0x10000);   /* the indices wrapped */
    CU_ASSERT_TRUE(world.sent - world.received <= COUNT);
    CU_ASSERT_FALSE(front.broken || back.broken);
    /* Event indices do their work: fewer notifications than entries. */
    CU_ASSERT_TRUE(world.notifications < world.sent + world.received);
}

void suite_ring(void)
{
    CU_pSuite suite = CU_add_suite("ring", NULL, NULL);

    CU_add_test(suite, "slot count", test_slot_count);
    CU_add_test(suite, "event index rule against a model", test_event_rule);
    CU_add_test(suite, "indices wrap at 2^32", test_wrap);
    CU_add_test(suite, "the first entries are notified", test_first_is_notified);
    CU_add_test(suite, "a backend goes on for another", test_takeover);
    CU_add_test(suite, "batched final check", test_batched);
    CU_add_test(suite, "a million random steps", test_interleaving);
}
