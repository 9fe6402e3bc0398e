/* backend/checksum.c: the checksums that a frontend left blank, of honest and other frames. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "backend/checksum.h"
#include "suites.h"

enum { ETHERNET = 14, TCP = 6, UDP = 17 };

static uint8_t frame[1600], before[1600];

/* A frame with `words` of IPv4 header and so many bytes behind that; its length. */
static size_t make(uint8_t protocol, unsigned words, size_t payload)
{
    size_t total = words * 4 + payload;

    for ( size_t i = 0; i < sizeof(frame); i++ )
        frame[i] = (uint8_t)(i * 167 + 13);
    frame[12] = 0x08;
    frame[13] = 0x00;
    frame[14] = (uint8_t)(0x40 | words);
    frame[16] = (uint8_t)(total >> 8);
    frame[17] = (uint8_t)total;
    frame[20] = 0x40;   /* don't fragment */
    frame[21] = 0;
    frame[23] = protocol;
    memcpy(before, frame, sizeof(frame));
    return ETHERNET + total;
}

/* As whoever receives it looks: the ones' complement sum of all is 0xffff. */
static bool is_right(size_t length)
{
    size_t options = (frame[14] & 15u) * 4u, at = ETHERNET + options;
    uint64_t total = frame[23] + (length - at);

    for ( size_t i = 26; i < 34; i += 2 )
        total += (uint64_t)frame[i] << 8 | frame[i + 1];
    for ( ; at < length; at += 2 )
        total += (uint64_t)frame[at] << 8 | (at + 1 < length ? frame[at + 1] : 0);
    while ( total >> 16 )
        total = (total & 0xffff) + (total >> 16);
    return total == 0xffff;
}

/* Right, and nothing but the two bytes changed; whatever stands behind the packet. */
static void completed(uint8_t protocol, unsigned words, size_t payload, size_t padding)
{
    size_t length = make(protocol, words, payload);
    size_t field = ETHERNET + words * 4 + (protocol == TCP ? 16 : 6);

    CU_ASSERT(checksum_complete(frame, length + padding));
    CU_ASSERT(is_right(length));
    memcpy(before + field, frame + field, 2);
    CU_ASSERT_EQUAL(memcmp(frame, before, sizeof(frame)), 0);
}

static void test_completed(void)
{
    for ( unsigned words = 5; words <= 15; words++ )
        for ( size_t payload = 20; payload < 60; payload++ )
        {
            completed(TCP, words, payload, 0);
            completed(UDP, words, payload, payload % 3);
        }
    completed(UDP, 5, 8, 18);      /* padded to the shortest frame */
    completed(TCP, 5, 1480, 0);
    completed(UDP, 5, 1480, 0);
}

/* "hello" from 10.0.0.1 to 10.0.0.2; the sum was made by another program. */
static void test_known(void)
{
    static const uint8_t datagram[] = {
        0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x08, 0x00,
        0x45, 0, 0, 33, 0x12, 0x34, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
        0x30, 0x39, 0x00, 0x35, 0, 13, 0xde, 0xad, 'h', 'e', 'l', 'l', 'o',
    };

    memcpy(frame, datagram, sizeof(datagram));
    CU_ASSERT(checksum_complete(frame, sizeof(datagram)));
    CU_ASSERT_EQUAL(frame[40] << 8 | frame[41], 0x7791);
}

/* A sum of zero is sent as 0xffff by UDP, where zero means none, and as it is by TCP. */
static void test_zero(void)
{
    size_t length = make(UDP, 5, 20);
    uint16_t last;

    frame[length - 2] = frame[length - 1] = 0;
    CU_ASSERT(checksum_complete(frame, length));
    last = (uint16_t)(frame[40] << 8 | frame[41]);
    frame[length - 2] = (uint8_t)(last >> 8);
    frame[length - 1] = (uint8_t)last;
    CU_ASSERT(checksum_complete(frame, length));
    CU_ASSERT_EQUAL(frame[40] << 8 | frame[41], 0xffff);
}

static void left_alone(size_t length)
{
    memcpy(before, frame, sizeof(frame));
    CU_ASSERT(!checksum_complete(frame, length));
    CU_ASSERT_EQUAL(memcmp(frame, before, sizeof(frame)), 0);
}

static void test_left_alone(void)
{
    size_t length = make(UDP, 5, 20);

    for ( size_t i = 0; i < length; i++ )
        left_alone(i);
    frame[13] = 6;                        /* ARP */
    left_alone(length);
    make(UDP, 5, 20);
    frame[14] = 0x65;                     /* IPv6 */
    left_alone(length);
    make(UDP, 4, 20);                     /* less than a header */
    left_alone(length);
    make(UDP, 15, 0);                     /* no room for its own header … */
    left_alone(length);
    make(UDP, 5, 7);
    left_alone(length);
    make(TCP, 5, 19);                     /* … TCP's is longer */
    left_alone(length);
    make(1, 5, 20);                       /* ICMP: neither */
    left_alone(length);
    make(UDP, 5, 20);
    frame[20] = 0x20;                     /* the first of several fragments */
    left_alone(length);
    frame[20] = 0;
    frame[21] = 1;                        /* a later one */
    left_alone(length);
    make(UDP, 5, 20);
    frame[16] = frame[17] = 0xff;         /* longer than the frame */
    left_alone(length);
}

void suite_checksum(void)
{
    CU_pSuite s = CU_add_suite("checksum", NULL, NULL);

    CU_add_test(s, "completed", test_completed);
    CU_add_test(s, "a known one", test_known);
    CU_add_test(s, "zero", test_zero);
    CU_add_test(s, "left alone", test_left_alone);
}
