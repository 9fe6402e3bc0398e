/*
 * measure/merge.c: several boots of a row become one result.
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "measure/merge.h"
#include "fixture.h"
#include "suites.h"
#include "xenometer.h"

static char name[] = "group/row", other[] = "group/other", work[] = "work", none[] = "";
static const struct image_row row = { .name = name, .work = work, .path = none,
                                      .elsewhere = none, .operations = 10 };
static const struct image_row second = { .name = other, .work = work, .path = none,
                                         .elsewhere = none, .operations = 1 };

/* A successful boot of `count` samples, all of `each` ticks. */
static struct record *success(struct records *records, const struct image_row *of,
                              const struct column *column, unsigned boot, uint64_t each, uint32_t count)
{
    struct record *r = record_add(records, of, column, boot, OUTCOME_SUCCESS, NULL);

    r->ticks = xcalloc(count, sizeof(*r->ticks));
    for ( uint32_t i = 0; i < count; i++ )
        r->ticks[i] = each;
    r->count = count;
    r->first = each + 100;
    r->batch = (each + 20) * count;
    r->baseline = (struct baseline){ .region = 3, .turn = 11 };
    r->upcalls = 2;
    return r;
}

static void test_pooled(void)
{
    struct records records = { 0 };
    struct results results = { 0 };
    const struct result *r;

    success(&records, &row, &column_pvh, 0, 1003, 4);
    success(&records, &row, &column_pv, 0, 203, 4);
    success(&records, &row, &column_pv, 1, 203, 4);
    success(&records, &row, &column_pvh, 1, 2003, 6);
    merge_records(&records, 2, true, &results);
    CU_ASSERT_EQUAL_FATAL(results.count, 2);

    r = &results.rows[0];   /* in the order of the records */
    CU_ASSERT_EQUAL(r->column, &column_pvh);
    CU_ASSERT_STRING_EQUAL(r->row, name);
    CU_ASSERT_EQUAL(r->samples, 10);
    CU_ASSERT_EQUAL(r->min, 100);
    CU_ASSERT_EQUAL(r->median, 200);
    CU_ASSERT_EQUAL(r->first, 110);          /* the lower of 110 and 210 */
    CU_ASSERT_EQUAL(r->overhead, 3);
    CU_ASSERT_EQUAL(r->upcalls, 4);
    CU_ASSERT_EQUAL_FATAL(r->boots, 2);
    CU_ASSERT_EQUAL(r->boot_medians[0], 100);
    CU_ASSERT_EQUAL(r->boot_medians[1], 200);
    CU_ASSERT_EQUAL_FATAL(r->raw_count, 10);
    CU_ASSERT_EQUAL(r->raw[3], 1003);
    CU_ASSERT_EQUAL(r->raw[4], 2003);
    CU_ASSERT_EQUAL_FATAL(r->distinct, 2);
    CU_ASSERT_EQUAL(r->distribution[0].count, 4);
    CU_ASSERT_EQUAL(r->distribution[1].count, 6);
    /* (4 x 1023 + 6 x 2023 - 10 x 11) / 100 operations = 161.2 */
    CU_ASSERT_TRUE(r->has_batch);
    CU_ASSERT_EQUAL(r->batch, 161);

    r = &results.rows[1];
    CU_ASSERT_EQUAL(r->column, &column_pv);
    CU_ASSERT_EQUAL(r->samples, 8);
    CU_ASSERT_EQUAL(r->distinct, 1);
    results_free(&results);
    records_free(&records);
}

/* Prepares something between its samples, in one boot or all: no batch. */
static void test_no_batch(void)
{
    struct records records = { 0 };
    struct results results = { 0 };

    success(&records, &row, &column_pv, 0, 203, 4);
    success(&records, &row, &column_pv, 1, 203, 4)->batch = 0;
    merge_records(&records, 2, false, &results);
    CU_ASSERT_FALSE(results.rows[0].has_batch);
    CU_ASSERT_PTR_NULL(results.rows[0].raw);
    results_free(&results);
    records_free(&records);
}

/* One boot of a row lost: the row is an error that says which; others are not. */
static void test_lost(void)
{
    struct records records = { 0 };
    struct results results = { 0 };
    const struct result *r;

    success(&records, &row, &column_pv, 0, 203, 4);
    success(&records, &second, &column_pv, 0, 203, 4);
    record_add(&records, &row, &column_pv, 1, OUTCOME_ERROR, "the domain crashed");
    success(&records, &second, &column_pv, 1, 203, 4);
    merge_records(&records, 3, true, &results);
    CU_ASSERT_EQUAL_FATAL(results.count, 2);
    r = &results.rows[0];
    CU_ASSERT_EQUAL(r->outcome, OUTCOME_ERROR);
    CU_ASSERT_STRING_EQUAL(r->reason, "the domain crashed (boot 2 of 3)");
    CU_ASSERT_EQUAL(r->samples, 0);
    CU_ASSERT_EQUAL(r->boots, 0);
    CU_ASSERT_PTR_NULL(r->raw);
    CU_ASSERT_EQUAL(results.rows[1].outcome, OUTCOME_SUCCESS);
    CU_ASSERT_EQUAL(results.rows[1].boots, 2);
    results_free(&results);
    records_free(&records);
}

/* The first of the worst decides; what cannot run is no matter of boots. */
static void test_reasons(void)
{
    struct records records = { 0 };
    struct results results = { 0 };

    record_add(&records, &row, &column_pv, 0, OUTCOME_ERROR, "lost");
    record_add(&records, &row, &column_pv, 1, OUTCOME_FAILURE, "wrong");
    record_add(&records, &row, &column_pv, 2, OUTCOME_FAILURE, "wrong again");
    record_add(&records, &row, &column_hvm, 0, OUTCOME_SKIP, "not there");
    record_add(&records, &row, &column_hvm, 1, OUTCOME_SKIP, "not there");
    merge_records(&records, 3, false, &results);
    CU_ASSERT_EQUAL(results.rows[0].outcome, OUTCOME_FAILURE);
    CU_ASSERT_STRING_EQUAL(results.rows[0].reason, "wrong (boot 2 of 3)");
    CU_ASSERT_STRING_EQUAL(results.rows[1].reason, "not there");
    results_free(&results);
    records_free(&records);

    record_add(&records, &row, &column_pv, 0, OUTCOME_ERROR, "lost");
    merge_records(&records, 1, false, &results);
    CU_ASSERT_STRING_EQUAL(results.rows[0].reason, "lost");
    results_free(&results);
    records_free(&records);
}

void suite_merge(void)
{
    CU_pSuite suite = CU_add_suite("merge", NULL, NULL);

    CU_add_test(suite, "samples of all boots are pooled", test_pooled);
    CU_add_test(suite, "no batch", test_no_batch);
    CU_add_test(suite, "a boot lost", test_lost);
    CU_add_test(suite, "reasons", test_reasons);
}
