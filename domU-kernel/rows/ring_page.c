/* A page through the ring and back. */
#include "../arch/memory.h"
#include "../drivers/data.h"
#include "../harness/row.h"
#include "../lib/string.h"

#define NO_RING "bare mode has no backend to share a ring with"
#define WORDS (PAGE_SIZE / sizeof(u64))

/* ---------------------------------------------------------- 4 KiB echoed -- */

static struct data_pages shared;   /* one page out, one back */

COLD static const char *setup_pages(struct row_run *r)
{
    (void)r;
    shared = data_pages_grant(2);
    return NULL;
}

COLD static const char *setup_kept(struct row_run *r)
{
    setup_pages(r);
    if ( !data_pages_keep(&shared) )
        r->failure = "the backend could not map the pages for good";
    return NULL;
}

COLD static void teardown_pages(struct row_run *r)
{
    if ( !data_pages_end(&shared) )
        r->failure = "the backend kept a page mapped";
}

COLD static void teardown_kept(struct row_run *r)
{
    data_pages_drop();
    teardown_pages(r);
}

static void echo(struct row_run *r, u16 operation)
{
    struct data_request request = data_pages_request(&shared, operation);
    u64 *out = (u64 *)shared.at;

    FOR_EACH_SAMPLE(r, i)
    {
        struct data_response response;
        bool answered;

        request.id = i;
        /* Other than the last time in every word. */
        for ( u32 j = 0; j < WORDS; j++ )
            out[j] = ((u64)(i + 1) << 32) + j;
        sample_keep(r, i, TIMED(answered = data_exchange(&request, &response)));
        if ( !answered || response.status != DATA_OKAY )
            r->failure = "the backend did not answer the echo";
        else if ( memcmp(out, out + WORDS, PAGE_SIZE) )
            r->failure = "the echo came back changed";
    }
}

#define ECHO_ROW(identifier, row_name, way, operation_, what, text, setup_, teardown_) \
    static void run_##identifier(struct row_run *r)                          \
    {                                                                        \
        echo(r, operation_);                                                 \
    }                                                                        \
    ROW(ring_##identifier, .setup = setup_, .run = run_##identifier, .teardown = teardown_) = { \
        .name = row_name, .work = "send 4 KiB to a dom0 process and get them back", \
        .path = way, .help = what, .explanation = text, .elsewhere = NO_RING, \
        .columns = "xen", .needs = SERVICE_DATA_RING,                      \
        .flags = ROW_DOM0 | ROW_BLOCKS,                                      \
        .operations = 1, .samples = 100, .warmup = 4,                        \
    }

ECHO_ROW(echo_4k_copy, "ring/echo-4k-copy", "two grant copies", DATA_ECHO_COPY,
         "4 KiB to the backend and back, by grant copies",
         "A ring request names two granted pages: the backend has Xen copy 4 KiB of the first "
         "into its memory and from there into the second (two GNTTABOP_copy), then answers; "
         "the guest compares them.  The difference to ring/echo-64b is two copies of the kind "
         "grant/copy-4k has one of.",
         setup_pages, teardown_pages);

ECHO_ROW(echo_4k_map, "ring/echo-4k-map", "two pages mapped, unmapped", DATA_ECHO_MAP,
         "4 KiB to the backend and back, by mapping the pages",
         "As ring/echo-4k-copy, but the backend maps both pages in one call, copies by memcpy "
         "and unmaps them.  Making and tearing down dom0's page table entries is the difference "
         "to ring/echo-4k-persistent.",
         setup_pages, teardown_pages);

ECHO_ROW(echo_4k_persistent, "ring/echo-4k-persistent", "two pages kept mapped", DATA_ECHO_KEPT,
         "4 KiB to the backend and back, through pages kept mapped",
         "As ring/echo-4k-map with both pages mapped long before: what is left is the ring and "
         "two memcpy in dom0.  The difference to ring/echo-64b is the copying.",
         setup_kept, teardown_kept);
