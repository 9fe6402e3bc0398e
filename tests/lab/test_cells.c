/*
 * A sweep as cells, run by what users run such things with: GNU parallel, on this machine and by
 * ssh, and a Slurm array job.  Merged results are those of a single run.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "program.h"

#define PLAN "build/test-plan"
#define ROWS "hypercall/null", "exit/cpuid-basic", "event/send-self", "grant/access-end"

static const char single[] = "build/test-cells-single.json", merged[] = "build/test-cells-merged.json";

static bool has(const char *tool)
{
    char *command;
    bool there;

    if ( asprintf(&command, "command -v %s >/dev/null", tool) < 0 )
        return false;
    there = system(command) == 0;
    free(command);
    if ( !there )
        fprintf(stderr, "(no %s here: not tested)\n", tool);
    return there;
}

static void make_plan(void)
{
    struct outcome_of r;

    CU_ASSERT_EQUAL(system("rm -rf " PLAN), 0);
    r = program("run", "--host=lab", "--boots=1", "-m", "pv,pvh", "--plan=" PLAN, "--split=2", ROWS, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "/cells/001-lab-pv-1.json"));
    program_free(&r);
}

/* To the digit, in every row. */
static void is_single_run(void)
{
    struct outcome_of r;
    json_t *a, *b;

    /* Once for all tests. */
    if ( access(single, F_OK) )
    {
        r = program("run", "--host=lab", "--boots=1", "-m", "pv,pvh", ROWS, "-o", single, NULL);
        CU_ASSERT_EQUAL(r.status, 0);
        program_free(&r);
    }
    r = program("merge", PLAN, "-o", merged, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    a = json_load_file(single, 0, NULL);
    b = json_load_file(merged, 0, NULL);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(a, "rows")), json_array_size(json_object_get(b, "rows")));
    for ( size_t i = 0; i < json_array_size(json_object_get(a, "rows")); i++ )
    {
        json_t *x = json_array_get(json_object_get(a, "rows"), i);
        json_t *y = json_array_get(json_object_get(b, "rows"), i);

        CU_ASSERT(json_equal(json_object_get(x, "row"), json_object_get(y, "row")));
        CU_ASSERT(json_equal(json_object_get(x, "mode"), json_object_get(y, "mode")));
        CU_ASSERT(json_equal(json_object_get(x, "status"), json_object_get(y, "status")));
        CU_ASSERT(json_equal(json_object_get(x, "median"), json_object_get(y, "median")));
        CU_ASSERT(json_equal(json_object_get(x, "min"), json_object_get(y, "min")));
    }
    json_decref(a);
    json_decref(b);
    unlink(merged);
}

/* Stopped in the middle, and taken up; one that failed is named; two at once do each cell once. */
static void test_parallel(void)
{
    struct outcome_of r;

    if ( !has("parallel") )
        return;
    make_plan();
    CU_ASSERT_EQUAL(system("sed -n 2p " PLAN "/commands | sh"), 0);
    r = program("merge", PLAN, NULL);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "of 4 cells are missing"));
    program_free(&r);
    /* A cell that fails: its lab is not to be had. */
    CU_ASSERT_NOT_EQUAL(system("XENOMETER_CACHE=/proc/none sh -c \"$(sed -n 1p " PLAN "/commands)\" 2>/dev/null"), 0);
    r = program("merge", PLAN, NULL);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "001-lab-pv-1: it failed"));
    program_free(&r);
    CU_ASSERT_EQUAL(system("parallel -j2 <" PLAN "/commands & parallel -j2 <" PLAN "/commands; s=$?; wait; exit $s"), 0);
    is_single_run();
    CU_ASSERT_EQUAL(system("ls " PLAN "/cells | grep -v 'json$' | wc -l | grep -qx 0"), 0);
}

/* On hosts by ssh, here two names of the loopback. */
static void test_ssh(void)
{
    if ( !has("parallel") || access("/usr/sbin/sshd", X_OK) )
        return;
    make_plan();
    CU_ASSERT_EQUAL(system("tests/lab/cells/ssh parallel -j1 --sshlogin xenometer-loop,xenometer-other "
                           "--workdir \"$PWD\" --env XENOMETER_CACHE build/xenometer run --plan=" PLAN
                           " --cell={} ::: 1 2 3 4"), 0);
    is_single_run();
}

/* Cells that a host's own xenometer measures: side by side by host. */
static void test_hosts(void)
{
    struct outcome_of r;

    if ( access("/usr/sbin/sshd", X_OK) )
        return;
    CU_ASSERT_EQUAL(system("rm -rf " PLAN), 0);
    r = program("run", "--host=lab", "--boots=1", "-m", "pv", "--plan=" PLAN, "--on=xenometer-loop",
                "--on=xenometer-other", "hypercall/null", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    CU_ASSERT_EQUAL(system("PATH=\"$PWD/build:$PATH\" tests/lab/cells/ssh sh " PLAN "/commands"), 0);
    r = program("merge", PLAN, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "/xenometer-loop"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "xenometer-other"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "1.00"));
    program_free(&r);
}

static void test_slurm(void)
{
    if ( !has("slurmctld") || !has("slurmd") || !has("munged") || geteuid() )
        return;
    make_plan();
    CU_ASSERT_EQUAL(system("tests/lab/cells/slurm build/xenometer " PLAN), 0);
    is_single_run();
}

static int clean(void)
{
    unlink(single);
    return system("rm -rf " PLAN) != 0;
}

void suite_cells(void)
{
    CU_pSuite s = CU_add_suite("cells", NULL, clean);

    add_long(s, "GNU parallel", test_parallel);
    add_long(s, "GNU parallel by ssh", test_ssh);
    add_long(s, "hosts", test_hosts);
    add_long(s, "a Slurm array", test_slurm);
}
