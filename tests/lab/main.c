/* Lab tests: a real Xen, real domains.  Run from the checkout's top. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/Basic.h>

#include <stdbool.h>

#include "program.h"

/* `build/test-lab [--long] SUITE`: one suite by its name; without a name, all. */
static int run(const char *name)
{
    CU_pSuite suite;

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
    return CU_basic_run_suite(suite);
}

int main(int argc, char **argv)
{
    bool slow = argc >= 2 && !strcmp(argv[1], "--long");
    unsigned failures;
    int status;

    if ( access("build/xenometer", X_OK) )
    {
        fprintf(stderr, "run this by `make test`, from the top of the checkout\n");
        return 3;
    }
    setbuf(stdout, NULL);
    CU_initialize_registry();
    if ( slow )
    {
        suite_long();
        suite_trace_long();
    }
    else
    {
        suite_rows();
        suite_catalogue();
        suite_grants();
        suite_backend();
        suite_timers();
        suite_dom0rows();
        suite_events();
        suite_memory();
        suite_method();
        suite_errors();
        suite_hostile();
        suite_block();
        suite_smp();
        suite_trace();
    }
    status = run(argv[slow ? 2 : 1]);
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures ? 1 : status;
}
