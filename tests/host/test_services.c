/*
 * backend/services.c: what the data ring answers, to honest requests and to
 * those of a hostile frontend (catalogue of hostile peers, F1, F8, F16, F17,
 * F21 to F23, F26).
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include <ring.h>

#include "backend/services.h"
#include "suites.h"

#define GOOD_REF 8u
#define WORD     0x1122334455667788u

/* A page of dom0's imagination: one good reference, and what was asked. */
static unsigned maps, copies, out_of_page;

static bool fake_map(void *context, uint32_t gref, uint32_t offset,
                     uint64_t *value)
{
    (void)context;
    maps++;
    out_of_page += offset > PAGE_BYTES - 8;
    *value = WORD;
    return gref == GOOD_REF;
}

static bool fake_copy(void *context, uint32_t gref, uint32_t offset,
                      uint32_t length, uint64_t *value)
{
    (void)context;
    copies++;
    out_of_page += (uint64_t)offset + length > PAGE_BYTES;
    *value = WORD;
    return gref == GOOD_REF;
}

/* One port can be counted; ten events have come on it. */
#define GOOD_PORT 5u
static unsigned naps;

static bool fake_count(void *context, uint32_t port, uint64_t *value)
{
    (void)context;
    *value = port == GOOD_PORT ? 10 : 0;
    return port == GOOD_PORT || port == 0;
}

static void fake_awake(void *context, bool on)
{
    (void)context;
    naps += !on;
}

static const struct page_access pages = {
    NULL, fake_map, fake_copy, fake_count, fake_awake,
};

static struct data_response answer(const struct data_request *q)
{
    struct data_response p;

    /* F23: whatever is not an answer must be zero, not our stack. */
    memset(&p, 0x5a, sizeof(p));
    services_answer(q, &p, &pages);
    CU_ASSERT_EQUAL(p.id, q->id);
    CU_ASSERT_EQUAL(p.operation, q->operation);
    return p;
}

static bool all_zero(const uint8_t *bytes, size_t count)
{
    for ( size_t i = 0; i < count; i++ )
        if ( bytes[i] != 0 )
            return false;
    return true;
}

static void test_payloads(void)
{
    struct data_request q = { .id = 0xfffffff0u, .operation = DATA_ECHO,
                              .length = DATA_PAYLOAD };
    struct data_response p;

    for ( unsigned i = 0; i < DATA_PAYLOAD; i++ )
        q.payload[i] = (uint8_t)(255 - i);
    p = answer(&q);
    CU_ASSERT_EQUAL(p.status, DATA_OKAY);
    CU_ASSERT_EQUAL(memcmp(p.payload, q.payload, DATA_PAYLOAD), 0);

    q.length = 5;
    p = answer(&q);
    CU_ASSERT_EQUAL(memcmp(p.payload, q.payload, 5), 0);
    CU_ASSERT_TRUE(all_zero(p.payload + 5, DATA_PAYLOAD - 5));

    q.operation = DATA_SINK;
    q.length = 3;
    p = answer(&q);
    CU_ASSERT_EQUAL(p.status, DATA_OKAY);
    CU_ASSERT_EQUAL(p.value, 255 + 254 + 253);
    CU_ASSERT_TRUE(all_zero(p.payload, DATA_PAYLOAD));

    q.operation = DATA_SOURCE;
    p = answer(&q);
    CU_ASSERT_EQUAL(p.status, DATA_OKAY);
    for ( unsigned i = 0; i < DATA_PAYLOAD; i++ )
        CU_ASSERT_EQUAL(p.payload[i], (uint8_t)(q.id + i));
}

static void test_lengths(void)
{
    static const uint16_t operations[] = { DATA_ECHO, DATA_SINK };
    static const uint16_t lengths[] = { DATA_PAYLOAD + 1, 4096, 0xffff };

    for ( unsigned o = 0; o < 2; o++ )
        for ( unsigned l = 0; l < 3; l++ )
        {
            struct data_request q = { .operation = operations[o],
                                      .length = lengths[l] };
            struct data_response p = answer(&q);

            CU_ASSERT_EQUAL(p.status, DATA_ERROR);
            CU_ASSERT_EQUAL(p.value, 0);
            CU_ASSERT_TRUE(all_zero(p.payload, DATA_PAYLOAD));
        }
}

static void test_pages(void)
{
    static const struct {
        uint16_t operation, length;
        uint32_t gref, offset;
        int16_t status;
    } cases[] = {
        { DATA_MAP, 0, GOOD_REF, 0, DATA_OKAY },
        { DATA_MAP, 0, GOOD_REF, 4088, DATA_OKAY },
        { DATA_MAP, 0, GOOD_REF, 4089, DATA_ERROR },
        { DATA_MAP, 0, GOOD_REF, 0xffffffffu, DATA_ERROR },   /* F16 */
        { DATA_MAP, 0, GOOD_REF, 0xfffffff8u, DATA_ERROR },
        { DATA_MAP, 0, 9, 0, DATA_ERROR },                    /* F8 */
        { DATA_COPY, 4096, GOOD_REF, 0, DATA_OKAY },
        { DATA_COPY, 1, GOOD_REF, 4095, DATA_OKAY },
        { DATA_COPY, 0, GOOD_REF, 0, DATA_ERROR },            /* F17 */
        { DATA_COPY, 4097, GOOD_REF, 0, DATA_ERROR },
        { DATA_COPY, 2, GOOD_REF, 4095, DATA_ERROR },
        { DATA_COPY, 0xffff, GOOD_REF, 1, DATA_ERROR },
        { DATA_COPY, 16, GOOD_REF, 0xfffffff8u, DATA_ERROR }, /* F16 */
        { DATA_COPY, 4096, 9, 0, DATA_ERROR },
    };

    maps = copies = out_of_page = 0;
    for ( size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        struct data_request q = {
            .id = (uint32_t)i, .operation = cases[i].operation,
            .length = cases[i].length, .gref = cases[i].gref,
            .offset = cases[i].offset,
        };
        struct data_response p = answer(&q);

        CU_ASSERT_EQUAL(p.status, cases[i].status);
        CU_ASSERT_EQUAL(p.value, p.status == DATA_OKAY ? WORD : 0);
        CU_ASSERT_TRUE(all_zero(p.payload, DATA_PAYLOAD));
    }
    /* What is out of the page was refused before anything was touched. */
    CU_ASSERT_EQUAL(out_of_page, 0);
    CU_ASSERT_EQUAL(maps, 3);
    CU_ASSERT_EQUAL(copies, 3);
}

static void test_events(void)
{
    struct data_request q = { .id = 1, .operation = DATA_EVENTS, .gref = GOOD_PORT };
    struct data_response p = answer(&q);

    CU_ASSERT_EQUAL(p.status, DATA_OKAY);
    CU_ASSERT_EQUAL(p.value, 10);
    q.gref = 0xffffffffu;   /* F35 */
    p = answer(&q);
    CU_ASSERT_EQUAL(p.status, DATA_ERROR);
    CU_ASSERT_EQUAL(p.value, 0);

    q.operation = DATA_AWAKE;
    p = answer(&q);
    CU_ASSERT_EQUAL(p.status, DATA_OKAY);
    CU_ASSERT_EQUAL(naps, 0);
    q.gref = 0;
    answer(&q);
    CU_ASSERT_EQUAL(naps, 1);
    CU_ASSERT_TRUE(all_zero(p.payload, DATA_PAYLOAD));
}

static void test_unknown(void)
{
    for ( unsigned operation = 5; operation < 0x10000; operation += 1021 )
    {
        struct data_request q = { .id = 7, .operation = (uint16_t)operation };
        struct data_response p = answer(&q);

        CU_ASSERT_EQUAL(p.status, DATA_NOT_SUPPORTED);
        CU_ASSERT_TRUE(all_zero(p.payload, DATA_PAYLOAD));
    }
}

/* ---- a ring's turn ---- */

#define COUNT 4u

static _Alignas(64) uint8_t memory[RING_HEADER_SIZE + COUNT * DATA_SLOT_SIZE];
static struct ring_shared *const shared = (struct ring_shared *)memory;
static struct ring_front front;
static struct ring_back back;

static void connect(void)
{
    memset(memory, 0, sizeof(memory));
    ring_front_init(&front, shared, COUNT);
    CU_ASSERT_TRUE_FATAL(ring_back_attach(&back, shared, COUNT));
}

static void request(uint32_t id, uint32_t count)
{
    struct data_request q = { .id = id, .operation = DATA_SOURCE };

    for ( uint32_t i = 0; i < count; i++ )
        CU_ASSERT_TRUE(ring_front_put(&front, &q, DATA_SLOT_SIZE));
    ring_front_push(&front);
}

static unsigned collect(uint32_t id)
{
    struct data_response p;
    unsigned taken = 0;

    while ( ring_front_take(&front, &p, DATA_SLOT_SIZE) == RING_TAKEN )
    {
        CU_ASSERT_EQUAL(p.id, id);
        taken++;
    }
    return taken;
}

static void test_turn(void)
{
    bool notify;

    connect();
    CU_ASSERT_EQUAL(services_turn(&back, &pages, &notify), TURN_SPURIOUS);
    CU_ASSERT_FALSE(notify);

    /* F22: equal ids are echoed, one answer each. */
    request(42, 3);
    CU_ASSERT_EQUAL(services_turn(&back, &pages, &notify), TURN_IDLE);
    CU_ASSERT_TRUE(notify);
    CU_ASSERT_EQUAL(collect(42), 3);

    /* A frontend that did not ask for it gets no event. */
    request(43, 1);
    CU_ASSERT_EQUAL(services_turn(&back, &pages, &notify), TURN_IDLE);
    CU_ASSERT_FALSE(notify);
    CU_ASSERT_EQUAL(collect(43), 1);
    /* It will notify us: we asked for the next one. */
    CU_ASSERT_EQUAL(shared->req_event, back.req_cons + 1);
}

static void test_budget(void)
{
    bool notify;

    connect();
    request(1, COUNT);
    CU_ASSERT_EQUAL(services_turn(&back, &pages, &notify), TURN_MORE);
    CU_ASSERT_TRUE(notify);
    CU_ASSERT_EQUAL(collect(1), COUNT);
    CU_ASSERT_EQUAL(services_turn(&back, &pages, &notify), TURN_SPURIOUS);
}

static void test_broken(void)
{
    bool notify;

    connect();
    request(1, 1);
    shared->req_prod = 1000;
    CU_ASSERT_EQUAL(services_turn(&back, &pages, &notify), TURN_BROKEN);
    CU_ASSERT_EQUAL(services_turn(&back, &pages, &notify), TURN_BROKEN);
    CU_ASSERT_EQUAL(shared->rsp_prod, 0);
}

void suite_services(void)
{
    CU_pSuite suite = CU_add_suite("services", NULL, NULL);

    CU_add_test(suite, "payloads", test_payloads);
    CU_add_test(suite, "F16 lengths", test_lengths);
    CU_add_test(suite, "F8 F16 F17 pages", test_pages);
    CU_add_test(suite, "F35 events", test_events);
    CU_add_test(suite, "F21 unknown operations", test_unknown);
    CU_add_test(suite, "F22 a ring's turn", test_turn);
    CU_add_test(suite, "F26 budget of a turn", test_budget);
    CU_add_test(suite, "F1 broken ring", test_broken);
}
