/*
 * Lab tests: a real Xen, real domains.  Run from the checkout's top.
 *
 *     build/test-lab               all tests but the long ones, two suites at a time
 *     build/test-lab --long        the long ones, one after another
 *     build/test-lab SUITE         one, by its name
 *     build/test-lab SUITE TEST    one test of it; some need what the ones before it did
 *
 * With --long in front a suite's long tests, and a test at its full length.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>

#include "program.h"
#include "runner.h"

/* Longest first, so that no CPU waits for the other in the end. */
static const struct job jobs[] = {
    /* The first makes the run of the catalogue that the next ones read. */
    { suite_catalogue, MAKES_CATALOGUE },
    { suite_backend, 0 },
    { suite_citizen, 0 },
    { suite_errors, 0 },
    { suite_method, 0 },
    { suite_hostile, 0 },
    { suite_evil, 0 },
    { suite_own_xen, 0 },
    { suite_linux, 0 },
    { suite_wire, 0 },
    { suite_rows, READS_CATALOGUE },
    { suite_trace, READS_CATALOGUE },
    { suite_dom0rows, READS_CATALOGUE },
    { suite_events, READS_CATALOGUE },
    { suite_memory, READS_CATALOGUE },
    { suite_block, READS_CATALOGUE },
    { suite_net, READS_CATALOGUE },
    { suite_smp, READS_CATALOGUE },
    { suite_console, READS_CATALOGUE },
    { suite_timers, READS_CATALOGUE },
    { suite_grants, READS_CATALOGUE },
    { suite_long, TAKES_MINUTES },
    { suite_netfront, TAKES_MINUTES },
    { suite_cells, TAKES_MINUTES },
    { suite_paradigms, TAKES_MINUTES },
    { suite_paradigms_kvm, TAKES_MINUTES },
    { suite_paradigms_trace, TAKES_MINUTES },
    { suite_paradigms_trouble, TAKES_MINUTES },
    { suite_promises, TAKES_MINUTES },
    { suite_lessons, TAKES_MINUTES },
    { suite_exercises, TAKES_MINUTES },
    { suite_bochs, TAKES_MINUTES },
    { suite_arm64, TAKES_MINUTES },
    { suite_bookworm, TAKES_MINUTES },
    { suite_trace_long, TAKES_MINUTES },
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static int run_named(const char *name, const char *test_name, bool take_long)
{
    CU_pSuite suite;
    CU_pTest test = NULL;

    for ( size_t i = 0; i < COUNT(jobs); i++ )
        runner_add(&jobs[i]);
    suite = CU_get_suite(name);
    if ( !suite )
    {
        fprintf(stderr, "no suite \"%s\"; there are:\n", name);
        for ( suite = CU_get_registry()->pSuite; suite; suite = suite->pNext )
            fprintf(stderr, "  %s\n", suite->pName);
        return 2;
    }
    if ( test_name && !(test = CU_get_test(suite, test_name)) )
    {
        fprintf(stderr, "no test \"%s\"; there are:\n", test_name);
        for ( test = suite->pTest; test; test = test->pNext )
            fprintf(stderr, "  %s\n", test->pName);
        return 2;
    }
    return runner_one(suite, test, take_long);
}

int main(int argc, char **argv)
{
    bool take_long = argc > 1 && !strcmp(argv[1], "--long");
    int named = 1 + take_long, status;

    if ( access("build/xenometer", X_OK) )
    {
        fprintf(stderr, "run this by `make test`, from the top of the checkout\n");
        return 3;
    }
    /* A shell starts what it puts into the background with these ignored, and the
     * programs we send them to would inherit that. */
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    /* Suites run side by side; tests that want two labs at a time say so. */
    setenv("XENOMETER_LABS", "1", 0);
    setvbuf(stdout, NULL, _IOLBF, 0);
    CU_initialize_registry();
    if ( argc > named )
        status = run_named(argv[named], argc > named + 1 ? argv[named + 1] : NULL, take_long);
    else
        status = runner_all(jobs, COUNT(jobs), take_long, take_long ? 1 : 2);
    CU_cleanup_registry();
    return status;
}
