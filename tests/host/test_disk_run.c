/*
 * backend/disk_run.c and backend/pages.c: requests that are gathered without
 * blkif_read(), of honest and hostile frontends (catalogue of hostile peers, F1, F15 to F18).
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "backend/disk_run.h"
#include "suites.h"

#define RING_PAGES 2u
#define FIRST_GREF 40u          /* of the pages that are kept */
#define KEPT       200u

static union { struct ring_shared shared; uint8_t pages[RING_PAGES * BLKIF_PAGE]; } memory;
static struct ring_front front;
static struct ring_back back;
static struct disk_run run;
static struct pages kept;
static union blkif_sring_entry slot;
static struct blkif_disk disk;
static uint8_t page[KEPT];      /* their addresses stand for pages */

static void begin(void)
{
    uint32_t count = ring_slot_count(sizeof(memory), BLKIF_SLOT);

    memset(&memory, 0, sizeof(memory));
    memset(&slot, 0xa5, sizeof(slot));
    memset(&run, 0xa5, sizeof(run));
    ring_front_init(&front, &memory.shared, count);
    CU_ASSERT_FATAL(ring_back_attach(&back, &memory.shared, count));
    disk = (struct blkif_disk){ .sectors = 100000, .flush = true, .discard = true };
    disk_run_init(&run);
    pages_clear(&kept);
    for ( uint32_t i = 0; i < KEPT; i++ )
        CU_ASSERT_FATAL(pages_add(&kept, FIRST_GREF + i, &page[i]));
}

/* Of one segment; what it does not fill is the guest's. */
static union blkif_sring_entry one(uint8_t operation, uint64_t sector, uint32_t gref)
{
    union blkif_sring_entry e;

    memset(&e, 0x5a, sizeof(e));
    e.req.operation = operation;
    e.req.nr_segments = 1;
    e.req.id = sector * 1000 + gref;
    e.req.sector_number = sector;
    e.req.seg[0] = (struct blkif_request_segment){ gref, 0, 7 };
    return e;
}

static void put(const union blkif_sring_entry *e)
{
    CU_ASSERT_FATAL(ring_front_put(&front, e, BLKIF_SLOT));
}

static void put_page(uint8_t operation, uint64_t sector, uint32_t gref)
{
    union blkif_sring_entry e = one(operation, sector, gref);

    put(&e);
}

/* As the backend does it.  True: one in `slot` was not added, and is there as a whole. */
static bool take(uint32_t limit)
{
    ring_front_push(&front);
    CU_ASSERT_EQUAL_FATAL(ring_back_look(&back), RING_TAKEN);
    if ( !disk_run_take(&run, &back, limit, &disk, &kept, &slot) )
        return false;
    ring_back_take_rest(&back, &slot, BLKIF_ONE_SEGMENT, BLKIF_SLOT);
    return true;
}

/* All that was taken is answered. */
static void answer(void)
{
    union blkif_sring_entry e = { .rsp.status = BLKIF_RSP_OKAY };

    while ( ring_back_put(&back, &e, BLKIF_SLOT) )
        ;
    ring_back_push(&back);
    while ( ring_front_take(&front, &e, BLKIF_SLOT) == RING_TAKEN )
        ;
}

static void test_stream(void)
{
    begin();
    for ( uint32_t i = 0; i < 20; i++ )
        put_page(BLKIF_OP_WRITE, 800 + 8 * i, FIRST_GREF + 3 * i);
    CU_ASSERT_FALSE(take(1000));
    CU_ASSERT_EQUAL(back.req_cons, 20);
    CU_ASSERT_EQUAL(run.requests, 20);
    CU_ASSERT_EQUAL(run.vectors, 20);
    CU_ASSERT_EQUAL(run.sector, 800);
    CU_ASSERT_EQUAL(run.end, 960);
    CU_ASSERT_EQUAL(disk_run_code(&run), BLKIF_OP_WRITE);
    for ( uint32_t i = 0; i < 20; i++ )
    {
        CU_ASSERT_PTR_EQUAL(run.iov[i].iov_base, &page[3 * i]);
        CU_ASSERT_EQUAL(run.iov[i].iov_len, 4096);
        CU_ASSERT_EQUAL(run.id[i], (800 + 8 * i) * 1000 + FIRST_GREF + 3 * i);
        CU_ASSERT_EQUAL(run.span[i], 1);
    }
    /* It goes on with what comes later, and no further than it may. */
    for ( uint32_t i = 20; i < 24; i++ )
        put_page(BLKIF_OP_WRITE, 800 + 8 * i, FIRST_GREF);
    CU_ASSERT_FALSE(take(3));
    CU_ASSERT_EQUAL(run.requests, 23);
    CU_ASSERT_EQUAL(back.req_cons, 23);
    CU_ASSERT_FALSE(take(3));
    CU_ASSERT_EQUAL(run.end, 800 + 8 * 24);
    disk_run_clear(&run);
    CU_ASSERT_EQUAL(run.requests, 0);
}

/* Whatever is another: it is taken as a whole, and nothing behind it. */
static void stops_at(const union blkif_sring_entry *e)
{
    begin();
    put_page(BLKIF_OP_READ, 8, FIRST_GREF);
    put_page(BLKIF_OP_READ, 16, FIRST_GREF + 1);
    put(e);
    put_page(BLKIF_OP_READ, 24, FIRST_GREF + 2);
    CU_ASSERT_TRUE(take(1000));
    CU_ASSERT_EQUAL(run.requests, 2);
    CU_ASSERT_EQUAL(run.end, 24);
    CU_ASSERT_EQUAL(back.req_cons, 3);
    CU_ASSERT_EQUAL(memcmp(&slot, e, sizeof(slot)), 0);
    CU_ASSERT_FALSE(take(1000));
    CU_ASSERT_EQUAL(run.requests, 3);
}

static void test_others(void)
{
    union blkif_sring_entry e;

    for ( unsigned operation = 0; operation < 256; operation++ )
    {
        e = one((uint8_t)operation, 24, FIRST_GREF);
        if ( operation != BLKIF_OP_READ )
            stops_at(&e);
    }
    for ( unsigned segments = 0; segments < 256; segments++ )
    {
        e = one(BLKIF_OP_READ, 24, FIRST_GREF);
        e.req.nr_segments = (uint8_t)segments;
        if ( segments != 1 )
            stops_at(&e);
    }
    for ( unsigned sectors = 0; sectors < 65536; sectors += 97 )
    {
        e = one(BLKIF_OP_READ, 24, FIRST_GREF);
        e.req.seg[0].first_sect = (uint8_t)sectors;
        e.req.seg[0].last_sect = (uint8_t)(sectors >> 8);
        if ( sectors != 7 << 8 )
            stops_at(&e);
    }
    e = one(BLKIF_OP_READ, 32, FIRST_GREF);             /* not where the run ends */
    stops_at(&e);
    e = one(BLKIF_OP_READ, 24 + (1ull << 32), FIRST_GREF);
    stops_at(&e);
    e = one(BLKIF_OP_READ, 24, FIRST_GREF + KEPT);      /* not kept */
    stops_at(&e);
    e = one(BLKIF_OP_READ, 24, FIRST_GREF + PAGES_PLACES);
    stops_at(&e);
    e = one(BLKIF_OP_READ, 24, UINT32_MAX);
    stops_at(&e);
}

/* What cannot be the first of a run; nothing of a run before it helps. */
static void refused(const union blkif_sring_entry *e)
{
    put(e);
    CU_ASSERT_TRUE(take(1000));
    CU_ASSERT_EQUAL(run.requests, 0);
    CU_ASSERT_EQUAL(memcmp(&slot, e, sizeof(slot)), 0);
    answer();
}

static void test_first(void)
{
    union blkif_sring_entry e;

    begin();
    for ( int round = 0; round < 2; round++ )
    {
        e = one(BLKIF_OP_READ, 0, FIRST_GREF);
        e.req.nr_segments = 0;
        refused(&e);
        e = one(0xff, 0, FIRST_GREF);
        e.req.nr_segments = 0xff;
        refused(&e);
        e = one(BLKIF_OP_READ, UINT64_MAX, FIRST_GREF);
        refused(&e);
        e = one(BLKIF_OP_READ, UINT64_MAX - 7, FIRST_GREF);
        refused(&e);
        e = one(BLKIF_OP_READ, disk.sectors - 7, FIRST_GREF);
        refused(&e);
        e = one(BLKIF_OP_READ, disk.sectors, FIRST_GREF);
        refused(&e);
        e = one(BLKIF_OP_FLUSH_DISKCACHE, 0, FIRST_GREF);
        refused(&e);
        disk.readonly = true;
        e = one(BLKIF_OP_WRITE, 16, FIRST_GREF);
        refused(&e);
        disk.readonly = false;

        /* The run before it is over: it continues nothing. */
        put_page(BLKIF_OP_READ, 0, FIRST_GREF);
        CU_ASSERT_FALSE(take(1000));
        CU_ASSERT_EQUAL(run.end, 8);
        disk_run_clear(&run);
        put_page(BLKIF_OP_WRITE, 8, FIRST_GREF + 5);
        CU_ASSERT_FALSE(take(1000));
        CU_ASSERT_EQUAL(run.sector, 8);
        CU_ASSERT_EQUAL(run.requests, 1);
        CU_ASSERT_EQUAL(disk_run_code(&run), BLKIF_OP_WRITE);
        disk_run_clear(&run);
        answer();
    }
}

static void test_end_of_disk(void)
{
    begin();
    disk.sectors = 20;
    put_page(BLKIF_OP_READ, 0, FIRST_GREF);
    put_page(BLKIF_OP_READ, 8, FIRST_GREF);
    put_page(BLKIF_OP_READ, 16, FIRST_GREF);
    CU_ASSERT_TRUE(take(1000));
    CU_ASSERT_EQUAL(run.requests, 2);
    CU_ASSERT_EQUAL(run.end, 16);
}

/* At the ring's last slot it stops, and goes on with the first. */
static void test_wrap(void)
{
    begin();
    for ( uint32_t i = 0; i < 10; i++ )
        put_page(BLKIF_OP_READ, 8 * i, FIRST_GREF);
    CU_ASSERT_FALSE(take(1000));
    disk_run_clear(&run);
    answer();
    for ( uint32_t i = 0; i < back.count; i++ )
        put_page(BLKIF_OP_READ, 8 * i, FIRST_GREF + i);
    CU_ASSERT_FALSE(take(1000));
    CU_ASSERT_EQUAL(run.requests, back.count - 10);
    CU_ASSERT_FALSE(take(1000));
    CU_ASSERT_EQUAL(run.requests, back.count);
    for ( uint32_t i = 0; i < back.count; i++ )
        CU_ASSERT_PTR_EQUAL(run.iov[i].iov_base, &page[i]);
    CU_ASSERT_EQUAL(back.req_cons, 10 + back.count);
}

/* With requests of other sizes, until it is full. */
static void test_mixed(void)
{
    struct blkif_operation o = {
        .id = 7, .code = BLKIF_OP_READ, .kind = BLKIF_READ, .sector = 8, .sectors = 3, .segments = 2,
        .segment = { { FIRST_GREF, 512, 1024 }, { FIRST_GREF + 1, 0, 512 } },
    };
    void *const both[] = { &page[10], &page[11] };

    begin();
    put_page(BLKIF_OP_READ, 0, FIRST_GREF);
    CU_ASSERT_FALSE(take(1000));
    CU_ASSERT_TRUE(disk_run_fits(&run, &o));
    disk_run_add(&run, &o, both);
    put_page(BLKIF_OP_READ, 11, FIRST_GREF + 2);
    CU_ASSERT_FALSE(take(1000));
    CU_ASSERT_EQUAL(run.requests, 3);
    CU_ASSERT_EQUAL(run.vectors, 4);
    CU_ASSERT_EQUAL(run.end, 19);
    CU_ASSERT_EQUAL(run.span[0], 1);
    CU_ASSERT_EQUAL(run.id[1], 7);
    CU_ASSERT_EQUAL(run.span[1], 2);
    CU_ASSERT_PTR_EQUAL(run.iov[1].iov_base, &page[10] + 512);
    CU_ASSERT_EQUAL(run.iov[1].iov_len, 1024);
    CU_ASSERT_EQUAL(run.iov[2].iov_len, 512);
    CU_ASSERT_EQUAL(run.span[3], 1);
    CU_ASSERT_EQUAL(run.iov[3].iov_len, 4096);
    CU_ASSERT_PTR_EQUAL(run.iov[3].iov_base, &page[2]);

    CU_ASSERT_FALSE(disk_run_fits(&run, &o));           /* not where it ends */
    o.sector = 19;
    o.code = BLKIF_OP_WRITE;
    CU_ASSERT_FALSE(disk_run_fits(&run, &o));
    o.code = BLKIF_OP_READ;
    while ( disk_run_fits(&run, &o) )
    {
        disk_run_add(&run, &o, both);
        o.sector += o.sectors;
    }
    CU_ASSERT_TRUE(disk_run_full(&run));
    CU_ASSERT_EQUAL(run.vectors, DISK_RUN_VECTORS);

    /* Afterwards the common request is as common as before. */
    disk_run_clear(&run);
    CU_ASSERT_FALSE(disk_run_full(&run));
    CU_ASSERT_TRUE(disk_run_fits(&run, &o));
    for ( uint32_t i = 0; i < DISK_RUN_VECTORS; i++ )
        CU_ASSERT(run.span[i] == 1 && run.iov[i].iov_len == 4096);
}

static uint32_t next_random(void)
{
    static uint32_t state = 1;

    return (state = state * 1664525u + 1013904223u) >> 8;
}

/* Of any request that is added, blkif_read() says the same. */
static void test_agrees(void)
{
    uint32_t added = 0;

    for ( uint32_t i = 0; i < 200000; i++ )
    {
        struct blkif_operation o;
        union blkif_sring_entry e;

        if ( i % 5000 == 0 )
            begin();
        disk.sectors = 8 + next_random() % 64;
        disk.readonly = next_random() % 4 == 0;
        e = one(next_random() % 8 ? next_random() % 2 : (uint8_t)next_random(),
                next_random() % 8 ? next_random() % 64 : ~0ull - next_random() % 64,
                next_random() % 8 ? FIRST_GREF + next_random() % KEPT : next_random());
        e.req.nr_segments = next_random() % 8 ? 1 : (uint8_t)next_random();
        e.req.seg[0].first_sect = next_random() % 8 ? 0 : (uint8_t)next_random();
        e.req.seg[0].last_sect = next_random() % 8 ? 7 : (uint8_t)next_random();
        put(&e);
        if ( take(1000) )
        {
            CU_ASSERT_EQUAL(memcmp(&slot, &e, sizeof(e)), 0);
        }
        else
        {
            CU_ASSERT_EQUAL_FATAL(blkif_read(&e, &disk, &o), BLKIF_RSP_OKAY);
            CU_ASSERT_EQUAL(o.code, disk_run_code(&run));
            CU_ASSERT_EQUAL(o.sector, run.sector);
            CU_ASSERT_EQUAL(o.sector + o.sectors, run.end);
            CU_ASSERT_EQUAL(o.segments, 1);
            CU_ASSERT_EQUAL(o.segment[0].offset, 0);
            CU_ASSERT_EQUAL(o.segment[0].length, run.iov[0].iov_len);
            CU_ASSERT_PTR_EQUAL(pages_find(&kept, o.segment[0].gref), run.iov[0].iov_base);
            CU_ASSERT_EQUAL(o.id, run.id[0]);
            added++;
        }
        disk_run_clear(&run);
        answer();
    }
    CU_ASSERT(added > 1000 && added < 150000);
}

/* What is copied as a whole: of whole pages that are kept, `segments` of them. */
static union blkif_sring_entry several(uint64_t sector, uint32_t segments)
{
    union blkif_sring_entry e = one(BLKIF_OP_READ, sector, FIRST_GREF);

    e.req.nr_segments = (uint8_t)segments;
    for ( uint32_t i = 0; i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++ )
        e.req.seg[i] = (struct blkif_request_segment){ FIRST_GREF + i, 0, 7 };
    return e;
}

static bool add(const union blkif_sring_entry *e)
{
    return disk_run_add_pages(&run, &e->req, &disk, &kept);
}

static void test_neighbours(void)
{
    union blkif_sring_entry e;
    uint64_t sector = 16;

    begin();
    put_page(BLKIF_OP_READ, 8, FIRST_GREF);
    CU_ASSERT_FALSE(take(1000));
    while ( run.vectors <= DISK_RUN_VECTORS - 11 )
    {
        e = several(sector, 11);
        CU_ASSERT_TRUE_FATAL(add(&e));
        CU_ASSERT_EQUAL(run.span[run.vectors - 11], 11);
        CU_ASSERT_EQUAL(run.id[run.vectors - 11], e.req.id);
        for ( uint32_t i = 0; i < 11; i++ )
        {
            CU_ASSERT_PTR_EQUAL(run.iov[run.vectors - 11 + i].iov_base, &page[i]);
            CU_ASSERT_EQUAL(run.iov[run.vectors - 11 + i].iov_len, 4096);
        }
        sector += 88;
    }
    CU_ASSERT_EQUAL(run.end, sector);
    CU_ASSERT_EQUAL(run.requests, 1 + DISK_RUN_VECTORS / 11);
    e = several(sector, 11);
    CU_ASSERT_FALSE(add(&e));                /* no room */
    disk_run_clear(&run);
    for ( uint32_t i = 0; i < DISK_RUN_VECTORS; i++ )
        CU_ASSERT(run.span[i] == 1 && run.iov[i].iov_len == 4096);
}

/* Nothing is added of one that has anything else in it. */
static void not_added(const union blkif_sring_entry *e)
{
    uint32_t requests = run.requests, vectors = run.vectors;
    uint64_t end = run.end;

    CU_ASSERT_FALSE(add(e));
    CU_ASSERT_EQUAL(run.requests, requests);
    CU_ASSERT_EQUAL(run.vectors, vectors);
    CU_ASSERT(vectors == 0 || run.end == end);
}

static void test_no_neighbours(void)
{
    union blkif_sring_entry e;

    begin();
    for ( int with = 0; with < 2; with++ )
    {
        if ( with )
        {
            put_page(BLKIF_OP_READ, 8, FIRST_GREF);
            CU_ASSERT_FALSE(take(1000));
        }
        for ( unsigned segments = 0; segments < 256; segments++ )
        {
            e = several(16, segments);
            if ( segments == 0 || segments > 11 )
                not_added(&e);
        }
        for ( unsigned operation = 0; operation < 256; operation++ )
        {
            e = several(16, 3);
            e.req.operation = (uint8_t)operation;
            if ( operation > (with ? BLKIF_OP_READ : BLKIF_OP_WRITE) )
                not_added(&e);
        }
        for ( uint32_t i = 0; i < 11; i++ )
        {
            e = several(16, 11);
            e.req.seg[i].last_sect = 6;
            not_added(&e);
            e = several(16, 11);
            e.req.seg[i].first_sect = 1;
            not_added(&e);
            e = several(16, 11);
            e.req.seg[i].gref = FIRST_GREF + KEPT;
            not_added(&e);
        }
        e = several(disk.sectors - 8, 2);
        not_added(&e);
        e = several(UINT64_MAX - 7, 2);
        not_added(&e);
    }
    e = several(24, 2);                      /* not where the run ends */
    not_added(&e);
    disk.sectors = 24;
    e = several(16, 2);
    not_added(&e);
    e = several(16, 1);
    CU_ASSERT_TRUE(add(&e));
    disk_run_clear(&run);
    disk.readonly = true;
    e = several(0, 2);
    e.req.operation = BLKIF_OP_WRITE;
    not_added(&e);
}

/* Of any that is added, blkif_read() says the same. */
static void test_neighbours_agree(void)
{
    uint32_t added = 0;

    begin();
    for ( uint32_t i = 0; i < 200000; i++ )
    {
        struct blkif_operation o;
        union blkif_sring_entry e = several(next_random() % 64, next_random() % 13);

        disk.sectors = 8 + next_random() % 128;
        disk.readonly = next_random() % 4 == 0;
        e.req.operation = next_random() % 8 ? next_random() % 2 : (uint8_t)next_random();
        if ( next_random() % 4 == 0 )
            e.req.seg[next_random() % 11] = (struct blkif_request_segment){
                next_random(), (uint8_t)(next_random() % 9), (uint8_t)(next_random() % 9) };
        if ( add(&e) )
        {
            CU_ASSERT_EQUAL_FATAL(blkif_read(&e, &disk, &o), BLKIF_RSP_OKAY);
            CU_ASSERT_EQUAL(o.code, disk_run_code(&run));
            CU_ASSERT_EQUAL(o.sector, run.sector);
            CU_ASSERT_EQUAL(o.sector + o.sectors, run.end);
            CU_ASSERT_EQUAL(o.segments, run.span[0]);
            added++;
        }
        disk_run_clear(&run);
    }
    CU_ASSERT(added > 1000 && added < 150000);
}

static void test_pages(void)
{
    static uint8_t many[PAGES_MAX];

    pages_clear(&kept);
    for ( uint32_t at = 0; at < PAGES_PLACES; at++ )
        for ( uint32_t k = 0; k < 4; k++ )
            CU_ASSERT_FALSE(pages_at_home(&kept, at + k * (UINT32_MAX / PAGES_PLACES / 3) * PAGES_PLACES));
    /* All with one home: only the first is there, and each is found. */
    for ( uint32_t i = 0; i < PAGES_MAX; i++ )
        CU_ASSERT_TRUE(pages_add(&kept, 5 + i * PAGES_PLACES, &many[i]));
    CU_ASSERT_FALSE(pages_add(&kept, 6, many));
    CU_ASSERT_PTR_NULL(pages_find(&kept, 6));
    CU_ASSERT_TRUE(pages_at_home(&kept, 5));
    CU_ASSERT_PTR_EQUAL(pages_home(&kept, 5), &many[0]);
    for ( uint32_t i = 0; i < PAGES_MAX; i++ )
    {
        CU_ASSERT_EQUAL(pages_at_home(&kept, 5 + i * PAGES_PLACES), i == 0);
        CU_ASSERT_PTR_EQUAL(pages_find(&kept, 5 + i * PAGES_PLACES), &many[i]);
    }
    pages_clear(&kept);
    CU_ASSERT_PTR_NULL(pages_find(&kept, 5));
    CU_ASSERT_FALSE(pages_at_home(&kept, 5));
}

void suite_disk_run(void)
{
    CU_pSuite s = CU_add_suite("disk run", NULL, NULL);

    CU_add_test(s, "a stream of pages", test_stream);
    CU_add_test(s, "what is another request", test_others);
    CU_add_test(s, "what cannot be the first", test_first);
    CU_add_test(s, "the end of the disk", test_end_of_disk);
    CU_add_test(s, "the end of the ring", test_wrap);
    CU_add_test(s, "requests of other sizes between", test_mixed);
    CU_add_test(s, "nothing that blkif_read() refuses", test_agrees);
    CU_add_test(s, "neighbours that were merged", test_neighbours);
    CU_add_test(s, "what is none of those", test_no_neighbours);
    CU_add_test(s, "nothing of those either that blkif_read() refuses", test_neighbours_agree);
    CU_add_test(s, "pages by grant reference", test_pages);
}
