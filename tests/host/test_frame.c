/* backend/frame.c: what a reflector sends back, and what it leaves alone. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "backend/frame.h"
#include "suites.h"

static const uint8_t own[6] = { 0x02, 1, 2, 3, 4, 5 }, guest[6] = { 0x00, 0x16, 0x3e, 7, 8, 9 };
static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static uint8_t frame[FRAME_MAX + 10];

static void make(const uint8_t to[6], const uint8_t from[6])
{
    for ( size_t i = 0; i < sizeof(frame); i++ )
        frame[i] = (uint8_t)(i * 5);
    memcpy(frame, to, 6);
    memcpy(frame + 6, from, 6);
    frame[12] = FRAME_ETHERTYPE >> 8;
    frame[13] = FRAME_ETHERTYPE & 0xff;
}

/* To the asker, from us, and nothing else in it changed. */
static void reflected(const uint8_t to[6], size_t length)
{
    make(to, guest);
    CU_ASSERT(frame_reflect(frame, length, own));
    CU_ASSERT_EQUAL(memcmp(frame, guest, 6), 0);
    CU_ASSERT_EQUAL(memcmp(frame + 6, own, 6), 0);
    for ( size_t i = 14; i < sizeof(frame); i++ )
        CU_ASSERT_EQUAL(frame[i], (uint8_t)(i * 5));
}

static void left_alone(size_t length)
{
    uint8_t before[sizeof(frame)];

    memcpy(before, frame, sizeof(frame));
    CU_ASSERT(!frame_reflect(frame, length, own));
    CU_ASSERT_EQUAL(memcmp(frame, before, sizeof(frame)), 0);
}

static void test_reflected(void)
{
    reflected(own, 60);
    reflected(own, FRAME_MAX);
    reflected(own, FRAME_MAX + 10);   /* no limit of its own */
    reflected(own, FRAME_HEADER);
    reflected(everybody, 60);
}

static void test_left_alone(void)
{
    make(own, guest);
    for ( size_t length = 0; length < FRAME_HEADER; length++ )
        left_alone(length);
    make(guest, guest);   /* to somebody else */
    left_alone(60);
    make(own, everybody);   /* an answer would go to everybody */
    left_alone(60);
    make(own, own);   /* our own, come back */
    left_alone(60);
    make(everybody, own);
    left_alone(60);
    make(everybody, guest);   /* of others' types only what is for us */
    frame[13] ^= 1;
    left_alone(60);
    make(own, guest);
    frame[13] ^= 1;
    CU_ASSERT(frame_reflect(frame, 60, own));
}

static void test_ours(void)
{
    make(own, guest);
    CU_ASSERT(frame_is_ours(frame, FRAME_HEADER));
    CU_ASSERT(frame_is_ours(frame, FRAME_MAX));
    CU_ASSERT(!frame_is_ours(frame, FRAME_HEADER - 1));
    CU_ASSERT(!frame_is_ours(frame, FRAME_MAX + 1));
    frame[13] ^= 1;   /* another EtherType */
    CU_ASSERT(!frame_is_ours(frame, 60));
}

void suite_frame(void)
{
    CU_pSuite s = CU_add_suite("frame", NULL, NULL);

    CU_add_test(s, "reflected", test_reflected);
    CU_add_test(s, "left alone", test_left_alone);
    CU_add_test(s, "the net rows' own", test_ours);
}
