/*
 * The unikernel's blkif frontend against a hostile backend (hostile-peers.md, B1 to B5):
 * what vbd_take() makes of answers that are none.
 */
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "../../domU-kernel/drivers/vbd_merge.h"
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
    v.head = 1u << 8;   /* of a device with handle 0 */
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

static struct vbd_merge merge;

/* Put a page's read, or write, in a request with its neighbours, not published. */
static u32 merge_put(u8 operation, u64 sector, u32 page)
{
    u32 id = disk_new_id(&v.disk);

    vbd_merge_put(&merge, id, operation, sector, page);
    return id;
}

/* A begun disk, with `count` neighbouring reads put, the first of them numbered merge_first. */
static u32 merge_first;
static void merge_begin(u32 count)
{
    begin();
    vbd_merge_init(&merge, &v);
    for ( u32 i = 0; i < count; i++ )
    {
        u32 id = merge_put(BLKIF_OP_READ, 80 + 8 * i, i);

        if ( i == 0 )
            merge_first = id;
    }
}

static void merge_push(void)
{
    ring_front_push(&v.ring);
    merge.open = NULL;
}

/* Take `count`, which all go as they should, and then there are no more. */
static void merge_takes(u32 count, bool should)
{
    bool well = !should;

    for ( u32 i = 0; i < count; i++ )
    {
        CU_ASSERT_EQUAL(vbd_merge_take(&merge, &well), RING_TAKEN);
        CU_ASSERT_EQUAL(well, should);
    }
    CU_ASSERT_EQUAL(vbd_merge_take(&merge, &well), RING_EMPTY);
}

static void test_merge(void)
{
    const struct blkif_request *request;

    merge_begin(13);
    CU_ASSERT_EQUAL(v.ring.req_prod, 2);
    request = &v.slot[0]->req;
    CU_ASSERT_EQUAL(request->nr_segments, 11);
    CU_ASSERT_EQUAL(request->sector_number, 80);
    CU_ASSERT_EQUAL(request->id, merge_first);
    for ( u32 i = 0; i < 11; i++ )
        CU_ASSERT_EQUAL(request->seg[i].gref, 100 + i);
    CU_ASSERT_EQUAL(v.slot[1]->req.nr_segments, 2);
    CU_ASSERT_EQUAL(v.slot[1]->req.sector_number, 80 + 88);
    merge_push();

    /* What is published grows no more. */
    merge_put(BLKIF_OP_READ, 80 + 8 * 13, 13);
    CU_ASSERT_EQUAL(v.slot[1]->req.nr_segments, 2);
    CU_ASSERT_EQUAL(v.slot[2]->req.nr_segments, 1);
    merge_push();
    answer(v.slot[2]->req.id, BLKIF_OP_READ, BLKIF_RSP_OKAY);
    merge_takes(1, true);
    answer(v.slot[1]->req.id, BLKIF_OP_READ, BLKIF_RSP_ERROR);
    merge_takes(2, false);
    answer(merge_first, BLKIF_OP_READ, BLKIF_RSP_OKAY);
    merge_takes(11, true);
    CU_ASSERT_EQUAL(v.disk.frees, v.disk.depth);
}

/* Others than neighbours, and other operations, are requests of their own. */
static void test_merge_others(void)
{
    merge_begin(1);
    merge_put(BLKIF_OP_WRITE, 88, 1);
    merge_put(BLKIF_OP_WRITE, 88, 2);
    merge_put(BLKIF_OP_WRITE, 104, 3);
    merge_put(BLKIF_OP_WRITE, 96, 4);
    merge_put(BLKIF_OP_WRITE, 104, 5);
    CU_ASSERT_EQUAL(v.ring.req_prod, 5);
    CU_ASSERT_EQUAL(v.slot[4]->req.nr_segments, 2);
}

/* B3: an answer to one that is in another's request; to all of them twice. */
static void test_merge_unsolicited(void)
{
    bool well;

    merge_begin(3);
    merge_push();
    answer(merge.last, BLKIF_OP_READ, BLKIF_RSP_OKAY);
    CU_ASSERT_EQUAL(vbd_merge_take(&merge, &well), RING_BROKEN);
    CU_ASSERT_PTR_NOT_NULL(v.disk.trouble);
    merge_begin(3);
    merge_put(BLKIF_OP_READ, 800, 0);
    merge_push();
    answer(merge_first, BLKIF_OP_READ, BLKIF_RSP_OKAY);
    merge_takes(3, true);
    answer(merge_first, BLKIF_OP_READ, BLKIF_RSP_OKAY);
    CU_ASSERT_EQUAL(vbd_merge_take(&merge, &well), RING_BROKEN);
}

/* B5: what the backend writes where an unpublished request stands changes no other memory. */
static void test_merge_scribbles(void)
{
    merge_begin(2);
    v.slot[0]->req.nr_segments = 0xff;
    v.slot[0]->req.operation = BLKIF_OP_WRITE;
    merge_put(BLKIF_OP_READ, 96, 2);
    CU_ASSERT_EQUAL(v.ring.req_prod, 1);
    CU_ASSERT_EQUAL(v.slot[0]->req.nr_segments, 3);
    CU_ASSERT_EQUAL(v.slot[0]->req.seg[2].gref, 102);
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
    CU_add_test(s, "neighbours in one request", test_merge);
    CU_add_test(s, "what is no neighbour", test_merge_others);
    CU_add_test(s, "B3 unsolicited, of neighbours", test_merge_unsolicited);
    CU_add_test(s, "B5 scribbles over what is not published", test_merge_scribbles);
}
