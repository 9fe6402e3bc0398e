/*
 * measure/record.c: what an image reports about a row, honest or not.
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "measure/record.h"
#include "suites.h"
#include "xenometer.h"

static char name[] = "group/row", work[] = "work", path[] = "path", nothing[] = "";

static struct image_row row(uint32_t flags, uint32_t operations)
{
    return (struct image_row){
        .name = name, .work = work, .path = path, .help = nothing,
        .explanation = nothing, .elsewhere = nothing,
        .flags = flags, .operations = operations, .samples = 4,
    };
}

static struct control_request report(enum outcome outcome, uint32_t samples)
{
    return (struct control_request){
        .kind = CONTROL_RESULT, .id = 7, .outcome = outcome, .samples = samples,
        .first = 1003, .upcalls = 5,
    };
}

static uint64_t *ticks(uint64_t each, uint32_t count)
{
    uint64_t *t = xmalloc(count * sizeof(*t));

    for ( uint32_t i = 0; i < count; i++ )
        t[i] = each;
    return t;
}

static void test_nonsense(void)
{
    struct control_request q = report(OUTCOME_SUCCESS, 4);

    CU_ASSERT_PTR_NULL(record_nonsense(&q, 7, 4));
    CU_ASSERT_PTR_NOT_NULL(strstr(record_nonsense(&q, 8, 4), "another command"));
    CU_ASSERT_PTR_NOT_NULL(strstr(record_nonsense(&q, 7, 3), "more samples"));
    q.kind = CONTROL_READY;
    CU_ASSERT_PTR_NOT_NULL(record_nonsense(&q, 7, 4));
    q = report((enum outcome)4, 4);
    CU_ASSERT_PTR_NOT_NULL(strstr(record_nonsense(&q, 7, 4), "impossible"));
    q = report(OUTCOME_SUCCESS, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(record_nonsense(&q, 7, 4), "without a sample"));
    q = report(OUTCOME_SKIP, 0);
    CU_ASSERT_PTR_NULL(record_nonsense(&q, 7, 4));
}

static void test_figures(void)
{
    struct results results = { 0 };
    struct image_row plain = row(ROW_DOM0, 10), empty = row(ROW_BASELINE, 1);
    struct control_request q = report(OUTCOME_SUCCESS, 4);
    struct result *r;

    r = record_result(&results, &plain, MODE_PVH, &q, ticks(1003, 4), 3, true);
    CU_ASSERT_EQUAL(r->median, 100);          /* per operation, overhead gone */
    CU_ASSERT_EQUAL(r->first, 100);
    CU_ASSERT_EQUAL(r->overhead, 3);
    CU_ASSERT_EQUAL(r->upcalls, 5);
    CU_ASSERT_EQUAL(r->total, 40);            /* no warm-up in this row */
    CU_ASSERT_EQUAL(r->raw_count, 4);
    CU_ASSERT_EQUAL(r->raw[3], 1003);         /* as the guest took it */
    CU_ASSERT_TRUE(r->dom0);
    CU_ASSERT_EQUAL(r->mode, MODE_PVH);
    CU_ASSERT_PTR_NULL(r->reason);

    /* The empty region has nothing subtracted, least of all itself. */
    r = record_result(&results, &empty, MODE_PV, &q, ticks(3, 4), 3, false);
    CU_ASSERT_EQUAL(r->median, 3);
    CU_ASSERT_PTR_NULL(r->raw);
    results_free(&results);
}

static void test_reasons(void)
{
    struct results results = { 0 };
    struct image_row plain = row(0, 1);
    struct control_request q = report(OUTCOME_FAILURE, 0);
    struct result *r;

    /* No NUL, and a terminal's escape: neither reaches a person. */
    memset(q.reason, 'x', sizeof(q.reason));
    q.reason[0] = 27;
    r = record_result(&results, &plain, MODE_HVM, &q, NULL, 3, false);
    CU_ASSERT_EQUAL(r->outcome, OUTCOME_FAILURE);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r->reason);
    CU_ASSERT_EQUAL(r->reason[0], '?');
    CU_ASSERT_EQUAL(strlen(r->reason), sizeof(q.reason) - 1);

    q = report(OUTCOME_SKIP, 0);
    r = record_result(&results, &plain, MODE_HVM, &q, NULL, 3, false);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r->reason);
    CU_ASSERT_TRUE(strlen(r->reason) > 0);
    results_free(&results);
}

static void test_overhead(void)
{
    uint64_t t[] = { 5, 3, 3, 3, 900 };

    CU_ASSERT_EQUAL(record_overhead(t, 5), 3);   /* an interrupt doesn't count */
}

void suite_record(void)
{
    CU_pSuite s = CU_add_suite("record", NULL, NULL);

    CU_add_test(s, "reports that make no sense", test_nonsense);
    CU_add_test(s, "figures", test_figures);
    CU_add_test(s, "reasons", test_reasons);
    CU_add_test(s, "overhead", test_overhead);
}
