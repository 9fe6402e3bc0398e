/*
 * The wire between guest and dom0: sizes, offsets and encoding of its records
 * are pinned here, for two programs built at different times read them.
 */
#include <CUnit/CUnit.h>
#include <stddef.h>
#include <string.h>

#include <ring.h>
#include <xenometer/protocol.h>
#include <xenometer/row.h>

#include "suites.h"

static void test_control(void)
{
    CU_ASSERT_EQUAL(sizeof(struct control_request), 128);
    CU_ASSERT_EQUAL(offsetof(struct control_request, kind), 0);
    CU_ASSERT_EQUAL(offsetof(struct control_request, id), 4);
    CU_ASSERT_EQUAL(offsetof(struct control_request, outcome), 8);
    CU_ASSERT_EQUAL(offsetof(struct control_request, samples), 12);
    CU_ASSERT_EQUAL(offsetof(struct control_request, first), 16);
    CU_ASSERT_EQUAL(offsetof(struct control_request, boot), 24);
    CU_ASSERT_EQUAL(offsetof(struct control_request, upcalls), 32);
    CU_ASSERT_EQUAL(offsetof(struct control_request, notifications), 36);
    CU_ASSERT_EQUAL(offsetof(struct control_request, reason), 48);

    CU_ASSERT_EQUAL(sizeof(struct control_response), CONTROL_SLOT_SIZE);
    CU_ASSERT_EQUAL(CONTROL_SLOT_SIZE, 128);
    CU_ASSERT_EQUAL(offsetof(struct control_response, operation), 0);
    CU_ASSERT_EQUAL(offsetof(struct control_response, id), 4);
    CU_ASSERT_EQUAL(offsetof(struct control_response, row), 8);
    CU_ASSERT_EQUAL(offsetof(struct control_response, samples), 12);
    CU_ASSERT_EQUAL(offsetof(struct control_response, warmup), 16);
}

static void test_data(void)
{
    CU_ASSERT_EQUAL(sizeof(struct data_request), 80);
    CU_ASSERT_EQUAL(offsetof(struct data_request, id), 0);
    CU_ASSERT_EQUAL(offsetof(struct data_request, operation), 4);
    CU_ASSERT_EQUAL(offsetof(struct data_request, length), 6);
    CU_ASSERT_EQUAL(offsetof(struct data_request, gref), 8);
    CU_ASSERT_EQUAL(offsetof(struct data_request, offset), 12);
    CU_ASSERT_EQUAL(offsetof(struct data_request, pages), 14);
    CU_ASSERT_EQUAL(offsetof(struct data_request, payload), 16);

    CU_ASSERT_EQUAL(DATA_MAP, 3);
    CU_ASSERT_EQUAL(DATA_ECHO_KEPT, 10);
    CU_ASSERT_EQUAL(DATA_PAGES, 32);

    CU_ASSERT_EQUAL(sizeof(struct data_response), 80);
    CU_ASSERT_EQUAL(offsetof(struct data_response, id), 0);
    CU_ASSERT_EQUAL(offsetof(struct data_response, operation), 4);
    CU_ASSERT_EQUAL(offsetof(struct data_response, status), 6);
    CU_ASSERT_EQUAL(offsetof(struct data_response, value), 8);
    CU_ASSERT_EQUAL(offsetof(struct data_response, payload), 16);
}

/* The bytes on the wire, little-endian, without gaps. */
static void test_encoding(void)
{
    static const uint8_t request[16] = {
        0x04, 0x03, 0x02, 0x01, 0x04, 0x00, 0x00, 0x10,
        0x2a, 0x00, 0x00, 0x00, 0x08, 0x00, 0x20, 0x00,
    };
    static const uint8_t response[16] = {
        0x01, 0x00, 0x00, 0x00, 0x03, 0x00, 0xfe, 0xff,
        0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
    };
    struct data_request q = { .id = 0x01020304, .operation = DATA_COPY,
                              .length = 4096, .gref = 42, .offset = 8,
                              .pages = DATA_PAGES };
    struct data_response p = { .id = 1, .operation = DATA_MAP,
                               .status = DATA_NOT_SUPPORTED,
                               .value = 0x1122334455667788u };

    CU_ASSERT_EQUAL(memcmp(&q, request, sizeof(request)), 0);
    CU_ASSERT_EQUAL(memcmp(&p, response, sizeof(response)), 0);
}

static void test_rings(void)
{
    /* What the two rings hold, and that a batch of 32 fits the data ring. */
    CU_ASSERT_EQUAL(ring_slot_count(4096, CONTROL_SLOT_SIZE), 16);
    CU_ASSERT_EQUAL(ring_slot_count(4096u << DATA_RING_ORDER, DATA_SLOT_SIZE),
                    64);
    CU_ASSERT_TRUE(DATA_RING_ORDER <= MAX_RING_ORDER);
    CU_ASSERT_EQUAL(SAMPLES_PAGES * SAMPLES_PER_PAGE, 8192);
    /* One index page names all sample pages. */
    CU_ASSERT_TRUE(MAX_SAMPLES_PAGES * sizeof(uint32_t) <= 4096);
    /* Layout of xen/io/ring.h. */
    CU_ASSERT_EQUAL(offsetof(struct ring_shared, req_prod), 0);
    CU_ASSERT_EQUAL(offsetof(struct ring_shared, req_event), 4);
    CU_ASSERT_EQUAL(offsetof(struct ring_shared, rsp_prod), 8);
    CU_ASSERT_EQUAL(offsetof(struct ring_shared, rsp_event), 12);
    CU_ASSERT_EQUAL(offsetof(struct ring_shared, slots), 64);
}

static void test_row(void)
{
    CU_ASSERT_EQUAL(sizeof(struct row), 560);
    CU_ASSERT_EQUAL(offsetof(struct row, name), 0);
    CU_ASSERT_EQUAL(offsetof(struct row, columns), 280);
    CU_ASSERT_EQUAL(offsetof(struct row, explanation), 520);
    CU_ASSERT_EQUAL(offsetof(struct row, needs), 528);
    CU_ASSERT_EQUAL(offsetof(struct row, operations), 540);
    CU_ASSERT_EQUAL(offsetof(struct row, bytes), 552);
    CU_ASSERT_EQUAL(sizeof(struct row_code), 24);
    CU_ASSERT_EQUAL(MODE_PV | MODES_HARDWARE | MODE_ARM64, MODES_XEN | MODE_BARE);
    CU_ASSERT_EQUAL(DOMAIN_NEEDS & (SERVICE_DATA_RING | SERVICE_IOREQ | DOMAIN_LINUX), 0);
    CU_ASSERT_EQUAL(DOMAIN_NEEDS & DOMAIN_SMP, DOMAIN_SMP);
    CU_ASSERT_TRUE(OUTCOME_SUCCESS < OUTCOME_SKIP);
    CU_ASSERT_TRUE(OUTCOME_SKIP < OUTCOME_ERROR);
    CU_ASSERT_TRUE(OUTCOME_ERROR < OUTCOME_FAILURE);
}

/* XenStore keys: its characters only, and no two alike. */
static void test_keys(void)
{
    static const char *const keys[] = {
        KEY_VERSION, KEY_IOREQ_PORT, KEY_IOREQ_MMIO, KEY_MAX_RING_ORDER,
        KEY_PROTOCOL, KEY_MODE, KEY_IMAGE, KEY_RING_ORDER, KEY_RING_REF,
        KEY_EVENT_CHANNEL, KEY_CONTROL_REF, KEY_CONTROL_CHANNEL,
        KEY_ECHO_CHANNEL, KEY_SAMPLES_REF, KEY_SAMPLES_PAGES,
    };
    size_t count = sizeof(keys) / sizeof(keys[0]);

    for ( size_t i = 0; i < count; i++ )
    {
        CU_ASSERT_EQUAL(strspn(keys[i], "abcdefghijklmnopqrstuvwxyz-"),
                        strlen(keys[i]));
        for ( size_t k = i + 1; k < count; k++ )
            CU_ASSERT_STRING_NOT_EQUAL(keys[i], keys[k]);
    }
}

void suite_protocol(void)
{
    CU_pSuite suite = CU_add_suite("protocol", NULL, NULL);

    CU_add_test(suite, "control records", test_control);
    CU_add_test(suite, "data records", test_data);
    CU_add_test(suite, "bytes on the wire", test_encoding);
    CU_add_test(suite, "rings and sample buffer", test_rings);
    CU_add_test(suite, "row descriptor and outcomes", test_row);
    CU_add_test(suite, "XenStore keys", test_keys);
}
