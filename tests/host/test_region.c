/*
 * trace/region.c: which readings of the TSC in a record are those of the samples.
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"
#include "trace/region.h"
#include "xenometer.h"

/*
 * Samples are found among all readings of the TSC: the last ones that fit, in
 * two copies of a loop, with readings nested and between, and behind those of an
 * earlier domain.
 */
static void test_regions(void)
{
    static const struct record_marker markers[] = { { .is_end = 0 }, { .is_end = 1 },
                                                    { .is_end = 0 }, { .is_end = 1 } };
    /* marker, ticks since the event before */
    static const uint32_t told[][2] = {
        { 0, 0 }, { 1, 5 }, { 0, 1 }, { 1, 7 },               /* 5, 7: warm-up */
        { 2, 3 },                                             /* alone */
        { 0, 1 }, { 1, 5 }, { 2, 1 }, { 3, 7 },               /* 5, 7 */
        { 0, 1 }, { 2, 2 }, { 3, 3 }, { 1, 4 },               /* 9, around 3 */
    };
    struct record_event events[sizeof(told) / sizeof(told[0])] = { 0 };
    struct record record = { .markers = markers, .events = events, .marker_count = 4,
                             .event_count = sizeof(told) / sizeof(told[0]) };
    const uint64_t raw[] = { 5, 7, 9 }, pooled[] = { 8, 8, 8, 5, 7, 9 }, none[] = { 9, 5 };
    struct result result = { .column = &column_pv, .raw = (uint64_t *)raw, .raw_count = 3 };
    struct results results = { .rows = &result, .count = 1 };
    uint64_t at = 0;
    size_t first, last;

    for ( size_t i = 0; i < record.event_count; i++ )
    {
        at += told[i][1];
        events[i].marker = told[i][0];
        events[i].count[LAYER_GUEST] = at / 2;
        events[i].count[LAYER_XEN] = at - at / 2;
    }
    CU_ASSERT_TRUE(region_find_last(&record, raw, 3, 0, &first, &last));
    CU_ASSERT(first == 5 && last == 6);
    CU_ASSERT_TRUE(region_find_last(&record, raw, 3, 2, &first, &last));
    CU_ASSERT(first == 9 && last == 12);
    CU_ASSERT_TRUE(region_find_last(&record, pooled, 6, 4, &first, &last));
    CU_ASSERT(first == 7 && last == 8);
    CU_ASSERT_FALSE(region_find_last(&record, none, 2, 0, &first, &last));

    CU_ASSERT_EQUAL(region_median(raw, 3), 1);
    CU_ASSERT_EQUAL(region_median(pooled, 6), 0);   /* the lower of two, its first */
    region_layers(&record, &results);
    CU_ASSERT_TRUE(result.has_layers);
    CU_ASSERT_EQUAL(result.layers[LAYER_GUEST] + result.layers[LAYER_XEN], 7);
}

/* marker, ticks since the event before; the events of a record, the caller's. */
static struct record_event *tell(const uint32_t (*told)[2], size_t count)
{
    struct record_event *events = xcalloc(count, sizeof(*events));
    uint64_t at = 0;

    for ( size_t i = 0; i < count; i++ )
    {
        at += told[i][1];
        events[i].marker = told[i][0];
        events[i].count[LAYER_GUEST] = at;
    }
    return events;
}

/* Samples that are not the ticks of a region each. */
static void test_other_regions(void)
{
    enum { BEGIN, END, SET, ENTRY, SPIN, SPUN };
    static const struct record_marker markers[] = {
        [END] = { .is_end = 1 }, [ENTRY] = { .is_end = 1, .is_entry = 1 }, [SPUN] = { .is_end = 1 },
    };
    /* 100 ahead of SET; from SPIN, too, it is always as far. */
    static const uint32_t late[][2] = {
        { BEGIN, 0 }, { END, 50 },
        { SET, 9 }, { SPIN, 10 }, { ENTRY, 95 }, { SPUN, 3 },     /* 5: warm-up */
        { SET, 9 }, { SPIN, 10 }, { ENTRY, 97 }, { SPUN, 3 },     /* 7 */
        { SET, 9 }, { SPIN, 10 }, { ENTRY, 98 }, { SPUN, 3 },     /* 8 */
        { SET, 9 }, { SPIN, 10 }, { ENTRY, 97 }, { SPUN, 3 },     /* 7 */
    };
    /* What is set and then waited for, after it was waited for alone. */
    static const uint32_t around[][2] = {
        { SPIN, 0 }, { SPUN, 40 }, { SPIN, 1 }, { SPUN, 40 },
        { BEGIN, 2 }, { END, 5 }, { SPIN, 1 }, { SPUN, 30 },      /* warm-up */
        { BEGIN, 2 }, { END, 5 }, { SPIN, 1 }, { SPUN, 33 },
        { BEGIN, 2 }, { END, 6 }, { SPIN, 1 }, { SPUN, 32 },
        { BEGIN, 2 }, { END, 5 }, { SPIN, 1 }, { SPUN, 31 }, { BEGIN, 9 },
    };
    const uint64_t after[] = { 7, 8, 7 }, derived[] = { 18, 19, 17 };
    struct record r = { .markers = markers, .marker_count = 6 };
    size_t first, last;

    r.event_count = sizeof(late) / sizeof(late[0]);
    r.events = tell(late, r.event_count);
    CU_ASSERT_EQUAL(region_find_any(&r, after, 3, 1, 3, 0, &first, &last), REGION_DEADLINE);
    CU_ASSERT(first == 6 && last == 8);
    CU_ASSERT_EQUAL(region_find_any(&r, after, 3, 1, 3, 2, &first, &last), REGION_DEADLINE);
    CU_ASSERT(first == 14 && last == 16);
    free((void *)r.events);

    r.event_count = sizeof(around) / sizeof(around[0]);
    r.events = tell(around, r.event_count);
    CU_ASSERT_EQUAL(region_find_any(&r, derived, 3, 1, 3, 0, &first, &last), REGION_AROUND);
    CU_ASSERT(first == 8 && last == 11);
    CU_ASSERT_EQUAL(region_find_any(&r, derived, 3, 1, 3, 2, &first, &last), REGION_AROUND);
    CU_ASSERT(first == 16 && last == 19);
    /* No more than the empty row; not that many iterations. */
    CU_ASSERT_EQUAL(region_find_any(&r, derived, 3, 1, 50, 0, &first, &last), REGION_NONE);
    CU_ASSERT_EQUAL(region_find_any(&r, derived, 3, 2, 3, 0, &first, &last), REGION_NONE);
    free((void *)r.events);
}

void suite_region(void)
{
    CU_pSuite s = CU_add_suite("region", NULL, NULL);

    CU_add_test(s, "samples among the readings", test_regions);
    CU_add_test(s, "samples that are no region's ticks", test_other_regions);
}
