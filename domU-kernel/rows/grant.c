/* Sharing a page with dom0. */
#include "../arch/memory.h"
#include "../drivers/data.h"
#include "../harness/row.h"
#include "../xen/grants.h"

#define NO_GRANTS "bare mode has no grant table"
#define WORD 0x1122334455667788ul

static u64 *page;
static grant_ref ref;

static const char *setup_page(struct row_run *r)
{
    (void)r;
    page = pages_alloc(1);
    page[0] = WORD;
    ref = grant_take();
    return NULL;
}

static const char *setup_granted(struct row_run *r)
{
    setup_page(r);
    grant_allow(ref, device.backend, page_frame(page), false);
    return NULL;
}

static void teardown_page(struct row_run *r)
{
    if ( !grant_end(ref) )
    {
        /* Still mapped: neither the page nor the entry may be used again. */
        r->failure = "the backend kept the page mapped";
        return;
    }
    grant_release(ref);
    pages_free(page, 1);
}

static void run_access_end(struct row_run *r)
{
    u64 frame = page_frame(page);

    FOR_EACH_SAMPLE(r, i)
    {
        bool ended;

        sample_keep(r, i, TIMED((grant_allow(ref, device.backend, frame, false),
                                 ended = grant_end(ref))));
        if ( !ended )
            r->failure = "an unused grant could not be ended";
    }
}

ROW(grant_access_end) = {
    .name = "grant/access-end",
    .work = "grant a page and withdraw it",
    .path = "two writes to the shared table",
    .help = "grant a page and end the grant, unused",
    .explanation =
        "Writes a version 1 grant entry and withdraws it by compare-and-exchange.  "
        "No hypercall: the table is shared memory, and Xen looks at it only when "
        "the peer maps.  The figure is what the granting side pays; grant/map-1 "
        "and grant/copy-4k are what the other side pays.",
    .elsewhere = NO_GRANTS,
    .modes = MODES_XEN, .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
    .setup = setup_page, .run = run_access_end, .teardown = teardown_page,
};

static void exchange(struct row_run *r, u16 operation)
{
    struct data_request request = {
        .operation = operation, .length = (u16)PAGE_SIZE, .gref = ref,
    };

    FOR_EACH_SAMPLE(r, i)
    {
        struct data_response response;
        bool answered;

        request.id = i;
        sample_keep(r, i, TIMED(answered = data_exchange(&request, &response)));
        if ( !answered )
            r->failure = "the backend broke the data ring";
        else if ( response.status != DATA_OKAY )
            r->failure = "the backend could not use the grant";
        else if ( response.value != WORD )
            r->failure = "the backend read something else from the page";
    }
}

static void run_map(struct row_run *r)
{
    exchange(r, DATA_MAP);
}

ROW(grant_map_1) = {
    .name = "grant/map-1",
    .work = "share 4 KiB with dom0",
    .path = "backend maps and unmaps the grant",
    .help = "ring request; the backend maps the page, reads it, unmaps",
    .explanation =
        "A ring request names a granted page; the backend process maps it through "
        "/dev/xen/gntdev (GNTTABOP_map_grant_ref, page-table work in dom0), reads "
        "one word, unmaps it (with a TLB flush) and answers.  The difference to "
        "ring/echo-64b is the cost of one mapping from a process.  Compare with "
        "grant/copy-4k: copying a page is often cheaper than mapping it.",
    .elsewhere = NO_GRANTS,
    .modes = MODES_XEN, .needs = SERVICE_DATA_RING,
    .flags = ROW_HEADLINE | ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 100, .warmup = 4,
    .setup = setup_granted, .run = run_map, .teardown = teardown_page,
};

static void run_copy(struct row_run *r)
{
    exchange(r, DATA_COPY);
}

ROW(grant_copy_4k) = {
    .name = "grant/copy-4k",
    .work = "share 4 KiB with dom0",
    .path = "backend copies by GNTTABOP_copy",
    .help = "ring request; the backend grant-copies 4 KiB of the page",
    .explanation =
        "A ring request names a granted page; the backend process has Xen copy "
        "4 KiB of it into its own memory (GNTTABOP_copy through /dev/xen/gntdev) "
        "and answers.  Xen maps the page for itself only, so no page table of dom0 "
        "changes.  The difference to ring/echo-64b is the cost of one copy from a "
        "process.",
    .elsewhere = NO_GRANTS,
    .modes = MODES_XEN, .needs = SERVICE_DATA_RING,
    .flags = ROW_HEADLINE | ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 100, .warmup = 4,
    .setup = setup_granted, .run = run_copy, .teardown = teardown_page,
};
