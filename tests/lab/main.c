/*
 * Lab tests: a real Xen, real domains.  Run from the checkout's top.
 *
 *     build/test-lab               all suites but the long ones
 *     build/test-lab --figures     those that read one run of the whole catalogue, and others
 *                                  of the exact clock, until both halves take as long
 *     build/test-lab --behaviour   the other half; `make test` runs both side by side
 *     build/test-lab --long        those that take minutes
 *     build/test-lab SUITE         one, by its name
 *     build/test-lab SUITE TEST    one test of it; some need what the ones before it did
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/Basic.h>

#include "program.h"

static const struct {
    const char *set;
    void (*add)(void);
} suites[] = {
    { "--figures", suite_catalogue },
    { "--figures", suite_grants },
    { "--figures", suite_timers },
    { "--figures", suite_dom0rows },
    { "--figures", suite_events },
    { "--figures", suite_memory },
    { "--figures", suite_block },
    { "--figures", suite_net },
    { "--figures", suite_console },
    { "--figures", suite_smp },
    { "--figures", suite_trace },
    { "--behaviour", suite_rows },
    { "--behaviour", suite_backend },
    { "--behaviour", suite_citizen },
    { "--behaviour", suite_method },
    { "--behaviour", suite_errors },
    { "--behaviour", suite_hostile },
    { "--behaviour", suite_wire },
    { "--behaviour", suite_linux },
    { "--behaviour", suite_evil },
    { "--long", suite_long },
    { "--long", suite_netfront },
    { "--long", suite_suite },
    { "--long", suite_trace_long },
};
#define SUITES (sizeof(suites) / sizeof(suites[0]))

static bool is_set(const char *text)
{
    bool found = false;

    for ( size_t i = 0; i < SUITES && !found; i++ )
        found = !strcmp(suites[i].set, text);
    return found;
}

static int run(const char *name, const char *test_name)
{
    CU_pSuite suite;
    CU_pTest test;

    CU_basic_set_mode(CU_BRM_VERBOSE);
    if ( !name )
        return CU_basic_run_tests();
    suite = CU_get_suite(name);
    if ( !suite )
    {
        fprintf(stderr, "no suite \"%s\"; there are:\n", name);
        for ( suite = CU_get_registry()->pSuite; suite; suite = suite->pNext )
            fprintf(stderr, "  %s\n", suite->pName);
        return 2;
    }
    if ( !test_name )
        return CU_basic_run_suite(suite);
    test = CU_get_test(suite, test_name);
    if ( !test )
    {
        fprintf(stderr, "no test \"%s\"; there are:\n", test_name);
        for ( test = suite->pTest; test; test = test->pNext )
            fprintf(stderr, "  %s\n", test->pName);
        return 2;
    }
    return CU_basic_run_test(suite, test);
}

/* Two run side by side and `make test` shows what of both failed in the end: the part that is
 * seen where somebody else keeps only the end of a long output. */
#define FAILED "build/test-failed.txt"

static void sum_up(void)
{
    FILE *f = CU_get_failure_list() ? fopen(FAILED, "a") : NULL;

    for ( CU_pFailureRecord r = CU_get_failure_list(); f && r; r = r->pNext )
        fprintf(f, "FAILED: %s/%s: %s:%u: %s\n", r->pSuite ? r->pSuite->pName : "",
                r->pTest ? r->pTest->pName : "", r->strFileName ? r->strFileName : "",
                r->uiLineNumber, r->strCondition ? r->strCondition : "");
    if ( f )
        fclose(f);
}

int main(int argc, char **argv)
{
    const char *set = argc >= 2 && is_set(argv[1]) ? argv[1] : NULL;
    const char *name = argv[set ? 2 : 1];
    unsigned failures;
    int status;

    if ( access("build/xenometer", X_OK) )
    {
        fprintf(stderr, "run this by `make test`, from the top of the checkout\n");
        return 3;
    }
    /* A shell starts what it puts into the background with these ignored, and the
     * programs we send them to would inherit that. */
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    setbuf(stdout, NULL);
    CU_initialize_registry();
    for ( size_t i = 0; i < SUITES; i++ )
        if ( set ? !strcmp(suites[i].set, set) : name || strcmp(suites[i].set, "--long") )
            suites[i].add();
    status = run(name, name ? argv[set ? 3 : 2] : NULL);
    failures = CU_get_number_of_failures();
    program_explain();
    sum_up();
    CU_cleanup_registry();
    return failures ? 1 : status;
}
