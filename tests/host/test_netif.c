/*
 * backend/netif.c: packets of honest and hostile frontends (catalogue of hostile
 * peers, F1, F4, F15 to F17, F19, F21 to F23, as they are for a network).
 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "backend/netif.h"
#include "suites.h"

static union { struct ring_shared shared; uint8_t page[NETIF_PAGE]; } memory;
static struct ring_front front;
static struct ring_back back;
static struct netif_packet p;

static void begin(void)
{
    uint32_t count = ring_slot_count(NETIF_PAGE, NETIF_TX_SLOT);

    memset(&memory, 0, sizeof(memory));
    memset(&p, 0xa5, sizeof(p));   /* nothing of the one before may be looked at */
    ring_front_init(&front, &memory.shared, count);
    CU_ASSERT_FATAL(ring_back_attach(&back, &memory.shared, count));
}

static void put(uint16_t id, uint16_t offset, uint16_t size, uint16_t flags)
{
    struct netif_tx_request r = {
        .gref = 100u + id, .offset = offset, .flags = flags, .id = id, .size = size,
    };

    CU_ASSERT_FATAL(ring_front_put(&front, &r, NETIF_TX_SLOT));
}

static void put_extra(uint8_t type, uint8_t flags)
{
    union { struct netif_extra_info extra; uint8_t slot[NETIF_TX_SLOT]; } e;

    memset(&e, 0x5a, sizeof(e));
    e.extra.type = type;
    e.extra.flags = flags;
    CU_ASSERT_FATAL(ring_front_put(&front, &e, NETIF_TX_SLOT));
}

static enum ring_result take(void)
{
    ring_front_push(&front);
    return netif_take(&back, &p);
}

/* The answers to `slots` slots have these statuses, and nothing but them in them. */
static void answered(bool sent, uint32_t slots, const int16_t *statuses)
{
    struct netif_tx_response response;

    netif_answer(&back, &p, sent);
    ring_back_push(&back);
    for ( uint32_t i = 0; i < slots; i++ )
    {
        CU_ASSERT_EQUAL(ring_front_take_part(&front, &response, sizeof(response), NETIF_TX_SLOT),
                        RING_TAKEN);
        CU_ASSERT_EQUAL(response.status, statuses[i]);
        if ( response.status != NETIF_RSP_NULL )
            CU_ASSERT_EQUAL(response.id, p.id[i]);
    }
    CU_ASSERT_EQUAL(ring_front_take_part(&front, &response, sizeof(response), NETIF_TX_SLOT),
                    RING_EMPTY);
}

static void test_one(void)
{
    begin();
    CU_ASSERT_EQUAL(take(), RING_EMPTY);
    put(7, 2048, 60, 0);
    CU_ASSERT_EQUAL_FATAL(take(), RING_TAKEN);
    CU_ASSERT(p.good);
    CU_ASSERT_EQUAL(p.length, 60);
    CU_ASSERT_EQUAL(p.fragments, 1);
    CU_ASSERT_EQUAL(p.fragment[0].gref, 107);
    CU_ASSERT_EQUAL(p.fragment[0].offset, 2048);
    CU_ASSERT_EQUAL(p.fragment[0].length, 60);
    answered(true, 1, (const int16_t []){ NETIF_RSP_OKAY });
    CU_ASSERT_EQUAL(take(), RING_EMPTY);
}

/* The first request says the length of all, and is what the others leave. */
static void test_chain(void)
{
    begin();
    put(1, 4000, 1500, NETTXF_more_data);
    put(2, 0, 1000, NETTXF_more_data);
    put(3, 96, 404, 0);
    put(4, 0, 60, 0);
    CU_ASSERT_EQUAL_FATAL(take(), RING_TAKEN);
    CU_ASSERT(p.good);
    CU_ASSERT_EQUAL(p.length, 1500);
    CU_ASSERT_EQUAL(p.slots, 3);
    CU_ASSERT_EQUAL(p.fragments, 3);
    CU_ASSERT_EQUAL(p.fragment[0].length, 96);
    CU_ASSERT_EQUAL(p.fragment[0].offset, 4000);
    CU_ASSERT_EQUAL(p.fragment[1].length, 1000);
    CU_ASSERT_EQUAL(p.fragment[2].gref, 103);
    answered(true, 3, (const int16_t []){ NETIF_RSP_OKAY, NETIF_RSP_OKAY, NETIF_RSP_OKAY });
    CU_ASSERT_EQUAL(netif_take(&back, &p), RING_TAKEN);
    CU_ASSERT(p.good && p.slots == 1 && p.id[0] == 4);
}

static void bad(uint16_t offset, uint16_t size)
{
    begin();
    put(9, offset, size, 0);
    put(10, 0, 60, 0);
    CU_ASSERT_EQUAL_FATAL(take(), RING_TAKEN);
    CU_ASSERT(!p.good);
    answered(false, 1, (const int16_t []){ NETIF_RSP_ERROR });
    CU_ASSERT_EQUAL(netif_take(&back, &p), RING_TAKEN);   /* the next is none the worse */
    CU_ASSERT(p.good && p.id[0] == 10);
}

static void test_bad(void)
{
    bad(0, 0);
    bad(0, 13);
    bad(0, 4097);
    bad(0, 65535);
    bad(4096 - 59, 60);
    bad(65535, 60);
    bad(65535, 1514);
}

static void bad_chain(uint16_t total, uint16_t second, uint16_t third, uint16_t offset)
{
    begin();
    put(1, 0, total, NETTXF_more_data);
    put(2, 0, second, NETTXF_more_data);
    put(3, offset, third, 0);
    CU_ASSERT_EQUAL_FATAL(take(), RING_TAKEN);
    CU_ASSERT(!p.good);
    answered(false, 3, (const int16_t []){ NETIF_RSP_ERROR, NETIF_RSP_ERROR, NETIF_RSP_ERROR });
    CU_ASSERT(!back.broken);
}

static void test_bad_chains(void)
{
    bad_chain(1000, 500, 500, 0);       /* nothing left for the first */
    bad_chain(1000, 65535, 65535, 0);   /* less than nothing */
    bad_chain(1000, 500, 0, 0);
    bad_chain(1000, 500, 100, 4000);
    bad_chain(65535, 500, 100, 0);
}

/* The longest there is: in 17 pages, as Linux has it, and in the most slots. */
static void test_longest(void)
{
    begin();
    put(0, 2, 65535, NETTXF_more_data);
    for ( uint16_t i = 1; i < 16; i++ )
        put(i, 0, 4096, NETTXF_more_data);
    put(16, 0, 1, 0);
    CU_ASSERT_EQUAL_FATAL(take(), RING_TAKEN);
    CU_ASSERT(p.good);
    CU_ASSERT_EQUAL(p.length, NETIF_MAX_FRAME);
    CU_ASSERT_EQUAL(p.fragment[0].length, 4094);

    begin();
    put(0, 3, 65535, NETTXF_more_data);   /* one byte off the first page */
    for ( uint16_t i = 1; i < 16; i++ )
        put(i, 0, 4096, NETTXF_more_data);
    put(16, 0, 1, 0);
    CU_ASSERT_EQUAL_FATAL(take(), RING_TAKEN);
    CU_ASSERT(!p.good);
}

/* Only the first request's flag counts. */
static void test_blank(void)
{
    begin();
    put(1, 0, 1000, NETTXF_csum_blank | NETTXF_data_validated | NETTXF_more_data);
    put(2, 0, 500, 0);
    put(3, 0, 1000, NETTXF_more_data);
    put(4, 0, 500, NETTXF_csum_blank);
    CU_ASSERT_EQUAL_FATAL(take(), RING_TAKEN);
    CU_ASSERT(p.good && p.blank);
    CU_ASSERT_EQUAL_FATAL(netif_take(&back, &p), RING_TAKEN);
    CU_ASSERT(p.good && !p.blank);
}

/* All of a frame, in pieces of a page at most, and none too short. */
static void test_pieces(void)
{
    for ( uint32_t length = FRAME_HEADER; length <= NETIF_MAX_FRAME; length++ )
    {
        uint32_t rest = length, count = 0;

        while ( rest )
        {
            uint32_t piece = netif_piece(rest);

            if ( piece < FRAME_HEADER || piece > NETIF_PAGE || piece > rest )
                CU_FAIL_FATAL("a piece that is none");
            rest -= piece;
            count++;
        }
        if ( count != netif_pieces(length) )
            CU_FAIL_FATAL("another number of pieces");
    }
    CU_ASSERT_EQUAL(netif_pieces(NETIF_MAX_FRAME), 16);
}

static union { struct ring_shared shared; uint8_t page[NETIF_PAGE]; } rx_memory;
static struct ring_front rx_front;
static struct ring_back rx_back;

/*
 * The rings as a killed backend leaves them, which published nothing: two frames sent in
 * three slots, of which it answered some, and five buffers, of which it filled some.
 */
static void leave(uint32_t answered_slots, uint32_t filled)
{
    uint32_t count = ring_slot_count(NETIF_PAGE, NETIF_RX_SLOT);
    struct netif_rx_request request;

    begin();
    put(7, 0, 1000, NETTXF_more_data);
    put(8, 0, 500, 0);
    put(9, 0, 60, NETTXF_csum_blank);
    ring_front_push(&front);
    memset(&rx_memory, 0, sizeof(rx_memory));
    ring_front_init(&rx_front, &rx_memory.shared, count);
    for ( uint16_t i = 0; i < 5; i++ )
    {
        request = (struct netif_rx_request){ .id = i, .gref = NETIF_RX_REFS - 1 - i };
        ring_front_put(&rx_front, &request, NETIF_RX_SLOT);
    }
    ring_front_push(&rx_front);
    CU_ASSERT_FATAL(ring_back_attach(&rx_back, &rx_memory.shared, count));
    for ( uint32_t i = 0; i < filled; i++ )
    {
        struct netif_rx_response response = {
            .id = (uint16_t)i, .status = i == 2 ? NETIF_RSP_ERROR : FRAME_HEADER,
        };

        ring_back_take(&rx_back, &request, NETIF_RX_SLOT);
        ring_back_put(&rx_back, &response, NETIF_RX_SLOT);
    }
    for ( uint32_t i = 0; i < answered_slots; i++ )
    {
        struct netif_tx_request r;
        struct netif_tx_response response = { .id = (uint16_t)(7 + i) };

        ring_back_take(&back, &r, NETIF_TX_SLOT);
        ring_back_put_part(&back, &response, sizeof(response), NETIF_TX_SLOT);
    }
    /* The new one. */
    CU_ASSERT_FATAL(ring_back_attach(&back, &memory.shared, back.count));
    CU_ASSERT_FATAL(ring_back_attach(&rx_back, &rx_memory.shared, count));
    CU_ASSERT(netif_take_over(&back, &rx_back));
}

static void test_take_over(void)
{
    for ( uint32_t answered_slots = 0; answered_slots <= 3; answered_slots++ )
        for ( uint32_t filled = 0; filled <= 5; filled++ )
        {
            struct netif_rx_response received;
            struct netif_tx_response sent;
            struct netif_rx_request request;

            leave(answered_slots, filled);
            for ( uint16_t i = 0; i < 3; i++ )
            {
                CU_ASSERT_EQUAL_FATAL(ring_front_take_part(&front, &sent, sizeof(sent),
                                                           NETIF_TX_SLOT), RING_TAKEN);
                CU_ASSERT_EQUAL(sent.id, 7 + i);
                CU_ASSERT_EQUAL(sent.status, NETIF_RSP_DROPPED);
            }
            CU_ASSERT_EQUAL(netif_take(&back, &p), RING_EMPTY);
            /* What was filled is the frontend's, what was not is there still. */
            for ( uint32_t i = 0; i < filled; i++ )
            {
                CU_ASSERT_EQUAL_FATAL(ring_front_take(&rx_front, &received, NETIF_RX_SLOT),
                                      RING_TAKEN);
                CU_ASSERT_EQUAL(received.id, i);
            }
            CU_ASSERT_EQUAL(ring_front_take(&rx_front, &received, NETIF_RX_SLOT), RING_EMPTY);
            for ( uint32_t i = filled; i < 5; i++ )
            {
                CU_ASSERT_EQUAL_FATAL(ring_back_take(&rx_back, &request, NETIF_RX_SLOT),
                                      RING_TAKEN);
                CU_ASSERT_EQUAL(request.gref, NETIF_RX_REFS - 1 - i);
            }
            CU_ASSERT(!ring_back_has(&rx_back, 1));
            /* And on it goes. */
            put(10, 0, 60, 0);
            CU_ASSERT_EQUAL(take(), RING_TAKEN);
            CU_ASSERT(p.good && p.id[0] == 10);
        }
}

/* A frontend that makes them up harms itself: no loop, no more answers than slots. */
static void test_take_over_hostile(void)
{
    begin();
    memory.shared.req_prod = back.count;
    memset(memory.shared.slots, 0xff, sizeof(memory) - sizeof(memory.shared));
    CU_ASSERT_FATAL(ring_back_attach(&back, &memory.shared, back.count));
    memset(&rx_memory, 0xff, sizeof(rx_memory));
    rx_memory.shared.req_prod = 0;
    rx_memory.shared.rsp_prod = 0u - ring_slot_count(NETIF_PAGE, NETIF_RX_SLOT);
    CU_ASSERT_FATAL(ring_back_attach(&rx_back, &rx_memory.shared,
                                     ring_slot_count(NETIF_PAGE, NETIF_RX_SLOT)));
    CU_ASSERT(netif_take_over(&back, &rx_back));
    CU_ASSERT_EQUAL(memory.shared.rsp_prod, back.count);
    CU_ASSERT_EQUAL(rx_memory.shared.rsp_prod, 0);
}

static void test_too_long(void)
{
    begin();
    for ( uint16_t i = 0; i < NETIF_MAX_SLOTS - 1; i++ )
        put(i, 0, i ? 20 : 1000, NETTXF_more_data);
    put(NETIF_MAX_SLOTS - 1, 0, 20, 0);
    CU_ASSERT_EQUAL(take(), RING_TAKEN);
    CU_ASSERT(p.good && p.slots == NETIF_MAX_SLOTS);

    begin();
    for ( uint16_t i = 0; i < NETIF_MAX_SLOTS; i++ )
        put(i, 0, i ? 20 : 1000, NETTXF_more_data);
    put(NETIF_MAX_SLOTS, 0, 20, 0);
    CU_ASSERT_EQUAL(take(), RING_BROKEN);
    CU_ASSERT_EQUAL(netif_take(&back, &p), RING_BROKEN);   /* and stays so */

    begin();
    put(0, 0, 1000, NETTXF_extra_info);
    for ( unsigned i = 0; i < NETIF_MAX_SLOTS; i++ )
        put_extra(XEN_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_EXTRA_FLAG_MORE);
    CU_ASSERT_EQUAL(take(), RING_BROKEN);
}

/* A chain that was announced and is not there. */
static void test_unfinished(void)
{
    begin();
    put(0, 0, 1000, NETTXF_more_data);
    CU_ASSERT_EQUAL(take(), RING_BROKEN);
    begin();
    put(0, 0, 1000, NETTXF_extra_info);
    CU_ASSERT_EQUAL(take(), RING_BROKEN);
    begin();
    put(0, 0, 1000, NETTXF_extra_info | NETTXF_more_data);
    put_extra(XEN_NETIF_EXTRA_TYPE_HASH, 0);
    CU_ASSERT_EQUAL(take(), RING_BROKEN);
}

/* Offloads are not offered: such a packet is an error, and the next one is not. */
static void test_extras(void)
{
    begin();
    put(1, 0, 1000, NETTXF_extra_info | NETTXF_more_data);
    put_extra(XEN_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_EXTRA_FLAG_MORE);
    put_extra(200, 0);
    put(2, 0, 500, 0);
    put(3, 0, 60, 0);
    CU_ASSERT_EQUAL_FATAL(take(), RING_TAKEN);
    CU_ASSERT(!p.good);
    CU_ASSERT_EQUAL(p.slots, 4);
    answered(false, 4, (const int16_t []){ NETIF_RSP_ERROR, NETIF_RSP_NULL, NETIF_RSP_NULL,
                                           NETIF_RSP_ERROR });
    CU_ASSERT_EQUAL(netif_take(&back, &p), RING_TAKEN);
    CU_ASSERT(p.good && p.id[0] == 3);
}

static void test_indices(void)
{
    begin();
    memory.shared.req_prod = back.count + 1;
    CU_ASSERT_EQUAL(netif_take(&back, &p), RING_BROKEN);
    begin();
    put(1, 0, 60, 0);
    CU_ASSERT_EQUAL(take(), RING_TAKEN);
    memory.shared.req_prod = 0;   /* backwards */
    CU_ASSERT_EQUAL(netif_take(&back, &p), RING_BROKEN);
}

/* Any bytes at all: never more slots than there are, never a byte outside a page. */
static void test_anything(void)
{
    uint32_t seed = 1;

    for ( unsigned round = 0; round < 3000; round++ )
    {
        uint32_t taken = 0;

        begin();
        for ( uint32_t i = 0; i < 64; i++ )
        {
            uint8_t slot[NETIF_TX_SLOT];

            for ( unsigned b = 0; b < sizeof(slot); b++ )
            {
                seed = seed * 1664525u + 1013904223u;
                slot[b] = (uint8_t)(seed >> 24);
                if ( b >= 4 && round & 1 )   /* few flags, small sizes: more that is good */
                    slot[b] &= b == 11 ? 1 : b == 5 ? 7 : b == 7 ? 0 : 0xff;
            }
            ring_front_put(&front, slot, NETIF_TX_SLOT);
        }
        ring_front_push(&front);
        while ( netif_take(&back, &p) == RING_TAKEN )
        {
            uint32_t sum = 0;

            CU_ASSERT(p.slots >= 1 && p.slots <= NETIF_MAX_SLOTS && p.fragments <= p.slots);
            for ( uint32_t f = 0; p.good && f < p.fragments; f++ )
            {
                CU_ASSERT(p.fragment[f].offset + p.fragment[f].length <= NETIF_PAGE);
                sum += p.fragment[f].length;
            }
            CU_ASSERT(!p.good || (sum == p.length && sum <= NETIF_MAX_FRAME));
            taken += p.slots;
            netif_answer(&back, &p, p.good);
        }
        CU_ASSERT(taken <= 64);
        CU_ASSERT(back.rsp_prod - 0 == taken);
    }
}

void suite_netif(void)
{
    CU_pSuite s = CU_add_suite("netif", NULL, NULL);

    CU_add_test(s, "one request", test_one);
    CU_add_test(s, "a chain", test_chain);
    CU_add_test(s, "lengths and offsets (F15, F16)", test_bad);
    CU_add_test(s, "sums (F16, F17)", test_bad_chains);
    CU_add_test(s, "too many slots (F19)", test_too_long);
    CU_add_test(s, "a chain without its end (F19)", test_unfinished);
    CU_add_test(s, "offloads nobody offered (F21)", test_extras);
    CU_add_test(s, "the longest frame", test_longest);
    CU_add_test(s, "blank checksums", test_blank);
    CU_add_test(s, "pieces of a frame", test_pieces);
    CU_add_test(s, "rings of a killed backend (F42)", test_take_over);
    CU_add_test(s, "rings that say they are such", test_take_over_hostile);
    CU_add_test(s, "impossible indices (F1, F2)", test_indices);
    CU_add_test(s, "any bytes", test_anything);
}
