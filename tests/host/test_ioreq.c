/* backend/ioreq.c: the emulated device, single accesses and strings. */
#include <string.h>

#include <CUnit/CUnit.h>

#include "backend/ioreq.h"
#include "suites.h"

#define BASE   0x1000u                 /* where the guest's memory begins */

static uint8_t guest[16384];
static unsigned copies;

static bool copy(void *context, uint64_t address, void *data, uint32_t size, bool to_guest)
{
    (void)context;
    copies++;
    if ( address < BASE || address - BASE > sizeof(guest) - size )
        return false;
    if ( to_guest )
        memcpy(guest + (address - BASE), data, size);
    else
        memcpy(data, guest + (address - BASE), size);
    return true;
}

static const struct guest_memory memory = { NULL, copy };

static struct ioreq request(uint8_t type, uint8_t dir, uint64_t addr, uint64_t data,
                            uint32_t size, uint32_t count)
{
    return (struct ioreq){ .type = type, .dir = dir, .addr = addr, .data = data, .size = size,
                           .count = count, .data_is_ptr = count != 1 };
}

static void start(struct ioreq_registers *r)
{
    memset(r, 0, sizeof(*r));
    for ( size_t i = 0; i < sizeof(guest); i++ )
        guest[i] = (uint8_t)(i * 7 + i / 256);
    copies = 0;
}

/* INSB of 64: the port's byte 64 times, by one copy, and nothing beyond. */
static void test_port_string(void)
{
    struct ioreq_registers r;
    struct ioreq q = request(IOREQ_TYPE_PIO, IOREQ_READ, IOREQ_PORT_DEFAULT, BASE + 4064, 1, 64);
    uint8_t before, behind;

    start(&r);
    before = guest[4063];
    behind = guest[4128];
    r.ports[0] = 0x5a;
    ioreq_serve(&r, &q, &memory);
    CU_ASSERT_EQUAL(copies, 1);
    for ( size_t i = 4064; i < 4128; i++ )
        CU_ASSERT_EQUAL(guest[i], 0x5a);
    CU_ASSERT_EQUAL(guest[4063], before);
    CU_ASSERT_EQUAL(guest[4128], behind);

    /* OUTSW: the last element stays in the register; backwards, the lowest. */
    q = request(IOREQ_TYPE_PIO, IOREQ_WRITE, IOREQ_PORT_DEFAULT, BASE + 100, 2, 10);
    ioreq_serve(&r, &q, &memory);
    CU_ASSERT_EQUAL(memcmp(r.ports, guest + 118, 2), 0);
    q.df = 1;
    ioreq_serve(&r, &q, &memory);
    CU_ASSERT_EQUAL(memcmp(r.ports, guest + 82, 2), 0);
}

/* MOVS to the page and back moves both ends, either way, element by element. */
static void test_memory_string(void)
{
    struct ioreq_registers r;
    struct ioreq q = request(IOREQ_TYPE_COPY, IOREQ_WRITE, IOREQ_MMIO_DEFAULT, BASE + 2000, 4, 1000);
    uint8_t expected[4000];

    start(&r);
    ioreq_serve(&r, &q, &memory);
    CU_ASSERT_EQUAL(memcmp(r.page, guest + 2000, 4000), 0);

    memcpy(expected, r.page, sizeof(expected));
    q = request(IOREQ_TYPE_COPY, IOREQ_READ, IOREQ_MMIO_DEFAULT + 3996, BASE + 9996, 4, 1000);
    q.df = 1;
    ioreq_serve(&r, &q, &memory);
    CU_ASSERT_EQUAL(memcmp(guest + 6000, expected, 4000), 0);
}

/* More than one buffer, at either end; more than Xen sends is cut off. */
static void test_long_string(void)
{
    struct ioreq_registers r;
    struct ioreq q = request(IOREQ_TYPE_PIO, IOREQ_READ, IOREQ_PORT_DEFAULT, BASE, 4, 2000);

    start(&r);
    memcpy(r.ports, "abcd", 4);
    ioreq_serve(&r, &q, &memory);
    CU_ASSERT_EQUAL(copies, 2);
    for ( size_t i = 0; i < 2000; i++ )
        CU_ASSERT_EQUAL(memcmp(guest + 4 * i, "abcd", 4), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(guest + 8000, "abcd", 4), 0);

    start(&r);
    q = request(IOREQ_TYPE_PIO, IOREQ_READ, IOREQ_PORT_DEFAULT, BASE + 8000, 4, 2000);
    q.df = 1;
    memcpy(r.ports, "abcd", 4);
    ioreq_serve(&r, &q, &memory);
    for ( size_t i = 0; i < 2000; i++ )
        CU_ASSERT_EQUAL(memcmp(guest + 4 + 4 * i, "abcd", 4), 0);

    start(&r);
    q = request(IOREQ_TYPE_PIO, IOREQ_READ, IOREQ_PORT_DEFAULT, BASE, 1, 0xffffffff);
    ioreq_serve(&r, &q, &memory);
    CU_ASSERT_EQUAL(guest[4095], 0);
    CU_ASSERT_NOT_EQUAL(guest[4096], 0);
}

/* Sizes and addresses that no x86 access has, memory that is not there. */
static void test_nonsense(void)
{
    struct ioreq_registers r;
    struct ioreq q = request(IOREQ_TYPE_PIO, IOREQ_READ, IOREQ_PORT_DEFAULT, BASE, 3, 8);

    start(&r);
    CU_ASSERT_EQUAL(ioreq_serve(&r, &q, &memory), ~0ull);
    q.size = 0;
    CU_ASSERT_EQUAL(ioreq_serve(&r, &q, &memory), ~0ull);
    CU_ASSERT_EQUAL(copies, 0);
    q = request(IOREQ_TYPE_PIO, IOREQ_WRITE, IOREQ_PORT_DEFAULT, BASE + sizeof(guest), 4, 8);
    ioreq_serve(&r, &q, &memory);
    CU_ASSERT_EQUAL(copies, 1);
    CU_ASSERT_EQUAL(r.ports[0], 0);
    q = request(IOREQ_TYPE_PIO, IOREQ_READ, IOREQ_PORT_DEFAULT + IOREQ_PORTS, 0, 1, 1);
    CU_ASSERT_EQUAL(ioreq_serve(&r, &q, &memory), ~0ull);
}

void suite_ioreq(void)
{
    CU_pSuite s = CU_add_suite("ioreq", NULL, NULL);

    CU_add_test(s, "strings by port", test_port_string);
    CU_add_test(s, "strings by memory", test_memory_string);
    CU_add_test(s, "long strings", test_long_string);
    CU_add_test(s, "nonsense", test_nonsense);
}
