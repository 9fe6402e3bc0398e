/*
 * shared/ring.h against a peer that lies: the cases F1 to F6 and B1 to B6 of
 * the catalogue of hostile peers, as far as the ring core decides them.
 */
#include <CUnit/CUnit.h>
#include <string.h>

#include <ring.h>

#include "suites.h"

#define SIZE  8u
#define COUNT 4u

static _Alignas(64) uint8_t memory[RING_HEADER_SIZE + COUNT * SIZE + 8];
static struct ring_shared *const shared = (struct ring_shared *)memory;
static struct ring_front front;
static struct ring_back back;

#define GUARD 0xa5a5a5a5a5a5a5a5u

static void connect(void)
{
    uint64_t guard = GUARD;

    memset(memory, 0, sizeof(memory));
    memcpy(memory + RING_HEADER_SIZE + COUNT * SIZE, &guard, sizeof(guard));
    ring_front_init(&front, shared, COUNT);
    CU_ASSERT_TRUE_FATAL(ring_back_attach(&back, shared, COUNT));
}

/* Nothing was ever written behind the last slot. */
static void check_guard(void)
{
    uint64_t guard;

    memcpy(&guard, memory + RING_HEADER_SIZE + COUNT * SIZE, sizeof(guard));
    CU_ASSERT_EQUAL(guard, GUARD);
}

static void request(uint64_t value)
{
    CU_ASSERT_TRUE(ring_front_put(&front, &value, SIZE));
    ring_front_push(&front);
}

/* Take all there is; how many, and whether the ring broke. */
static unsigned drain(enum ring_result *last)
{
    uint64_t value = 0;
    unsigned taken = 0;

    while ( (*last = ring_back_take(&back, &value, SIZE)) == RING_TAKEN )
        taken++;
    return taken;
}

static void f1_req_prod_runs_away(void)
{
    static const uint32_t claims[] = { COUNT + 1, COUNT + 2, 1000, 0x7fffffffu,
                                       0x80000000u, 0xffffffffu };
    enum ring_result last;

    for ( size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++ )
    {
        connect();
        shared->req_prod = claims[i];
        CU_ASSERT_TRUE(drain(&last) <= COUNT);
        CU_ASSERT_EQUAL(last, RING_BROKEN);
        CU_ASSERT_TRUE(back.broken);
        /* An index made good again does not mend it. */
        shared->req_prod = 1;
        CU_ASSERT_EQUAL(ring_back_look(&back), RING_BROKEN);
        CU_ASSERT_EQUAL(ring_back_final_check(&back, 1), RING_BROKEN);
        check_guard();
    }
    /* A full ring is no lie. */
    connect();
    shared->req_prod = COUNT;
    CU_ASSERT_EQUAL(drain(&last), COUNT);
    CU_ASSERT_EQUAL(last, RING_EMPTY);
}

static void f2_req_prod_goes_back(void)
{
    enum ring_result last;

    connect();
    request(1);
    request(2);
    CU_ASSERT_EQUAL(drain(&last), 2);
    shared->req_prod = 1;
    CU_ASSERT_EQUAL(drain(&last), 0);
    CU_ASSERT_EQUAL(last, RING_BROKEN);
    CU_ASSERT_TRUE(back.broken);
}

static void f3_wrong_at_connect(void)
{
    struct ring_back fresh;
    uint64_t value = 0;

    connect();
    shared->req_prod = COUNT + 1;
    CU_ASSERT_FALSE(ring_back_attach(&fresh, shared, COUNT));
    CU_ASSERT_EQUAL(ring_back_take(&fresh, &value, SIZE), RING_BROKEN);
    CU_ASSERT_FALSE(ring_back_put(&fresh, &value, SIZE));

    shared->req_prod = 0;
    shared->rsp_prod = 1;   /* more answered than asked */
    CU_ASSERT_FALSE(ring_back_attach(&fresh, shared, COUNT));

    /* A frontend that reconnects with all slots in use is no liar. */
    shared->rsp_prod = 0xfffffffeu;
    shared->req_prod = 0xfffffffeu + COUNT;
    CU_ASSERT_TRUE(ring_back_attach(&fresh, shared, COUNT));
    for ( unsigned i = 0; i < COUNT; i++ )
        CU_ASSERT_EQUAL(ring_back_take(&fresh, &value, SIZE), RING_TAKEN);
    CU_ASSERT_EQUAL(ring_back_take(&fresh, &value, SIZE), RING_EMPTY);
}

static void f4_slots_in_hand(void)
{
    enum ring_result last;
    uint64_t value = 0;

    /* All slots taken, none answered: not one more request can exist. */
    connect();
    for ( unsigned i = 0; i < COUNT; i++ )
        request(i);
    CU_ASSERT_EQUAL(drain(&last), COUNT);
    shared->req_prod = COUNT + 1;
    CU_ASSERT_EQUAL(drain(&last), 0);
    CU_ASSERT_EQUAL(last, RING_BROKEN);

    /* Answers only go where a request was taken: those unread stay whole. */
    connect();
    for ( uint64_t i = 0; i < COUNT; i++ )
        request(100 + i);
    CU_ASSERT_EQUAL(ring_back_take(&back, &value, SIZE), RING_TAKEN);
    value = 7;
    CU_ASSERT_TRUE(ring_back_put(&back, &value, SIZE));
    CU_ASSERT_FALSE(ring_back_put(&back, &value, SIZE));
    for ( uint64_t i = 1; i < COUNT; i++ )
    {
        CU_ASSERT_EQUAL(ring_back_take(&back, &value, SIZE), RING_TAKEN);
        CU_ASSERT_EQUAL(value, 100 + i);
    }
    check_guard();
}

static void f5_scribbled_indices(void)
{
    uint64_t value = 0;

    connect();
    request(1);
    request(2);
    CU_ASSERT_EQUAL(ring_back_take(&back, &value, SIZE), RING_TAKEN);
    shared->rsp_prod = 0xdeadbeefu;
    shared->req_event = 0xdeadbeefu;
    CU_ASSERT_EQUAL(back.rsp_prod, 0);
    CU_ASSERT_EQUAL(back.req_cons, 1);
    value = 11;
    CU_ASSERT_TRUE(ring_back_put(&back, &value, SIZE));
    /* "It is published already": whom to notify is not read from there. */
    shared->rsp_prod = 1;
    CU_ASSERT_TRUE(ring_back_push(&back));
    /* The backend's own count goes out, not the scribble. */
    CU_ASSERT_EQUAL(shared->rsp_prod, 1);
    CU_ASSERT_EQUAL(ring_front_take(&front, &value, SIZE), RING_TAKEN);
    CU_ASSERT_EQUAL(value, 11);
    CU_ASSERT_EQUAL(ring_back_take(&back, &value, SIZE), RING_TAKEN);
    CU_ASSERT_EQUAL(value, 2);
    CU_ASSERT_FALSE(back.broken);
}

/* A slot rewritten after it was taken does not change what was taken. */
static void f6_copied_once(void)
{
    uint64_t value = 0, later = 666;

    connect();
    request(42);
    CU_ASSERT_EQUAL(ring_back_take(&back, &value, SIZE), RING_TAKEN);
    memcpy(shared->slots, &later, SIZE);
    CU_ASSERT_EQUAL(value, 42);

    connect();
    request(1);
    CU_ASSERT_EQUAL(ring_back_take(&back, &value, SIZE), RING_TAKEN);
    ring_back_put(&back, &value, SIZE);
    ring_back_push(&back);
    CU_ASSERT_EQUAL(ring_front_take(&front, &value, SIZE), RING_TAKEN);
    memcpy(shared->slots, &later, SIZE);
    CU_ASSERT_EQUAL(value, 1);
}

static void b1_rsp_prod_overflow(void)
{
    static const uint32_t claims[] = { 2, COUNT, COUNT + 1, 0x80000000u,
                                       0xffffffffu };
    uint64_t value = 1;

    /* One request published: one answer can exist, no more. */
    for ( size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++ )
    {
        connect();
        request(1);
        /* Written but not published: not yet a question either. */
        ring_front_put(&front, &value, SIZE);
        shared->rsp_prod = claims[i];
        CU_ASSERT_EQUAL(ring_front_take(&front, &value, SIZE), RING_BROKEN);
        CU_ASSERT_TRUE(front.broken);
        shared->rsp_prod = 1;
        CU_ASSERT_EQUAL(ring_front_take(&front, &value, SIZE), RING_BROKEN);
        CU_ASSERT_EQUAL(ring_front_final_check(&front, 1), RING_BROKEN);
        CU_ASSERT_FALSE(ring_front_put(&front, &value, SIZE));
    }
}

static void b1_rsp_prod_goes_back(void)
{
    uint64_t value = 0;

    connect();
    request(1);
    request(2);
    for ( unsigned i = 0; i < 2; i++ )
    {
        CU_ASSERT_EQUAL(ring_back_take(&back, &value, SIZE), RING_TAKEN);
        ring_back_put(&back, &value, SIZE);
    }
    ring_back_push(&back);
    for ( unsigned i = 0; i < 2; i++ )
        CU_ASSERT_EQUAL(ring_front_take(&front, &value, SIZE), RING_TAKEN);
    shared->rsp_prod = 1;
    CU_ASSERT_EQUAL(ring_front_take(&front, &value, SIZE), RING_BROKEN);
}

/* The frontend's indices are its own, whatever stands in the shared page. */
static void b_scribbled_indices(void)
{
    uint64_t value = 2;

    connect();
    request(1);
    shared->req_prod = 0xdeadbeefu;
    shared->rsp_event = 0xdeadbeefu;
    CU_ASSERT_EQUAL(front.req_prod, 1);
    CU_ASSERT_EQUAL(ring_front_free(&front), COUNT - 1);
    CU_ASSERT_TRUE(ring_front_put(&front, &value, SIZE));
    shared->req_prod = shared->req_event = 2;
    CU_ASSERT_TRUE(ring_front_push(&front));
    CU_ASSERT_EQUAL(shared->req_prod, 2);
    CU_ASSERT_EQUAL(ring_front_final_check(&front, 1), RING_EMPTY);
    CU_ASSERT_EQUAL(shared->rsp_event, 1);
    CU_ASSERT_FALSE(front.broken);
}

void suite_ring_hostile(void)
{
    CU_pSuite suite = CU_add_suite("ring-hostile", NULL, NULL);

    CU_add_test(suite, "F1 req_prod runs away", f1_req_prod_runs_away);
    CU_add_test(suite, "F2 req_prod moves backwards", f2_req_prod_goes_back);
    CU_add_test(suite, "F3 indices wrong at connect", f3_wrong_at_connect);
    CU_add_test(suite, "F4 consumption past free slots", f4_slots_in_hand);
    CU_add_test(suite, "F5 shared indices scribbled", f5_scribbled_indices);
    CU_add_test(suite, "F6 B5 entry copied once", f6_copied_once);
    CU_add_test(suite, "B1 rsp_prod overflow", b1_rsp_prod_overflow);
    CU_add_test(suite, "B1 rsp_prod moves backwards", b1_rsp_prod_goes_back);
    CU_add_test(suite, "B frontend's indices are private", b_scribbled_indices);
}
