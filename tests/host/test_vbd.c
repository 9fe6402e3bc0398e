/*
 * The unikernel's blkif frontend against a hostile backend (hostile-peers.md, B1 to B5):
 * what vbd_take() makes of answers that are none.
 */
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "../../domU-kernel/drivers/vbd.h"
#include "suites.h"

static struct vbd v;
static union { struct ring_shared shared; uint8_t bytes[4096]; } ring;
static struct blkif_request_segment list[DISK_PAGES];

/* A connected disk with a ring of one page, nothing open. */
static void begin(void)
{
    memset(&v, 0, sizeof(v));
    memset(&ring, 0, sizeof(ring));
    ring_front_init(&v.ring, &ring.shared, ring_slot_count(sizeof(ring), VBD_SLOT));
    v.mask = v.ring.count - 1;
    for ( u32 i = 0; i < v.ring.count; i++ )
        v.slot[i] = (void *)ring_slot(&ring.shared, v.ring.count, i, VBD_SLOT);
    v.indirect = DISK_PAGES;
    v.segments[0] = list;
    for ( u32 i = 0; i < DISK_PAGES; i++ )
        vbd_page_segment[i] = (struct blkif_request_segment){ 100 + i, 0, 7 };
    disk_set_depth(&v.disk, v.ring.count);
}

/* Put a read of a page, and publish it; its number. */
static u32 put(void)
{
    u32 id = disk_new_id(&v.disk);

    vbd_put_page(&v, id, BLKIF_OP_READ, 8, 0);
    ring_front_push(&v.ring);
    return id;
}

/* The backend's next answer, published. */
static void answer(u64 id, u8 operation, int16_t status)
{
    struct blkif_response *r = &v.slot[ring.shared.rsp_prod & v.mask]->rsp;

    /* What it had there stays between the fields. */
    memset(r, 0xee, sizeof(*r));
    r->id = id;
    r->operation = operation;
    r->status = status;
    ring.shared.rsp_prod++;
}

static void is_broken(void)
{
    bool well;

    CU_ASSERT_EQUAL(vbd_take(&v, &well), RING_BROKEN);
    CU_ASSERT_PTR_NOT_NULL(v.disk.trouble);   /* says why */
    /* For good, whatever comes then. */
    CU_ASSERT_EQUAL(vbd_take(&v, &well), RING_BROKEN);
}

static void test_right(void)
{
    u32 first, second;
    bool well = false;

    begin();
    first = put();
    second = put();
    CU_ASSERT_NOT_EQUAL(first, second);
    answer(second, BLKIF_OP_READ, BLKIF_RSP_OKAY);
    answer(first, BLKIF_OP_READ, BLKIF_RSP_ERROR);
    CU_ASSERT_EQUAL(vbd_take(&v, &well), RING_TAKEN);
    CU_ASSERT_TRUE(well);
    CU_ASSERT_EQUAL(vbd_take(&v, &well), RING_TAKEN);
    CU_ASSERT_FALSE(well);
    CU_ASSERT_EQUAL(vbd_take(&v, &well), RING_EMPTY);
    CU_ASSERT_EQUAL(v.disk.frees, v.disk.depth);
}

/* As many as the ring has slots, several times round, answered in another order. */
static void test_round(void)
{
    bool well;

    begin();
    for ( u32 round = 0; round < 5; round++ )
    {
        u32 ids[64];

        for ( u32 i = 0; i < v.ring.count; i++ )
            ids[i] = put();
        CU_ASSERT_EQUAL(v.disk.frees, 0);
        for ( u32 i = 0; i < v.ring.count; i++ )
            answer(ids[i * 7 % v.ring.count], BLKIF_OP_READ, BLKIF_RSP_OKAY);
        for ( u32 i = 0; i < v.ring.count; i++ )
            CU_ASSERT_TRUE(vbd_take(&v, &well) == RING_TAKEN && well);
        CU_ASSERT_EQUAL(vbd_take(&v, &well), RING_EMPTY);
    }
}

static void test_too_many(void)
{
    begin();
    answer(put(), BLKIF_OP_READ, BLKIF_RSP_OKAY);
    ring.shared.rsp_prod++;
    is_broken();
}

static void test_out_of_range(void)
{
    static const u64 ids[] = { DISK_MAX_DEPTH, 1ul << 32, ~0ul };

    for ( size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++ )
    {
        begin();
        put();
        answer(ids[i], BLKIF_OP_READ, BLKIF_RSP_OKAY);
        is_broken();
    }
}

static void test_unsolicited(void)
{
    bool well;
    u32 id;

    begin();
    id = put();
    answer(id + 1, BLKIF_OP_READ, BLKIF_RSP_OKAY);
    is_broken();
    begin();
    id = put();
    put();
    answer(id, BLKIF_OP_READ, BLKIF_RSP_OKAY);
    CU_ASSERT_EQUAL(vbd_take(&v, &well), RING_TAKEN);
    answer(id, BLKIF_OP_READ, BLKIF_RSP_OKAY);   /* once more */
    is_broken();
}

static void test_other_operation(void)
{
    static const u8 operations[] = { BLKIF_OP_WRITE, BLKIF_OP_INDIRECT, 0xff };

    for ( size_t i = 0; i < sizeof(operations); i++ )
    {
        begin();
        answer(put(), operations[i], BLKIF_RSP_OKAY);
        is_broken();
    }
}

/* A large read, and the flush and discard that are no reads. */
static void test_kinds(void)
{
    struct blkif_request_indirect *request;
    bool well = false;
    u32 id;

    begin();
    id = disk_new_id(&v.disk);
    CU_ASSERT_TRUE(vbd_put(&v, id, BLKIF_OP_READ, 0, 20 * DISK_PAGE_SECTORS, 3));
    request = (void *)v.slot[0];
    CU_ASSERT_EQUAL(request->operation, BLKIF_OP_INDIRECT);
    CU_ASSERT_EQUAL(request->indirect_op, BLKIF_OP_READ);
    CU_ASSERT_EQUAL(request->nr_segments, 20);
    CU_ASSERT_EQUAL(list[19].gref, 100 + 3 + 19);
    ring_front_push(&v.ring);
    answer(id, BLKIF_OP_READ, BLKIF_RSP_OKAY);
    CU_ASSERT_TRUE(vbd_take(&v, &well) == RING_TAKEN && well);
    CU_ASSERT_EQUAL(v.segments_used, 0);

    /* It must name what is wrapped; another one's page is not given back. */
    CU_ASSERT_TRUE(vbd_put(&v, disk_new_id(&v.disk), BLKIF_OP_READ, 0, 20 * DISK_PAGE_SECTORS, 0));
    ring_front_push(&v.ring);
    answer(0, BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
    is_broken();

    begin();
    CU_ASSERT_FALSE(vbd_put_flush(&v, 0));       /* not offered */
    CU_ASSERT_FALSE(vbd_put_discard(&v, 0, 0, 8));
    v.flush = v.discard = true;
    id = disk_new_id(&v.disk);
    CU_ASSERT_TRUE(vbd_put_flush(&v, id));
    ring_front_push(&v.ring);
    answer(id, BLKIF_OP_FLUSH_DISKCACHE, BLKIF_RSP_EOPNOTSUPP);
    CU_ASSERT_TRUE(vbd_take(&v, &well) == RING_TAKEN && !well);
    id = disk_new_id(&v.disk);
    CU_ASSERT_TRUE(vbd_put_discard(&v, id, 0, 8));
    ring_front_push(&v.ring);
    answer(id, BLKIF_OP_READ, BLKIF_RSP_OKAY);
    is_broken();
}

/* More than the device takes in one request, or than there are lists for. */
static void test_too_large(void)
{
    begin();
    v.indirect = 16;
    CU_ASSERT_FALSE(vbd_put(&v, 0, BLKIF_OP_READ, 0, 17 * DISK_PAGE_SECTORS, 0));
    v.indirect = DISK_PAGES;
    for ( u32 i = 0; i < VBD_INDIRECT; i++ )
    {
        v.segments[i] = list;
        CU_ASSERT_TRUE(vbd_put(&v, disk_new_id(&v.disk), BLKIF_OP_WRITE, 0, 1000, 0));
    }
    CU_ASSERT_FALSE(vbd_put(&v, disk_new_id(&v.disk), BLKIF_OP_WRITE, 0, 1000, 0));
}

void suite_vbd(void)
{
    CU_pSuite s = CU_add_suite("vbd frontend", NULL, NULL);

    CU_add_test(s, "answers in any order", test_right);
    CU_add_test(s, "a full ring, round and round", test_round);
    CU_add_test(s, "B1 more answers than questions", test_too_many);
    CU_add_test(s, "B2 id out of range", test_out_of_range);
    CU_add_test(s, "B3 unsolicited, duplicate", test_unsolicited);
    CU_add_test(s, "B4 another operation", test_other_operation);
    CU_add_test(s, "indirect, flush, discard", test_kinds);
    CU_add_test(s, "too large", test_too_large);
}
