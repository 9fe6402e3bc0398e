/*
 * Grant and ring rows: what their figures must mean.  A row that goes through
 * dom0 finds its scheduler on one of two ways, some 700 instructions apart:
 * small differences are taken between minima, and allow for that.
 */
#include <stdlib.h>

#include <CUnit/CUnit.h>

#include "catalogue.h"
#include "program.h"

#define least(row, mode) catalogue_figure(row, mode, "min")
/* An interrupt of the host's may hit one sample in a hundred. */
#define largest(row, mode) catalogue_figure(row, mode, "p99")

#define WAYS 1000

static const char *const modes[] = { "pv", "pvh", "hvm" };
/* Of a mode's place in them; version 2 takes a domain of its own (catalogue.c). */
#define HAS_V2(mode) (tests_take_long || (mode) == 0)

/* low < x < high */
#define BETWEEN(low, x, high) \
    do { LESS(low, x); LESS(x, high); } while ( 0 )

static void test_access(void)
{
    for ( size_t i = 0; i < 3; i++ )
    {
        const char *m = modes[i];

        /* Memory only, in both versions, and always the same. */
        LESS(largest("grant/access-end", m), 100);
        CU_ASSERT_EQUAL(least("grant/access-end", m), largest("grant/access-end", m));
        if ( !HAS_V2(i) )
            continue;
        LESS(largest("grant/v2-access", m), 100);
        CU_ASSERT_EQUAL(least("grant/v2-access", m), largest("grant/v2-access", m));
        LESS(llabs(median("grant/v2-access", m) - median("grant/access-end", m)), 10);
        CU_ASSERT_EQUAL(median("grant/v2-access", m), median("grant/v2-access", "pv"));
    }
}

static void test_batches(void)
{
    for ( size_t i = 0; i < 3; i++ )
    {
        const char *m = modes[i];

        LESS(4 * median("grant/map-32", m), median("grant/map-1", m));
        LESS(4 * median("grant/unmap-32", m), median("grant/unmap-1", m));
        LESS(4 * median("grant/copy-4k-x32", m), median("grant/copy-4k", m));
        /* Copying a page is cheaper than mapping it, alone and in a batch. */
        LESS(median("grant/copy-4k", m), median("grant/map-1", m));
        LESS(median("grant/copy-4k-x32", m), median("grant/map-32", m));
        /* No batch copies for less than the copying itself. */
        LESS(median("baseline/memcpy-4k", m), least("grant/copy-4k-x32", m));
    }
}

static void test_parts(void)
{
    for ( size_t i = 0; i < 3; i++ )
    {
        const char *m = modes[i];
        long long echo = least("ring/echo-64b", m);

        /* Unmapping is a part of mapping and unmapping; both are some. */
        BETWEEN(echo + 5000, least("grant/unmap-1", m), least("grant/map-1", m) - 5000);
        LESS(least("grant/unmap-32", m), least("grant/map-32", m));
        /* A copy's size, 504 words more, matters less than that there is one. */
        BETWEEN(2000, least("grant/copy-64b", m) - echo, 20000);
        LESS(2 * llabs(least("grant/copy-4k", m) - least("grant/copy-64b", m)),
             least("grant/copy-64b", m) - echo);
        /* Version 2 is a matter of Xen's, and a small one. */
        if ( HAS_V2(i) )
            LESS(7 * llabs(median("grant/v2-map", m) - median("grant/map-1", m)),
                 median("grant/map-1", m));
    }
}

static void test_persistent(void)
{
    for ( size_t i = 0; i < 3; i++ )
    {
        const char *m = modes[i];

        long long echo = least("ring/echo-64b", m);

        /* A plain copy is cheap beside any grant operation. */
        LESS(2 * (least("grant/persistent-reuse", m) - echo), least("grant/copy-64b", m) - echo);
        LESS(median("grant/persistent-reuse", m), median("grant/copy-4k", m));
        LESS(median("grant/copy-4k", m), median("grant/map-1", m));
        /* So are two, the second being 512 words in the guest. */
        BETWEEN(least("grant/persistent-reuse", m) - WAYS, least("grant/transfer-none", m),
                least("grant/persistent-reuse", m) + 512 + WAYS);
        LESS(median("grant/transfer-none", m), median("grant/copy-4k", m));
    }
}

static void test_page_echo(void)
{
    for ( size_t i = 0; i < 3; i++ )
    {
        const char *m = modes[i];
        long long echo = least("ring/echo-64b", m);

        LESS(median("ring/echo-4k-persistent", m), median("ring/echo-4k-copy", m));
        LESS(median("ring/echo-4k-copy", m), median("ring/echo-4k-map", m));
        LESS(echo, least("ring/echo-4k-persistent", m) + WAYS);
        /* Two grant copies against one. */
        BETWEEN(3 * (least("grant/copy-4k", m) - echo) / 2,
                least("ring/echo-4k-copy", m) - echo,
                5 * (least("grant/copy-4k", m) - echo) / 2);
    }
}

static void test_ring_alone(void)
{
    CU_ASSERT_EQUAL(median("ring/push-pop", "bare"), median("ring/push-pop", "pv"));
    for ( size_t i = 0; i < 3; i++ )
    {
        const char *m = modes[i];

        CU_ASSERT_EQUAL(least("ring/push-pop", m), largest("ring/push-pop", m));
        CU_ASSERT_EQUAL(median("ring/push-pop", m), median("ring/push-pop", "pv"));
        CU_ASSERT_EQUAL(catalogue_figure("ring/push-pop", m, "notifications"), 0);
        LESS(20 * median("ring/push-pop", m), median("ring/echo-64b", m));
    }
}

static void test_suppressed(void)
{
    for ( size_t i = 0; i < 3; i++ )
    {
        const char *m = modes[i];
        static const char row[] = "ring/notify-suppressed";

        /* Nothing but the guest's own instructions: less than any hypercall. */
        CU_ASSERT_EQUAL(least(row, m), largest(row, m));
        LESS(median(row, m), median("ring/push-pop", m));
        LESS(2 * median(row, m), median("hypercall/null", m));
        LESS(3 * median(row, m), median("event/send-masked", m));
        /* The events are those of the batches of 64, between the samples. */
        LESS(50 * catalogue_figure(row, m, "notifications"),
             catalogue_figure(row, m, "total_operations"));
        CU_ASSERT_EQUAL(catalogue_figure(row, m, "upcalls"),
                        catalogue_figure(row, m, "notifications"));
    }
}

/* All the row's requests, warm-up included. */
static long long sent(const char *row, const char *mode)
{
    return catalogue_figure(row, mode, "total_operations");
}

static void test_events_per_request(void)
{
    static const char *const depth[] = {
        "ring/stream-depth-1", "ring/stream-depth-2", "ring/stream-depth-4",
        "ring/stream-depth-8", "ring/stream-depth-16", "ring/stream-depth-32",
        "ring/stream-depth-64",
    };
    const size_t step = tests_take_long ? 1 : 2;   /* in short each other one */

    for ( size_t i = 0; i < 3; i++ )
    {
        const char *m = modes[i];

        if ( tests_take_long )
            CU_ASSERT_EQUAL(catalogue_figure("ring/stream-depth-1", m, "notifications"),
                            sent("ring/stream-depth-1", m));
        for ( size_t d = tests_take_long ? 1 : 3; d < 7; d += step )
        {
            /* Of as many requests: a / b < c / d. */
            LESS(catalogue_figure(depth[d], m, "notifications") * sent(depth[d - step], m),
                 catalogue_figure(depth[d - step], m, "notifications") * sent(depth[d], m));
            LESS(catalogue_figure(depth[d], m, "upcalls") * sent(depth[d - step], m),
                 catalogue_figure(depth[d - step], m, "upcalls") * sent(depth[d], m));
        }
        LESS(32 * catalogue_figure("ring/stream-depth-64", m, "notifications"),
             sent("ring/stream-depth-64", m));
        if ( tests_take_long )
        {
            /* While the backend is awake, none but for the request that it was asleep at. */
            LESS(catalogue_figure("ring/echo-64b-awake", m, "notifications"),
                 catalogue_figure("ring/echo-64b-awake", m, "total_operations") / 10);
            LESS(median("ring/echo-64b-awake", m) * 3 / 2, median("ring/echo-64b", m));
        }
        /* One request, one answer, an event for each. */
        CU_ASSERT_EQUAL(catalogue_figure("ring/echo-64b", m, "notifications"),
                        catalogue_figure("ring/echo-64b", m, "total_operations"));
    }
}

/* libxenvchan asleep takes what our own ring asleep does; without what it needs the row says
 * so, and the next one runs. */
static void test_vchan(void)
{
    struct outcome_of r;

    for ( size_t i = 0; i < 3; i++ )
    {
        LESS(9 * least("ring/echo-64b", modes[i]), 10 * least("vchan/echo-64b", modes[i]));
        LESS(9 * least("vchan/echo-64b", modes[i]), 10 * least("ring/echo-64b", modes[i]));
    }
    r = program_in_dom0("rm /dev/xen/gntalloc; ./xenometer run --host=xen --configs=. --modes=pv --boots=1 "
                "vchan/echo-64b ring/echo-64b 2>/dev/null; echo $?; "
                "xenstore-ls /local/domain/0/backend 2>/dev/null; xl list | tail -n +3");
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "modprobe xen-gntalloc"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "ring/echo-64b"));
    CU_ASSERT_STRING_EQUAL(r.out + strlen(r.out) - 2, "0\n");
    program_free(&r);
}

void suite_grants(void)
{
    CU_pSuite s = CU_add_suite("grants and rings", NULL, NULL);

    add_both(s, "granting and withdrawing, both versions", test_access);
    add_both(s, "a batch is cheaper by the page", test_batches);
    add_both(s, "map, unmap, copy: parts of a whole", test_parts);
    add_both(s, "persistent grants and plain copies", test_persistent);
    add_both(s, "4 KiB there and back", test_page_echo);
    add_both(s, "the ring's code alone", test_ring_alone);
    add_both(s, "suppressed events", test_suppressed);
    add_both(s, "events per request fall with depth", test_events_per_request);
    add_long(s, "libxenvchan, and none", test_vchan);
}
