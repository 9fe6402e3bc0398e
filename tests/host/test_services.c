/*
 * backend/services.c: what the data ring answers, to honest requests and to
 * those of a hostile frontend (catalogue of hostile peers, F1, F8, F9, F13,
 * F16, F17, F21 to F23, F26, F37).
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include <ring.h>

#include "backend/services.h"
#include "suites.h"

/*
 * A domain of dom0's imagination: DOMAIN_PAGES pages, granted with references
 * from GOOD_REF on, the last of them read-only.  Page i begins with WORD + i.
 */
#define GOOD_REF     8u
#define DOMAIN_PAGES 40u
#define READ_ONLY    (GOOD_REF + DOMAIN_PAGES - 1)
#define WORD         0x1122334455667788u

static _Alignas(8) uint8_t theirs[DOMAIN_PAGES * PAGE_BYTES];
static _Alignas(8) uint8_t buffer[DATA_PAGES * PAGE_BYTES];
static unsigned maps, copies, mapped_pages, out_of_page;

static bool granted(uint32_t gref, uint32_t pages, bool writable)
{
    for ( uint32_t i = 0; i < pages; i++ )
        if ( gref + i < GOOD_REF || gref + i > READ_ONLY ||
             (writable && gref + i == READ_ONLY) )
            return false;
    return true;
}

static uint8_t *fake_map(void *context, uint32_t gref, uint32_t pages, bool writable)
{
    (void)context;
    maps++;
    if ( !granted(gref, pages, writable) )
        return NULL;
    mapped_pages += pages;
    return theirs + (gref - GOOD_REF) * PAGE_BYTES;
}

static bool fake_unmap(void *context, uint8_t *mapped, uint32_t pages)
{
    (void)context;
    CU_ASSERT_EQUAL((mapped - theirs) % PAGE_BYTES, 0);
    CU_ASSERT_TRUE(pages <= mapped_pages);
    mapped_pages -= pages;
    return true;
}

static bool fake_copy(void *context, uint32_t gref, uint32_t pages, uint32_t offset,
                      uint32_t length, uint8_t *local, bool out)
{
    (void)context;
    copies++;
    out_of_page += (uint64_t)offset + length > PAGE_BYTES;
    if ( !granted(gref, pages, out) )
        return false;
    for ( uint32_t i = 0; i < pages; i++ )
    {
        uint8_t *page = theirs + (gref - GOOD_REF + i) * PAGE_BYTES + offset;
        uint8_t *ours = local + i * PAGE_BYTES + offset;

        memcpy(out ? page : ours, out ? ours : page, length);
    }
    return true;
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

static unsigned lingers;

static void fake_linger(void *context, bool on)
{
    (void)context;
    lingers = on;
}

static bool streams;

static bool fake_stream(void *context, bool on)
{
    (void)context;
    return !on || streams;
}

static struct services services;

static void domain_new(void)
{
    memset(theirs, 0, sizeof(theirs));
    for ( uint32_t i = 0; i < DOMAIN_PAGES; i++ )
    {
        uint64_t word = WORD + i;

        memcpy(theirs + i * PAGE_BYTES, &word, sizeof(word));
    }
    services = (struct services){
        .access = { NULL, fake_map, fake_unmap, fake_copy }, .buffer = buffer,
        .events = { NULL, fake_count, fake_awake, fake_linger },
        .stream = { NULL, fake_stream },
    };
    maps = copies = mapped_pages = out_of_page = 0;
}

/* The sum of the first words of `count` pages from page `first` on. */
static uint64_t words(uint32_t first, uint32_t count)
{
    uint64_t sum = 0;

    for ( uint32_t i = 0; i < count; i++ )
        sum += WORD + first + i;
    return sum;
}

static struct data_response answer(const struct data_request *q)
{
    struct data_response p;

    /* F23: whatever is not an answer must be zero, not our stack. */
    memset(&p, 0x5a, sizeof(p));
    services_answer(&services, q, &p);
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

static int16_t ask(uint16_t operation, uint32_t gref, uint16_t pages, uint16_t offset,
                   uint16_t length, uint64_t value)
{
    struct data_request q = {
        .id = 5, .operation = operation, .gref = gref, .pages = pages,
        .offset = offset, .length = length,
    };
    struct data_response p = answer(&q);

    CU_ASSERT_EQUAL(p.value, p.status == DATA_OKAY ? value : 0);
    CU_ASSERT_TRUE(all_zero(p.payload, DATA_PAYLOAD));
    return p.status;
}

static void test_pages(void)
{
    static const struct {
        uint16_t operation, length, offset, pages;
        uint32_t gref;
        int16_t status;
    } cases[] = {
        { DATA_MAP, 0, 0, 1, GOOD_REF, DATA_OKAY },
        { DATA_MAP, 0, 0, DATA_PAGES, GOOD_REF, DATA_OKAY },
        { DATA_MAP, 0, 0, 1, READ_ONLY, DATA_OKAY },
        { DATA_MAP, 0, 4089, 1, GOOD_REF, DATA_ERROR },
        { DATA_MAP, 0, 0xfff8, 1, GOOD_REF, DATA_ERROR },         /* F16 */
        { DATA_MAP, 0, 0xffff, 1, GOOD_REF, DATA_ERROR },
        { DATA_MAP, 0, 0, 0, GOOD_REF, DATA_ERROR },              /* F17 */
        { DATA_MAP, 0, 0, DATA_PAGES + 1, GOOD_REF, DATA_ERROR },
        { DATA_MAP, 0, 0, 0xffff, GOOD_REF, DATA_ERROR },
        { DATA_MAP, 0, 0, 1, GOOD_REF - 1, DATA_ERROR },          /* F8 */
        { DATA_MAP, 0, 0, 3, READ_ONLY - 1, DATA_ERROR },         /* F9 */
        { DATA_MAP, 0, 0, 2, 0xffffffff, DATA_ERROR },            /* the references wrap */
        { DATA_COPY, 4096, 0, 1, GOOD_REF, DATA_OKAY },
        { DATA_COPY, 4096, 0, DATA_PAGES, GOOD_REF, DATA_OKAY },
        { DATA_COPY, 64, 0, 1, READ_ONLY, DATA_OKAY },
        { DATA_COPY, 0, 0, 1, GOOD_REF, DATA_ERROR },             /* F17 */
        { DATA_COPY, 4096, 0, 0, GOOD_REF, DATA_ERROR },
        { DATA_COPY, 4096, 0, DATA_PAGES + 1, GOOD_REF, DATA_ERROR },
        { DATA_COPY, 4097, 0, 1, GOOD_REF, DATA_ERROR },
        { DATA_COPY, 2, 4095, 1, GOOD_REF, DATA_ERROR },
        { DATA_COPY, 0xffff, 1, 1, GOOD_REF, DATA_ERROR },        /* F16 */
        { DATA_COPY, 16, 0xfff8, 1, GOOD_REF, DATA_ERROR },
        { DATA_COPY, 4096, 0, 1, READ_ONLY + 1, DATA_ERROR },     /* F8 */
        { DATA_COPY, 4096, 0, DATA_PAGES, READ_ONLY, DATA_ERROR },   /* F9 */
        { DATA_COPY, 4096, 0, DATA_PAGES, 0xfffffff0, DATA_ERROR },
    };

    domain_new();
    for ( size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
        CU_ASSERT_EQUAL(ask(cases[i].operation, cases[i].gref, cases[i].pages,
                            cases[i].offset, cases[i].length,
                            words(cases[i].gref - GOOD_REF, cases[i].pages)),
                        cases[i].status);
    /* What is out of bounds was refused before anything was touched. */
    CU_ASSERT_EQUAL(out_of_page, 0);
    CU_ASSERT_EQUAL(maps, 5);
    CU_ASSERT_EQUAL(copies, 5);
    CU_ASSERT_EQUAL(mapped_pages, 0);

    /* A word that is shorter than a word, at the page's end. */
    theirs[4095] = 0x5a;
    CU_ASSERT_EQUAL(ask(DATA_COPY, GOOD_REF, 1, 4095, 1, 0x5a), DATA_OKAY);
}

static void test_kept(void)
{
    domain_new();
    CU_ASSERT_EQUAL(ask(DATA_DROP, 0, 0, 0, 0, 0), DATA_ERROR);   /* nothing there */
    CU_ASSERT_EQUAL(ask(DATA_KEPT, GOOD_REF, 1, 0, 64, 0), DATA_ERROR);
    CU_ASSERT_EQUAL(ask(DATA_KEEP, GOOD_REF, 0, 0, 0, 0), DATA_ERROR);
    CU_ASSERT_EQUAL(ask(DATA_KEEP, GOOD_REF, DATA_PAGES + 1, 0, 0, 0), DATA_ERROR);
    CU_ASSERT_EQUAL(ask(DATA_KEEP, READ_ONLY, 1, 0, 0, 0), DATA_ERROR);   /* F13 */
    CU_ASSERT_EQUAL(mapped_pages, 0);

    CU_ASSERT_EQUAL(ask(DATA_KEEP, GOOD_REF + 2, 4, 0, 0, 0), DATA_OKAY);
    /* No second set, not even the same: what we hold is bounded. */
    for ( unsigned i = 0; i < 1000; i++ )
        CU_ASSERT_EQUAL(ask(DATA_KEEP, GOOD_REF + 2 + i % 8, 4, 0, 0, 0), DATA_ERROR);
    CU_ASSERT_EQUAL(mapped_pages, 4);

    CU_ASSERT_EQUAL(ask(DATA_KEPT, GOOD_REF + 2, 4, 0, 4096, words(2, 4)), DATA_OKAY);
    CU_ASSERT_EQUAL(ask(DATA_KEPT, GOOD_REF + 5, 1, 0, 64, words(5, 1)), DATA_OKAY);
    /* Only what is kept, wherever it is asked from. */
    CU_ASSERT_EQUAL(ask(DATA_KEPT, GOOD_REF + 1, 1, 0, 64, 0), DATA_ERROR);
    CU_ASSERT_EQUAL(ask(DATA_KEPT, GOOD_REF + 6, 1, 0, 64, 0), DATA_ERROR);
    CU_ASSERT_EQUAL(ask(DATA_KEPT, GOOD_REF + 5, 2, 0, 64, 0), DATA_ERROR);
    CU_ASSERT_EQUAL(ask(DATA_KEPT, 0xffffffff, 1, 0, 64, 0), DATA_ERROR);
    CU_ASSERT_EQUAL(ask(DATA_KEPT, GOOD_REF + 2, 1, 0, 0, 0), DATA_ERROR);
    CU_ASSERT_EQUAL(ask(DATA_KEPT, GOOD_REF + 2, 1, 4000, 97, 0), DATA_ERROR);
    CU_ASSERT_EQUAL(ask(DATA_ECHO_KEPT, GOOD_REF + 5, 2, 0, 64, 0), DATA_ERROR);

    CU_ASSERT_EQUAL(ask(DATA_DROP, 0, 0, 0, 0, 0), DATA_OKAY);
    CU_ASSERT_EQUAL(mapped_pages, 0);
    CU_ASSERT_EQUAL(ask(DATA_KEPT, GOOD_REF + 2, 1, 0, 64, 0), DATA_ERROR);
    CU_ASSERT_EQUAL(ask(DATA_DROP, 0, 0, 0, 0, 0), DATA_ERROR);

    /* F37: a frontend that goes without dropping leaves nothing. */
    CU_ASSERT_EQUAL(ask(DATA_KEEP, GOOD_REF, DATA_PAGES, 0, 0, 0), DATA_OKAY);
    services_release(&services);
    services_release(&services);
    CU_ASSERT_EQUAL(mapped_pages, 0);
}

static void test_page_echo(void)
{
    static const uint16_t ways[] = { DATA_ECHO_COPY, DATA_ECHO_MAP, DATA_ECHO_KEPT };
    uint8_t *back = theirs + PAGE_BYTES;

    for ( unsigned w = 0; w < 3; w++ )
    {
        domain_new();
        CU_ASSERT_EQUAL(ask(DATA_KEEP, GOOD_REF, 2, 0, 0, 0), DATA_OKAY);
        for ( unsigned i = 0; i < PAGE_BYTES; i++ )
            theirs[i] = (uint8_t)(i * 7 + w);
        CU_ASSERT_EQUAL(ask(ways[w], GOOD_REF, 2, 0, 4096, 0), DATA_OKAY);
        CU_ASSERT_EQUAL(memcmp(theirs, back, PAGE_BYTES), 0);

        /* A part of it, and not a byte beside. */
        memset(back, 0, PAGE_BYTES);
        CU_ASSERT_EQUAL(ask(ways[w], GOOD_REF, 2, 100, 9, 0), DATA_OKAY);
        CU_ASSERT_EQUAL(memcmp(theirs + 100, back + 100, 9), 0);
        CU_ASSERT_TRUE(all_zero(back, 100) && all_zero(back + 109, PAGE_BYTES - 109));

        CU_ASSERT_EQUAL(ask(ways[w], GOOD_REF, 2, 4090, 7, 0), DATA_ERROR);
        CU_ASSERT_EQUAL(ask(ways[w], GOOD_REF, 2, 0, 0, 0), DATA_ERROR);
        CU_ASSERT_EQUAL(ask(ways[w], READ_ONLY - 1, 2, 0, 64, 0), DATA_ERROR);   /* F13 */
        CU_ASSERT_EQUAL(ask(ways[w], READ_ONLY, 2, 0, 64, 0), DATA_ERROR);       /* F9 */
        CU_ASSERT_EQUAL(ask(ways[w], 0xffffffff, 2, 0, 64, 0), DATA_ERROR);
        CU_ASSERT_EQUAL(mapped_pages, 2);
        CU_ASSERT_EQUAL(out_of_page, 0);
    }
}

static void test_events(void)
{
    struct data_request q = { .id = 1, .operation = DATA_EVENTS, .gref = GOOD_PORT };
    struct data_response p;

    domain_new();
    p = answer(&q);
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

    q.operation = DATA_LINGER;
    q.gref = 1;
    p = answer(&q);
    CU_ASSERT_EQUAL(p.status, DATA_OKAY);
    CU_ASSERT_TRUE(lingers);
    q.gref = 0;
    answer(&q);
    CU_ASSERT_FALSE(lingers);

    q.operation = DATA_VCHAN;
    CU_ASSERT_EQUAL(answer(&q).status, DATA_OKAY);
    q.gref = 1;
    CU_ASSERT_EQUAL(answer(&q).status, DATA_ERROR);   /* it cannot be had */
    streams = true;
    CU_ASSERT_EQUAL(answer(&q).status, DATA_OKAY);
}

static void test_unknown(void)
{
    for ( unsigned operation = DATA_ECHO_KEPT + 1; operation < 0x10000; operation += 1021 )
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
    domain_new();
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
    CU_ASSERT_EQUAL(services_turn(&back, &services, &notify), TURN_SPURIOUS);
    CU_ASSERT_FALSE(notify);

    /* F22: equal ids are echoed, one answer each. */
    request(42, 3);
    CU_ASSERT_EQUAL(services_turn(&back, &services, &notify), TURN_IDLE);
    CU_ASSERT_TRUE(notify);
    CU_ASSERT_EQUAL(collect(42), 3);

    /* A frontend that did not ask for it gets no event. */
    request(43, 1);
    CU_ASSERT_EQUAL(services_turn(&back, &services, &notify), TURN_IDLE);
    CU_ASSERT_FALSE(notify);
    CU_ASSERT_EQUAL(collect(43), 1);
    /* It will notify us: we asked for the next one. */
    CU_ASSERT_EQUAL(shared->req_event, back.req_cons + 1);

    /* One that looks again by itself does not ask. */
    services.stays = true;
    request(44, 1);
    CU_ASSERT_EQUAL(services_turn(&back, &services, &notify), TURN_IDLE);
    CU_ASSERT_EQUAL(collect(44), 1);
    CU_ASSERT_EQUAL(shared->req_event, back.req_cons);
    CU_ASSERT_EQUAL(services_turn(&back, &services, &notify), TURN_SPURIOUS);
    CU_ASSERT_EQUAL(shared->req_event, back.req_cons);
}

static void test_budget(void)
{
    bool notify;

    connect();
    request(1, COUNT);
    CU_ASSERT_EQUAL(services_turn(&back, &services, &notify), TURN_MORE);
    CU_ASSERT_TRUE(notify);
    CU_ASSERT_EQUAL(collect(1), COUNT);
    CU_ASSERT_EQUAL(services_turn(&back, &services, &notify), TURN_SPURIOUS);
}

static void test_broken(void)
{
    bool notify;

    connect();
    request(1, 1);
    shared->req_prod = 1000;
    CU_ASSERT_EQUAL(services_turn(&back, &services, &notify), TURN_BROKEN);
    CU_ASSERT_EQUAL(services_turn(&back, &services, &notify), TURN_BROKEN);
    CU_ASSERT_EQUAL(shared->rsp_prod, 0);
}

void suite_services(void)
{
    CU_pSuite suite = CU_add_suite("services", NULL, NULL);

    CU_add_test(suite, "payloads", test_payloads);
    CU_add_test(suite, "F16 lengths", test_lengths);
    CU_add_test(suite, "F8 F9 F16 F17 pages", test_pages);
    CU_add_test(suite, "F9 F13 F37 pages kept mapped", test_kept);
    CU_add_test(suite, "F9 F13 F16 pages echoed", test_page_echo);
    CU_add_test(suite, "F35 events", test_events);
    CU_add_test(suite, "F21 unknown operations", test_unknown);
    CU_add_test(suite, "F22 a ring's turn", test_turn);
    CU_add_test(suite, "F26 budget of a turn", test_budget);
    CU_add_test(suite, "F1 broken ring", test_broken);
}
