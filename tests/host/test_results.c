/*
 * measure/result.c: results of several machines in one document.
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "measure/result.h"
#include "suites.h"
#include "xenometer.h"

/* Leaks and double frees of the strings are found by AddressSanitizer. */
static void test_merge(void)
{
    struct results to = { 0 }, from = { 0 };
    struct result *row;
    size_t count;

    fixture_fill(&to);
    count = to.count;
    row = results_add(&from);
    row->row = xstrdup("event/ipi");
    row->column = &column_pv;
    row->median = 1533;
    from.environment.host = xstrdup("elsewhere");

    results_merge(&to, &from);
    CU_ASSERT_EQUAL(to.count, count + 1);
    CU_ASSERT_STRING_EQUAL(to.rows[count].row, "event/ipi");
    CU_ASSERT_EQUAL(to.rows[count].median, 1533);
    /* The first one's environment counts. */
    CU_ASSERT_STRING_EQUAL(to.environment.host, "lab-exact");
    CU_ASSERT_EQUAL(from.count, 0);
    CU_ASSERT_PTR_NULL(from.rows);
    CU_ASSERT_PTR_NULL(from.environment.host);
    results_free(&to);
}

static void test_merge_into_nothing(void)
{
    struct results to = { 0 }, from = { 0 }, none = { 0 };
    size_t count;

    fixture_fill(&from);
    count = from.count;
    results_merge(&to, &none);
    CU_ASSERT_EQUAL(to.count, 0);
    results_merge(&to, &from);
    CU_ASSERT_EQUAL(to.count, count);
    CU_ASSERT_STRING_EQUAL(to.environment.host, "lab-exact");
    results_free(&to);
}

/* One machine's environment goes into the results of each of its domains. */
static void test_copy(void)
{
    struct results of = { 0 }, to = { 0 };

    fixture_fill(&of);
    free(of.environment.cpu_features);
    of.environment.cpu_features = xstrdup("svm,npt");
    to.environment = environment_copy(&of.environment);
    CU_ASSERT_STRING_EQUAL(to.environment.cpu_features, "svm,npt");
    CU_ASSERT_PTR_NOT_EQUAL(to.environment.cpu_features, of.environment.cpu_features);
    results_free(&of);
    CU_ASSERT_STRING_EQUAL(to.environment.host, "lab-exact");
    results_free(&to);
}

void suite_results(void)
{
    CU_pSuite suite = CU_add_suite("results", NULL, NULL);

    CU_add_test(suite, "two machines in one document", test_merge);
    CU_add_test(suite, "one or none", test_merge_into_nothing);
    CU_add_test(suite, "an environment's copy", test_copy);
}
