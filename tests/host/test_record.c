/*
 * measure/record.c: what an image reports about a row, honest or not.
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "measure/record.h"
#include "fixture.h"
#include "suites.h"
#include "xenometer.h"

static char name[] = "group/row", work[] = "work", path[] = "path", nothing[] = "";

static struct image_row row(uint32_t flags, uint32_t operations)
{
    return (struct image_row){
        .name = name, .work = work, .path = path, .help = nothing,
        .explanation = nothing, .elsewhere = nothing,
        .flags = flags, .operations = operations, .samples = 4, .warmup = 2,
    };
}

static struct control_request report(enum outcome outcome, uint32_t samples)
{
    return (struct control_request){
        .kind = CONTROL_RESULT, .id = 7, .outcome = outcome, .samples = samples,
        .first = 1003, .upcalls = 5, .notifications = 6, .batch = 4100,
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

static void test_reports(void)
{
    struct baseline baseline = { .region = 3, .turn = 11 };
    struct records records = { 0 };
    struct image_row plain = row(ROW_DOM0, 10), empty = row(ROW_BASELINE, 1);
    struct control_request q = report(OUTCOME_SUCCESS, 4);
    struct record *r;

    r = record_result(&records, &plain, &column_pvh, 1, &q, ticks(1003, 4), baseline);
    CU_ASSERT_PTR_EQUAL(r->row, &plain);
    CU_ASSERT_EQUAL(r->column, &column_pvh);
    CU_ASSERT_EQUAL(r->boot, 1);
    CU_ASSERT_EQUAL(r->count, 4);
    CU_ASSERT_EQUAL(r->ticks[3], 1003);       /* as the guest took it */
    CU_ASSERT_EQUAL(r->first, 1003);
    CU_ASSERT_EQUAL(r->batch, 4100);
    CU_ASSERT_EQUAL(r->upcalls, 5);
    CU_ASSERT_EQUAL(r->notifications, 6);
    CU_ASSERT_EQUAL(r->operations, 60);       /* 2 of warm-up, 4 kept, 10 in each */
    CU_ASSERT_EQUAL(r->baseline.region, 3);
    CU_ASSERT_EQUAL(r->baseline.turn, 11);
    CU_ASSERT_PTR_NULL(r->reason);
    CU_ASSERT_EQUAL(records_worst(&records), OUTCOME_SUCCESS);

    /* The empty region has nothing subtracted, least of all itself. */
    r = record_result(&records, &empty, &column_pv, 0, &q, ticks(3, 4), baseline);
    CU_ASSERT_EQUAL(r->baseline.region, 0);
    CU_ASSERT_EQUAL(r->baseline.turn, 0);

    /* An error keeps no samples. */
    q.outcome = OUTCOME_ERROR;
    r = record_result(&records, &plain, &column_pv, 0, &q, ticks(3, 4), baseline);
    CU_ASSERT_PTR_NULL(r->ticks);
    CU_ASSERT_EQUAL(r->count, 0);
    CU_ASSERT_EQUAL(records_worst(&records), OUTCOME_ERROR);
    records_free(&records);
    CU_ASSERT_EQUAL(records.count, 0);
}

static void test_reasons(void)
{
    struct baseline baseline = { .region = 3 };
    struct records records = { 0 };
    struct image_row plain = row(0, 1);
    struct control_request q = report(OUTCOME_FAILURE, 0);
    struct record *r;

    /* No NUL, and a terminal's escape: neither reaches a person. */
    memset(q.reason, 'x', sizeof(q.reason));
    q.reason[0] = 27;
    r = record_result(&records, &plain, &column_hvm, 0, &q, NULL, baseline);
    CU_ASSERT_EQUAL(r->outcome, OUTCOME_FAILURE);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r->reason);
    CU_ASSERT_EQUAL(r->reason[0], '?');
    CU_ASSERT_EQUAL(strlen(r->reason), sizeof(q.reason) - 1);

    q = report(OUTCOME_SKIP, 0);
    r = record_result(&records, &plain, &column_hvm, 0, &q, NULL, baseline);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r->reason);
    CU_ASSERT_TRUE(strlen(r->reason) > 0);
    records_free(&records);
}

static void test_baseline(void)
{
    static const uint64_t t[] = { 5, 3, 3, 3, 900 };
    struct control_request q = { .samples = 5, .batch = 54 };
    struct baseline b = record_baseline(&q, t);

    CU_ASSERT_EQUAL(b.region, 3);   /* an interrupt doesn't count */
    CU_ASSERT_EQUAL(b.turn, 11);    /* 10.8 */
    CU_ASSERT_EQUAL(t[4], 900);
    q.samples = 0;
    CU_ASSERT_EQUAL(record_baseline(&q, NULL).region, 0);
}

void suite_record(void)
{
    CU_pSuite s = CU_add_suite("record", NULL, NULL);

    CU_add_test(s, "reports that make no sense", test_nonsense);
    CU_add_test(s, "reports", test_reports);
    CU_add_test(s, "reasons", test_reasons);
    CU_add_test(s, "the empty row", test_baseline);
}
