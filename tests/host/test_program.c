/*
 * program.c and measure/result.c: messages, names of modes and outcomes, the
 * list of results.
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "catalogue/modes.h"
#include "machines/lab.h"
#include "measure/result.h"
#include "suites.h"
#include "xenometer.h"

static void test_messages(void)
{
    char *longest = xcalloc(3001, 1);
    const char *said;

    capture_begin();
    message("row %d: %s", 3, "bad");
    CU_ASSERT_STRING_EQUAL(capture_end(), "xenometer: row 3: bad\n");

    /* Nobody watches: stderr is no terminal. */
    capture_begin();
    progress("half way");
    CU_ASSERT_STRING_EQUAL(capture_end(), "");
    verbose = true;
    capture_begin();
    progress("half way");
    CU_ASSERT_STRING_EQUAL(capture_end(), "xenometer: half way\n");
    verbose = false;

    memset(longest, 'm', 3000);
    capture_begin();
    message("%s", longest);
    said = capture_end();
    CU_ASSERT_EQUAL(strlen(said), strlen("xenometer: ") + 3000 + 1);
    free(longest);
}

static void test_modes(void)
{
    for ( uint32_t mode = MODE_PV; mode <= MODE_BARE; mode <<= 1 )
        CU_ASSERT_EQUAL(mode_parse(mode_name((enum mode)mode)), mode);
    CU_ASSERT_EQUAL(mode_parse("PV"), 0);
    CU_ASSERT_EQUAL(mode_parse(""), 0);
    CU_ASSERT_STRING_EQUAL(mode_name((enum mode)MODES_XEN), "unknown");
}

static void test_outcomes(void)
{
    struct results results = { .count = 0 };

    for ( int o = OUTCOME_SUCCESS; o <= OUTCOME_FAILURE; o++ )
        CU_ASSERT_EQUAL(outcome_parse(outcome_name((enum outcome)o)), o);
    CU_ASSERT_EQUAL(outcome_parse("fine"), -1);
    CU_ASSERT_STRING_EQUAL(outcome_name((enum outcome)77), "unknown");

    CU_ASSERT_EQUAL(results_worst(&results), OUTCOME_SUCCESS);
    results_add(&results)->outcome = OUTCOME_SKIP;
    results_add(&results)->outcome = OUTCOME_ERROR;
    results_add(&results);
    CU_ASSERT_EQUAL(results_worst(&results), OUTCOME_ERROR);
    results_free(&results);
}

static void test_results(void)
{
    struct results results = { .count = 0 };

    for ( uint32_t i = 0; i < 1000; i++ )
    {
        struct result *r = results_add(&results);

        CU_ASSERT_PTR_NULL(r->row);
        CU_ASSERT_EQUAL(r->median, 0);
        r->samples = i;
    }
    CU_ASSERT_EQUAL(results.count, 1000);
    for ( uint32_t i = 0; i < 1000; i++ )
        CU_ASSERT_EQUAL(results.rows[i].samples, i);
    results_free(&results);
    CU_ASSERT_EQUAL(results.count, 0);
    CU_ASSERT_PTR_NULL(results.rows);
    results_free(&results);   /* empty ones can be freed again */
}

static void test_data_files(void)
{
    char *path = data_file("no-such-file-anywhere");

    CU_ASSERT_PTR_NULL(path);
    free(path);
    /* The test program itself stands where the program would. */
    path = data_file(".");
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    CU_ASSERT_EQUAL(path[0], '/');
    free(path);
}

/* The option first, then the environment; both become part of paths. */
static void test_lab_suite(void)
{
    static const char *const wrong[] = { "../x", "trixie main", "Trixie", "-x", "a/b", "\n" };
    const char *suite = NULL;

    unsetenv("XENOMETER_LAB_SUITE");
    CU_ASSERT_EQUAL(suite_choose(&suite), STATUS_OK);
    CU_ASSERT_PTR_NULL(suite);
    setenv("XENOMETER_LAB_SUITE", "sid", 1);
    CU_ASSERT_EQUAL(suite_choose(&suite), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(suite, "sid");
    suite = "trixie";
    CU_ASSERT_EQUAL(suite_choose(&suite), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(suite, "trixie");
    suite = "";
    CU_ASSERT_EQUAL(suite_choose(&suite), STATUS_OK);
    CU_ASSERT_PTR_NULL(suite);
    unsetenv("XENOMETER_LAB_SUITE");
    for ( size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++ )
    {
        suite = wrong[i];
        capture_begin();
        CU_ASSERT_EQUAL(suite_choose(&suite), STATUS_USAGE);
        CU_ASSERT(says(capture_end(), "such as trixie"));
    }
}

void suite_program(void)
{
    CU_pSuite suite = CU_add_suite("program", NULL, NULL);

    CU_add_test(suite, "messages", test_messages);
    CU_add_test(suite, "names of modes", test_modes);
    CU_add_test(suite, "names of outcomes", test_outcomes);
    CU_add_test(suite, "results", test_results);
    CU_add_test(suite, "data files", test_data_files);
    CU_add_test(suite, "the lab's suite", test_lab_suite);
}
