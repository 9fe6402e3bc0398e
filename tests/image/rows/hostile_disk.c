/*
 * A hostile frontend of the blkif protocol against xenometer's own backend; as hostile.c.
 * Each row ends with a block that is read as it was written.
 */
#include "../../../domU-kernel/arch/memory.h"
#include "../../../domU-kernel/harness/row.h"
#include "../../../domU-kernel/lib/string.h"
#include "../../../domU-kernel/xen/events.h"
#include "../../../domU-kernel/xen/xenstore.h"
#include "blkif.h"

#define NOBODYS_GRANT 500u   /* of 512, and never given */
#define PATTERN 0x5ca1ab1e0ddba11ul
#define FLIPS   60u

static struct vbd v;

/* The disk's first and last page: what no attack may change. */
static u64 last_page(void)
{
    return v.disk.sectors - DISK_PAGE_SECTORS;
}

static u64 *page(u32 n)
{
    return (u64 *)(disk_buffer() + n * PAGE_SIZE);
}

static const char *move(bool write, u64 sector, u32 n)
{
    bool well = false;
    u32 id = disk_new_id(&v.disk);

    vbd_put(&v, id, write ? BLKIF_OP_WRITE : BLKIF_OP_READ, sector, DISK_PAGE_SECTORS, n);
    vbd_push(&v);
    if ( !vbd_wait(&v, 1) || vbd_take(&v, &well) != RING_TAKEN )
        return v.disk.trouble ? v.disk.trouble : "the disk does not answer";
    return well ? NULL : "the disk reported an error";
}

static void fill(u32 n, u64 seed)
{
    for ( u32 i = 0; i < PAGE_SIZE / sizeof(u64); i++ )
        page(n)[i] = seed + i;
}

static bool is_filled(u32 n, u64 seed)
{
    for ( u32 i = 0; i < PAGE_SIZE / sizeof(u64); i++ )
        if ( page(n)[i] != seed + i )
            return false;
    return true;
}

static const char *setup(struct row_run *r)
{
    static bool tried;
    const char *trouble = NULL;

    if ( !tried )
        trouble = vbd_connect(&v.disk, "device/vbd/51744");
    tried = true;
    r->failure = v.disk.trouble;
    return r->failure ? NULL : trouble;
}

static const char *setup_pattern(struct row_run *r)
{
    const char *trouble = setup(r);

    if ( trouble || r->failure )
        return trouble;
    fill(0, PATTERN);
    if ( !(r->failure = move(true, 0, 0)) )
        r->failure = move(true, last_page(), 0);
    return NULL;
}

/* The backend serves us still, and the disk is as it was. */
static void survive(struct row_run *r)
{
    SAMPLES(r, );
    for ( u32 i = 0; i < 2 && !r->failure; i++ )
    {
        fill(1, 0);
        r->failure = move(false, i ? last_page() : 0, 1);
        if ( !r->failure && !is_filled(1, PATTERN) )
            r->failure = "the disk is not as it was";
    }
}

/* A request of any kind, in its next slot. */
static void put(const void *request, u32 size)
{
    memcpy(v.slot[v.ring.req_prod++ & v.mask], request, size);
}

static void put_request(u64 id, u8 operation, u8 segments, u64 sector, u32 gref, u8 first, u8 last)
{
    struct blkif_request q = {
        .operation = operation, .nr_segments = segments, .handle = v.handle, .id = id,
        .sector_number = sector,
    };

    for ( u32 i = 0; i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++ )
        q.seg[i] = (struct blkif_request_segment){ gref, first, last };
    put(&q, sizeof(q));
}

/* One answer: its status, or a number that is none. Of the id only the bits in `mask` count. */
static int answer_like(u64 id, u64 mask)
{
    struct blkif_response p;

    for ( ;; )
    {
        u32 seen = event_arrivals[v.port];
        enum ring_result t = ring_front_take_part(&v.ring, &p, sizeof(p), VBD_SLOT);

        if ( t == RING_BROKEN || (t == RING_TAKEN && (p.id & mask) != (id & mask)) )
            return 1000;
        if ( t == RING_TAKEN )
            return p.status;
        if ( ring_front_final_check(&v.ring, 1) == RING_EMPTY )
            event_wait(v.port, seen);
    }
}

static int answer(u64 id)
{
    return answer_like(id, ~0ul);
}

static void expect(struct row_run *r, u64 id, int status)
{
    vbd_push(&v);
    if ( answer(id) != status && !r->failure )
        r->failure = "the backend answers a request otherwise than expected";
}

#define DISK_ROW(identifier, row_name, what, right, setup_, function)        \
    ROW(hostile_disk_##identifier, .setup = setup_, .run = function) = {    \
        .name = row_name, .work = "attack the backend",                     \
        .path = "hostile blkif frontend", .help = what, .explanation = right, \
        .elsewhere = "bare mode has no backend to attack",                  \
        .columns = "xen", .needs = DOMAIN_DISK,                           \
        .operations = 1, .samples = 1,                                      \
    }

static void run_requests(struct row_run *r)
{
    static const struct { u8 operation, segments, first, last; int status; } bad[] = {
        { BLKIF_OP_WRITE, 1, 7, 0, BLKIF_RSP_ERROR },                       /* F15 */
        { BLKIF_OP_WRITE, 1, 0, 8, BLKIF_RSP_ERROR },                       /* F15 */
        { BLKIF_OP_READ, 1, 255, 255, BLKIF_RSP_ERROR },                    /* F15, F16 */
        { BLKIF_OP_WRITE, 0, 0, 7, BLKIF_RSP_ERROR },                       /* F17 */
        { BLKIF_OP_WRITE, 12, 0, 7, BLKIF_RSP_ERROR },                      /* F17 */
        { BLKIF_OP_READ, 255, 0, 7, BLKIF_RSP_ERROR },                      /* F17 */
        { 77, 1, 0, 7, BLKIF_RSP_EOPNOTSUPP },                              /* F21 */
        { 255, 1, 0, 7, BLKIF_RSP_EOPNOTSUPP },                             /* F21 */
        { BLKIF_OP_FLUSH_DISKCACHE, 3, 0, 7, BLKIF_RSP_EOPNOTSUPP },        /* F17 */
    };
    static const struct { u8 operation; u16 segments; } indirect[] = {
        { BLKIF_OP_WRITE, 0 }, { BLKIF_OP_WRITE, 257 }, { BLKIF_OP_READ, 0xffff },   /* F18 */
        { BLKIF_OP_FLUSH_DISKCACHE, 1 }, { BLKIF_OP_INDIRECT, 1 },          /* F21 */
    };

    for ( u32 i = 0; i < ARRAY_SIZE(bad); i++ )
    {
        put_request(9, bad[i].operation, bad[i].segments, 0, vbd_page_segment[2].gref,
                    bad[i].first, bad[i].last);
        expect(r, 9, bad[i].status);
    }
    for ( u32 i = 0; i < ARRAY_SIZE(indirect); i++ )
    {
        struct blkif_request_indirect q = {
            .operation = BLKIF_OP_INDIRECT, .indirect_op = indirect[i].operation,
            .nr_segments = indirect[i].segments, .id = 10, .handle = v.handle,
            .indirect_grefs = { v.segments_ref[0] },
        };

        put(&q, sizeof(q));
        expect(r, 10, BLKIF_RSP_ERROR);
    }
    survive(r);
}
DISK_ROW(requests, "hostile/disk-f15-f16-f17-f18-f21-requests",
         "segments, counts and operations that are none", "success", setup_pattern, run_requests);

static void run_range(struct row_run *r)
{
    const u64 sectors[] = {
        v.disk.sectors, v.disk.sectors - 7, ~0ul, ~0ul - 6, 1ul << 63, 0ul - DISK_PAGE_SECTORS,
        1ul << 55,   /* times 512 it is 0 */
    };
    static const u8 operations[] = { BLKIF_OP_WRITE, BLKIF_OP_READ };

    fill(2, ~PATTERN);
    for ( u32 i = 0; i < ARRAY_SIZE(sectors); i++ )
    {
        struct blkif_request_discard q = {
            .operation = BLKIF_OP_DISCARD, .handle = v.handle, .id = 12,
            .sector_number = sectors[i], .nr_sectors = i & 1 ? ~0ul : DISK_PAGE_SECTORS,
        };

        for ( u32 n = 0; n < 2; n++ )
        {
            put_request(11, operations[n], 1, sectors[i], vbd_page_segment[2].gref, 0, 7);
            expect(r, 11, BLKIF_RSP_ERROR);
        }
        put(&q, sizeof(q));
        expect(r, 12, BLKIF_RSP_ERROR);
    }
    survive(r);
}
DISK_ROW(range, "hostile/disk-f20-range", "sectors that wrap, or lie behind the end", "success",
         setup_pattern, run_range);

/* Void references, the first and the last of a request's; a page the backend may only read. */
static void run_grants(struct row_run *r)
{
    grant_ref only_read = grant_page(v.bus.backend_id, page(3), true);
    struct blkif_request q = {
        .operation = BLKIF_OP_READ, .nr_segments = 3, .handle = v.handle, .id = 13,
    };

    for ( u32 bad = 0; bad < 3; bad++ )
    {
        for ( u32 i = 0; i < 3; i++ )
            q.seg[i] = vbd_page_segment[4 + i];
        q.seg[bad].gref = bad ? NOBODYS_GRANT : ~0u;
        put(&q, sizeof(q));
        expect(r, 13, BLKIF_RSP_ERROR);
    }
    fill(3, 1);
    put_request(14, BLKIF_OP_READ, 1, 0, only_read, 0, 7);   /* F13 */
    expect(r, 14, BLKIF_RSP_ERROR);
    if ( !is_filled(3, 1) )
        r->failure = "the backend wrote into a page that is only to be read";
    if ( !grant_end(only_read) )
        r->failure = "the backend kept a page mapped that it could not use";
    else
        grant_release(only_read);
    survive(r);
}
DISK_ROW(grants, "hostile/disk-f8-f9-f13-grants", "references that are void or only to be read",
         "success", setup_pattern, run_grants);

/* F22: the backend has no use for ids but to return them. */
static void run_ids(struct row_run *r)
{
    static const u64 ids[] = { 5, 5, 5, ~0ul, ~0ul, 0 };

    for ( u32 i = 0; i < ARRAY_SIZE(ids); i++ )
        put_request(ids[i], BLKIF_OP_READ, 1, 0, vbd_page_segment[8 + i].gref, 0, 7);
    vbd_push(&v);
    for ( u32 i = 0; i < ARRAY_SIZE(ids); i++ )
        expect(r, ids[i], BLKIF_RSP_OKAY);
    survive(r);
}
DISK_ROW(ids, "hostile/disk-f22-ids", "the same id again and again", "success", setup_pattern, run_ids);

/* F23: behind the 16 bytes of an answer stands what we put there, and within them nothing else
 * than the answer and, where the padding is, one constant (vbd.c, RESPONSE_MARK). */
static void run_padding(struct row_run *r)
{
    const u32 *first = NULL;

    for ( u32 i = 0; i < 4 && !r->failure; i++ )
    {
        union blkif_sring_entry *slot = v.slot[v.ring.req_prod & v.mask];
        const u32 *words = (const u32 *)slot;

        put_request(15, i & 1 ? 99 : BLKIF_OP_READ, 1, i, vbd_page_segment[2].gref, 0, 6);
        memset((u8 *)slot + 100, 0x77, VBD_SLOT - 100);
        expect(r, 15, i & 1 ? BLKIF_RSP_EOPNOTSUPP : BLKIF_RSP_OKAY);
        if ( !first )
            first = words;
        for ( u32 b = 100; b < VBD_SLOT; b++ )
            if ( ((const u8 *)slot)[b] != 0x77 )
                r->failure = "an answer writes beyond itself";
        if ( words[3] != first[3] )
            r->failure = "an answer's padding is not always the same";
    }
    survive(r);
}
DISK_ROW(padding, "hostile/disk-f23-padding", "looks at what an answer leaves in its slot", "success",
         setup_pattern, run_padding);

static void run_scribbles(struct row_run *r)
{
    put_request(16, BLKIF_OP_READ, 1, 0, vbd_page_segment[2].gref, 0, 7);
    v.ring.shared->rsp_prod = 0x12345678;
    v.ring.shared->req_event = 0x87654321;
    event_send(v.port);
    v.ring.shared->rsp_prod = v.ring.rsp_cons;
    ring_front_push(&v.ring);
    event_send(v.port);
    expect(r, 16, BLKIF_RSP_OKAY);
    survive(r);
}
DISK_ROW(scribbles, "hostile/disk-f5-scribbles", "writes over the backend's indices", "success",
         setup_pattern, run_scribbles);

/*
 * F6, F7: the request, and the page with the segments of an indirect one, change without a
 * pause until the answer is there.  It is an error or none, and the disk and what of the domain
 * was not named stay as they are.
 */
static void run_flips(struct row_run *r)
{
    struct blkif_request_indirect indirect = {
        .operation = BLKIF_OP_INDIRECT, .indirect_op = BLKIF_OP_READ, .handle = v.handle,
        .id = 17, .nr_segments = 200, .indirect_grefs = { v.segments_ref[0] },
    };

    for ( u32 i = 0; i < FLIPS && !r->failure; i++ )
    {
        volatile struct blkif_request *direct = &v.slot[v.ring.req_prod & v.mask]->req;
        volatile struct blkif_request_segment *segment = v.segments[0] + 100;
        const volatile u32 *answered = &v.ring.shared->rsp_prod;
        bool is_direct = i & 1;

        for ( u32 n = 0; n < 200; n++ )
            v.segments[0][n] = vbd_page_segment[20 + n];
        if ( is_direct )
            put_request(17, BLKIF_OP_READ, 1, 0, vbd_page_segment[20].gref, 0, 7);
        else
            put(&indirect, sizeof(indirect));
        ring_front_push(&v.ring);
        event_send(v.port);
        for ( u32 n = 0; *answered != v.ring.req_prod && n < 20000; n++ )
            if ( is_direct )
            {
                direct->nr_segments = 255;
                direct->sector_number = ~0ul;
                direct->seg[0].last_sect = 255;
                direct->nr_segments = 1;
                direct->sector_number = 0;
                direct->seg[0].last_sect = 7;
            }
            else
            {
                segment->gref = ~0u;
                segment->last_sect = 255;
                segment->first_sect = 200;
                segment->gref = vbd_page_segment[120].gref;
                segment->last_sect = 7;
                segment->first_sect = 0;
            }
        /* The last change can have come with the answer, and is over it: nr_segments, over the id. */
        switch ( answer_like(17, ~0xff00ul) )
        {
        case BLKIF_RSP_OKAY: case BLKIF_RSP_ERROR: break;
        default: r->failure = "an answer that is none to a request that changed";
        }
    }
    survive(r);
}
DISK_ROW(flips, "hostile/disk-f6-f7-flips", "changes requests and segments while they are looked at",
         "success", setup_pattern, run_flips);

/* F24: on a disk that is served read-only (`xenometer disk --readonly`). */
static const char *setup_readonly(struct row_run *r)
{
    const char *trouble = setup(r);

    if ( trouble || r->failure )
        return trouble;
    return v.disk.readonly ? NULL : "this disk may be written";
}

static void run_readonly(struct row_run *r)
{
    struct blkif_request_discard discard = {
        .operation = BLKIF_OP_DISCARD, .handle = v.handle, .id = 19, .nr_sectors = 8,
    };

    if ( (r->failure = move(false, 0, 1)) )
        return;
    fill(2, ~PATTERN);
    put_request(18, BLKIF_OP_WRITE, 1, 0, vbd_page_segment[2].gref, 0, 7);
    expect(r, 18, BLKIF_RSP_ERROR);
    put(&discard, sizeof(discard));
    expect(r, 19, BLKIF_RSP_ERROR);
    if ( !r->failure && !(r->failure = move(false, 0, 3)) )
        if ( memcmp(page(1), page(3), PAGE_SIZE) )
            r->failure = "a disk that is read-only was written";
    SAMPLES(r, );
}
DISK_ROW(readonly, "read-only/disk-f24-write", "writes to a read-only disk", "success", setup_readonly,
         run_readonly);

/* ---- what the backend must let go of: a domain for each ---- */

static void await(XenbusState state)
{
    while ( xenbus_number(&v.bus, "state", XenbusStateUnknown) != state )
        xenstore_wait_watch();
}

static void ends(struct row_run *r)
{
    event_send(v.port);
    await(XenbusStateClosing);
    SAMPLES(r, );
}

/* Let go of the device, and come again with what `change` makes of it. */
static void again(struct row_run *r, void (*change)(void))
{
    xenbus_write_number(&v.bus, "state", XenbusStateClosed);
    await(XenbusStateClosed);
    change();
    xenbus_write_number(&v.bus, "state", XenbusStateInitialising);
    await(XenbusStateInitWait);
    xenbus_write_number(&v.bus, "state", XenbusStateConnected);
    ends(r);
}

static void run_away(struct row_run *r)
{
    v.ring.shared->req_prod += 1000;
    ends(r);
}
DISK_ROW(away, "broken-disk/f1-runs-away", "req_prod runs away", "success; says the domain's block "
         "ring has an impossible request index", setup, run_away);

static void run_back(struct row_run *r)
{
    v.ring.shared->req_prod -= 1;
    ends(r);
}
DISK_ROW(back, "broken-disk/f2-backwards", "req_prod moves backwards", "success; says the domain's "
         "block ring has an impossible request index", setup, run_back);

static void wrong_indices(void)
{
    v.ring.shared->req_prod = v.ring.shared->rsp_prod + v.ring.count + 1;
}
static void run_indices(struct row_run *r) { again(r, wrong_indices); }
DISK_ROW(indices, "broken-disk/f3-indices", "indices that are wrong when it connects",
         "success; says cannot use the ring: it has more requests than slots", setup, run_indices);

static void wrong_protocol(void)
{
    xenbus_write(&v.bus, "protocol", "x86_128-abi");
}
static void run_protocol(struct row_run *r) { again(r, wrong_protocol); }
DISK_ROW(protocol, "broken-disk/f33-protocol", "a protocol that nobody knows",
         "success; says speaks another protocol than", setup, run_protocol);

static void wrong_order(void)
{
    xenbus_write(&v.bus, "ring-page-order", "5");
}
static void run_order(struct row_run *r) { again(r, wrong_order); }
DISK_ROW(order, "broken-disk/f34-order", "a ring of more pages than were offered",
         "success; says ring-page-order is \"5\", and should be a number from 0 to 4", setup, run_order);

static void endless_order(void)
{
    xenbus_write(&v.bus, "ring-page-order", "4294967296");
}
static void run_endless_order(struct row_run *r) { again(r, endless_order); }
DISK_ROW(endless_order, "broken-disk/f34-order-endless", "a ring of 2^4294967296 pages",
         "success; says and should be a number from 0 to 4", setup, run_endless_order);
