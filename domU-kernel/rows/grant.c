/* Sharing a page with dom0. */
#include "../arch/memory.h"
#include "../drivers/data.h"
#include "../harness/row.h"
#include "../lib/string.h"

#define NO_GRANTS "bare mode has no grant table"
#define WORD 0x1122334455667788ul

COLD static const char *setup_version(u32 wanted)
{
    if ( grant_version == wanted )
        return NULL;
    if ( wanted == 1 )
        return "this domain's grant table is version 2";
    return device.grant_v2 ? "this Xen refuses version 2 of the grant table"
                           : "this domain was not asked for version 2 of the grant table";
}

/* ------------------------------------------------ the granting side alone -- */

static void *page;
static grant_ref ref;

COLD static const char *setup_access(u32 version)
{
    const char *reason = setup_version(version);

    if ( !reason )
    {
        page = pages_alloc(1);
        ref = grant_take();
    }
    return reason;
}

COLD static const char *setup_access_v1(struct row_run *r)
{
    (void)r;
    return setup_access(1);
}

COLD static const char *setup_access_v2(struct row_run *r)
{
    (void)r;
    return setup_access(2);
}

COLD static void teardown_access(struct row_run *r)
{
    if ( !grant_end(ref) )
    {
        r->failure = "the backend kept the page mapped";
        return;
    }
    grant_release(ref);
    pages_free(page, 1);
}

#define RUN_ACCESS(version)                                                          \
    static void run_access_##version(struct row_run *r)                              \
    {                                                                                \
        u64 frame = page_frame(page);                                                \
                                                                                     \
        FOR_EACH_SAMPLE(r, i)                                                        \
        {                                                                            \
            bool ended;                                                              \
                                                                                     \
            sample_keep(r, i,                                                        \
                        TIMED((grant_allow_##version(ref, device.backend, frame, false), \
                               ended = grant_end_##version(ref))));                  \
            if ( !ended )                                                            \
                r->failure = "an unused grant could not be ended";                   \
        }                                                                            \
    }

RUN_ACCESS(v1)
RUN_ACCESS(v2)

EXPLANATION(grant_access_end) =
    "Writes a version 1 grant entry and withdraws it by compare-and-exchange.  "
    "No hypercall: the table is shared memory, and Xen looks at it only when "
    "the peer maps.  The figure is what the granting side pays; grant/map-1 "
    "and grant/copy-4k are what the other side pays.";
ROW(grant_access_end,
    .setup = setup_access_v1, .run = run_access_v1, .teardown = teardown_access) = {
    .name = "grant/access-end",
    .work = "grant a page and withdraw it",
    .path = "two writes to the shared table",
    .help = "grant a page and end the grant, unused",
    .explanation = explanation_grant_access_end,
    .elsewhere = NO_GRANTS,
    .columns = "xen", .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
};

EXPLANATION(grant_v2_access) =
    "Writes a version 2 entry, withdraws it by a store, and after a full barrier reads "
    "the status array where Xen would have marked a use.  Version 1 does that by one "
    "locked compare-and-exchange, grant/access-end: the two are about as dear.  What "
    "version 2 buys is 64-bit frame numbers.";
ROW(grant_v2_access,
    .setup = setup_access_v2, .run = run_access_v2, .teardown = teardown_access) = {
    .name = "grant/v2-access",
    .work = "grant a page and withdraw it",
    .path = "version 2: entry and status",
    .help = "the same in version 2 of the grant table",
    .explanation = explanation_grant_v2_access,
    .elsewhere = NO_GRANTS,
    .columns = "xen", .needs = DOMAIN_GRANT_V2,
    .operations = 1, .samples = 1000, .warmup = 16,
};

/* ---------------------------------------------- the backend's side, timed -- */

static struct data_pages shared;
static u64 *own;             /* grant/transfer-none's private page */

/* Words that the backend has to come back with: their sum. */
static u64 mark_pages(void)
{
    u64 sum = 0;

    for ( u32 i = 0; i < shared.count; i++ )
    {
        *(u64 *)(shared.at + i * PAGE_SIZE) = WORD + i;
        sum += WORD + i;
    }
    return sum;
}

COLD static const char *setup_shared(u32 version, u32 count)
{
    const char *reason = setup_version(version);

    if ( !reason )
        shared = data_pages_grant(count);
    return reason;
}

COLD static const char *setup_1(struct row_run *r)
{
    (void)r;
    return setup_shared(1, 1);
}

COLD static const char *setup_32(struct row_run *r)
{
    (void)r;
    return setup_shared(1, DATA_PAGES);
}

COLD static const char *setup_1_v2(struct row_run *r)
{
    (void)r;
    return setup_shared(2, 1);
}

static void keep(struct row_run *r)
{
    if ( !data_pages_keep(&shared) )
        r->failure = "the backend could not map the pages for good";
}

COLD static const char *setup_kept(struct row_run *r)
{
    const char *reason = setup_1(r);

    if ( !reason )
        keep(r);
    return reason;
}

COLD static const char *setup_none(struct row_run *r)
{
    const char *reason = setup_kept(r);

    if ( !reason )
        own = pages_alloc(1);
    return reason;
}

COLD static void teardown_shared(struct row_run *r)
{
    if ( !data_pages_end(&shared) )
        r->failure = "the backend kept a page mapped";
}

COLD static void teardown_kept(struct row_run *r)
{
    data_pages_drop();
    teardown_shared(r);
}

COLD static void teardown_none(struct row_run *r)
{
    pages_free(own, 1);
    teardown_kept(r);
}

static void check(struct row_run *r, bool answered, const struct data_response *response,
                  u64 value)
{
    if ( !answered )
        r->failure = "the backend broke the data ring";
    else if ( response->status != DATA_OKAY )
        r->failure = "the backend could not use the grant";
    else if ( response->value != value )
        r->failure = "the backend read something else from the page";
}

static void exchange(struct row_run *r, u16 operation, u16 length)
{
    struct data_request request = data_pages_request(&shared, operation);
    u64 sum = mark_pages();

    request.length = length;
    FOR_EACH_SAMPLE(r, i)
    {
        struct data_response response;
        bool answered;

        request.id = i;
        sample_keep(r, i, TIMED(answered = data_exchange(&request, &response)));
        check(r, answered, &response, sum);
    }
}

static void run_map(struct row_run *r)
{
    exchange(r, DATA_MAP, 0);
}

EXPLANATION(grant_map_1) =
    "A ring request names a granted page; the backend process maps it through "
    "/dev/xen/gntdev (GNTTABOP_map_grant_ref, page-table work in dom0), reads "
    "one word, unmaps it (with a TLB flush) and answers.  The difference to "
    "ring/echo-64b is the cost of one mapping from a process.  Compare with "
    "grant/copy-4k: copying a page is often cheaper than mapping it.";
ROW(grant_map_1, .setup = setup_1, .run = run_map, .teardown = teardown_shared) = {
    .name = "grant/map-1",
    .work = "share 4 KiB with dom0",
    .path = "backend maps and unmaps the grant",
    .help = "ring request; the backend maps the page, reads it, unmaps",
    .explanation = explanation_grant_map_1,
    .elsewhere = NO_GRANTS,
    .columns = "xen", .needs = SERVICE_DATA_RING,
    .flags = ROW_HEADLINE | ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 100, .warmup = 4,
};

EXPLANATION(grant_map_32) =
    "As grant/map-1 with 32 pages in one request: one wake-up, one map and one unmap call "
    "for all; the figure is per page.  What is left is the work that no batching takes "
    "away: Xen's and dom0's page tables, each page, both ways.";
ROW(grant_map_32, .setup = setup_32, .run = run_map, .teardown = teardown_shared) = {
    .name = "grant/map-32",
    .work = "share 4 KiB with dom0",
    .path = "backend maps 32 grants at once",
    .help = "as map-1 with 32 pages in one request; per page",
    .explanation = explanation_grant_map_32,
    .elsewhere = NO_GRANTS,
    .columns = "xen", .needs = SERVICE_DATA_RING, .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = DATA_PAGES, .samples = 50, .warmup = 4,
};

EXPLANATION(grant_v2_map) =
    "As grant/map-1, the guest's table being of version 2: Xen reads a longer entry and "
    "marks the use in the status array.  Beside dom0's own work, which is the same, the "
    "difference is too small to be seen.";
ROW(grant_v2_map, .setup = setup_1_v2, .run = run_map, .teardown = teardown_shared) = {
    .name = "grant/v2-map",
    .work = "share 4 KiB with dom0",
    .path = "version 2 of the granting table",
    .help = "as map-1, the guest's table in version 2",
    .explanation = explanation_grant_v2_map,
    .elsewhere = NO_GRANTS,
    .columns = "xen", .needs = SERVICE_DATA_RING | DOMAIN_GRANT_V2,
    .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 100, .warmup = 4,
};

static void run_unmap(struct row_run *r)
{
    struct data_request request = { .operation = DATA_DROP };

    FOR_EACH_SAMPLE(r, i)
    {
        struct data_response response;
        bool answered;

        keep(r);
        request.id = i;
        sample_keep(r, i, TIMED(answered = data_exchange(&request, &response)));
        check(r, answered, &response, 0);
    }
}

EXPLANATION(grant_unmap_1) =
    "An earlier request, not timed, made the backend map the page; the timed one makes it "
    "unmap (GNTTABOP_unmap_grant_ref, and a TLB flush).  The figure holds the round trip: "
    "the unmap alone is the difference to ring/echo-64b, the map alone what grant/map-1 "
    "costs more than this row.";
ROW(grant_unmap_1, .setup = setup_1, .run = run_unmap, .teardown = teardown_shared) = {
    .name = "grant/unmap-1",
    .work = "have dom0 let go of a page",
    .path = "backend unmaps one grant",
    .help = "ring request; the backend unmaps a page it has mapped",
    .explanation = explanation_grant_unmap_1,
    .elsewhere = NO_GRANTS,
    .columns = "xen", .needs = SERVICE_DATA_RING, .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 100, .warmup = 4,
};

EXPLANATION(grant_unmap_32) =
    "As grant/unmap-1 with 32 pages at once: the wake-up, the calls and the TLB flushes are "
    "shared by all; the figure is per page, a 32nd of the round trip in it.";
ROW(grant_unmap_32, .setup = setup_32, .run = run_unmap, .teardown = teardown_shared) = {
    .name = "grant/unmap-32",
    .work = "have dom0 let go of a page",
    .path = "backend unmaps 32 grants at once",
    .help = "as unmap-1 with 32 pages in one request; per page",
    .explanation = explanation_grant_unmap_32,
    .elsewhere = NO_GRANTS,
    .columns = "xen", .needs = SERVICE_DATA_RING, .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = DATA_PAGES, .samples = 50, .warmup = 4,
};

static void run_copy(struct row_run *r)
{
    exchange(r, DATA_COPY, (u16)PAGE_SIZE);
}

EXPLANATION(grant_copy_4k) =
    "A ring request names a granted page; the backend process has Xen copy "
    "4 KiB of it into its own memory (GNTTABOP_copy through /dev/xen/gntdev) "
    "and answers.  Xen maps the page for itself only, so no page table of dom0 "
    "changes.  The difference to ring/echo-64b is the cost of one copy from a "
    "process.";
ROW(grant_copy_4k, .setup = setup_1, .run = run_copy, .teardown = teardown_shared) = {
    .name = "grant/copy-4k",
    .work = "share 4 KiB with dom0",
    .path = "backend copies by GNTTABOP_copy",
    .help = "ring request; the backend grant-copies 4 KiB of the page",
    .explanation = explanation_grant_copy_4k,
    .elsewhere = NO_GRANTS,
    .columns = "xen", .needs = SERVICE_DATA_RING,
    .flags = ROW_HEADLINE | ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 100, .warmup = 4,
};

EXPLANATION(grant_copy_4k_x32) =
    "As grant/copy-4k with 32 pages in one call to /dev/xen/gntdev; the figure is per "
    "page.  Linux hands them to Xen 16 at a time, in two hypercalls, and pins every page "
    "of the process for it.  Compare with grant/map-32, and with baseline/memcpy-4k, the "
    "copying alone.";
ROW(grant_copy_4k_x32, .setup = setup_32, .run = run_copy, .teardown = teardown_shared) = {
    .name = "grant/copy-4k-x32",
    .work = "share 4 KiB with dom0",
    .path = "backend copies 32 pages at once",
    .help = "as copy-4k with 32 pages in one request; per page",
    .explanation = explanation_grant_copy_4k_x32,
    .elsewhere = NO_GRANTS,
    .columns = "xen", .needs = SERVICE_DATA_RING, .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = DATA_PAGES, .samples = 50, .warmup = 4,
};

static void run_copy_64b(struct row_run *r)
{
    exchange(r, DATA_COPY, 64);
}

EXPLANATION(grant_copy_64b) =
    "As grant/copy-4k with 64 bytes: the 4 KiB make some 500 instructions of that row, "
    "all else is the fixed cost of a grant copy, and is here too.  The difference to "
    "ring/echo-64b, which carries as much in the ring itself, is that fixed cost.";
ROW(grant_copy_64b, .setup = setup_1, .run = run_copy_64b, .teardown = teardown_shared) = {
    .name = "grant/copy-64b",
    .work = "share 64 bytes with dom0",
    .path = "backend copies by GNTTABOP_copy",
    .help = "ring request; the backend grant-copies 64 bytes of the page",
    .explanation = explanation_grant_copy_64b,
    .elsewhere = NO_GRANTS,
    .columns = "xen", .needs = SERVICE_DATA_RING, .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 100, .warmup = 4,
};

static void run_persistent(struct row_run *r)
{
    struct data_request request = data_pages_request(&shared, DATA_KEPT);

    FOR_EACH_SAMPLE(r, i)
    {
        struct data_response response;
        bool answered;

        request.id = i;
        *(u64 *)shared.at = WORD + i;
        sample_keep(r, i, TIMED(answered = data_exchange(&request, &response)));
        check(r, answered, &response, WORD + i);
    }
}

EXPLANATION(grant_persistent_reuse) =
    "The backend mapped the page once and keeps it: a request costs no grant operation, "
    "the backend copies 4 KiB out by memcpy and answers.  The difference to ring/echo-64b "
    "is that copy, to grant/map-1 what a persistent grant saves.  Its price: dom0 can read "
    "and change the page at any time.";
ROW(grant_persistent_reuse,
    .setup = setup_kept, .run = run_persistent, .teardown = teardown_kept) = {
    .name = "grant/persistent-reuse",
    .work = "share 4 KiB with dom0",
    .path = "page stays mapped, backend copies",
    .help = "ring request; the backend copies 4 KiB from a page it keeps mapped",
    .explanation = explanation_grant_persistent_reuse,
    .elsewhere = NO_GRANTS,
    .columns = "xen", .needs = SERVICE_DATA_RING, .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 100, .warmup = 4,
};

static void run_none(struct row_run *r)
{
    struct data_request request = data_pages_request(&shared, DATA_KEPT);

    FOR_EACH_SAMPLE(r, i)
    {
        struct data_response response;
        bool answered;

        request.id = i;
        own[0] = WORD + i;
        sample_keep(r, i, TIMED((memcpy(shared.at, own, PAGE_SIZE),
                                 answered = data_exchange(&request, &response))));
        check(r, answered, &response, WORD + i);
    }
}

EXPLANATION(grant_transfer_none) =
    "As grant/persistent-reuse, but the data lie in a page of the guest's own, which "
    "copies them into the shared page first, as Linux's blkfront does with persistent "
    "grants.  The difference to that row is baseline/memcpy-4k; two plain copies cost less "
    "than one call into Xen, grant/copy-4k.";
ROW(grant_transfer_none, .setup = setup_none, .run = run_none, .teardown = teardown_none) = {
    .name = "grant/transfer-none",
    .work = "share 4 KiB with dom0",
    .path = "plain copy in, plain copy out",
    .help = "copy 4 KiB into a page shared long ago; the backend copies it out",
    .explanation = explanation_grant_transfer_none,
    .elsewhere = NO_GRANTS,
    .columns = "xen", .needs = SERVICE_DATA_RING, .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 100, .warmup = 4,
};
