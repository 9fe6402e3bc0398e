/*
 * bench/checks_host.c: what doctor says of a Xen host, from what xl and xenpm print there.
 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "bench/checks.h"
#include "suites.h"

static const struct check *check_of(const struct checks *checks, const char *name)
{
    for ( size_t i = 0; i < checks->count; i++ )
        if ( !strcmp(checks->list[i].name, name) )
            return &checks->list[i];
    return NULL;
}

static enum check_state state_of(const struct checks *checks, const char *name)
{
    const struct check *check = check_of(checks, name);

    CU_ASSERT_PTR_NOT_NULL_FATAL(check);
    /* Whatever is not ideal has a line that says what to do. */
    CU_ASSERT_TRUE(check->state == CHECK_OK || check->advice);
    return check->state;
}

/* As installed by Debian, on a machine with two sockets, in a virtual machine. */
static void test_untuned(void)
{
    struct checks checks = { 0 };

    checks_host(&checks, "nr_cpus                : 32\nnr_nodes               : 2\nxen_scheduler          : null\n"
                "xen_commandline        : placeholder smt=0\n",
                "Max possible C-state: C7\n\ncpu id               : 0\n", "QEMU");
    CU_ASSERT_EQUAL(state_of(&checks, "scheduler"), CHECK_NOTE);
    CU_ASSERT_EQUAL(state_of(&checks, "idle states"), CHECK_NOTE);
    CU_ASSERT_EQUAL(state_of(&checks, "dom0's vCPUs"), CHECK_NOTE);
    CU_ASSERT_PTR_NOT_NULL(strstr(check_of(&checks, "dom0's vCPUs")->text, "32"));
    CU_ASSERT_EQUAL(state_of(&checks, "dom0's memory"), CHECK_NOTE);
    CU_ASSERT_EQUAL(state_of(&checks, "NUMA"), CHECK_NOTE);
    CU_ASSERT_EQUAL(state_of(&checks, "nested"), CHECK_NOTE);
    for ( size_t i = 0; i < checks.count; i++ )
        CU_ASSERT(strlen(checks.list[i].name) <= CHECK_NAME_WIDTH);
    checks_free(&checks);
}

static void test_tuned(void)
{
    struct checks checks = { 0 };

    checks_host(&checks, "nr_cpus                : 8\nnr_nodes               : 1\nxen_scheduler          : credit2\n"
                "xen_commandline        : placeholder dom0_mem=2048M,max:2048M dom0_max_vcpus=1 max_cstate=1\n",
                NULL, NULL);
    CU_ASSERT_EQUAL(checks.count, 6);
    for ( size_t i = 0; i < checks.count; i++ )
        CU_ASSERT_EQUAL(checks.list[i].state, CHECK_OK);
    checks_free(&checks);
}

/* One CPU is dom0's and the domain's: no number of vCPUs helps. */
static void test_one_cpu(void)
{
    struct checks checks = { 0 };

    checks_host(&checks, "nr_cpus                : 1\n", "Max possible C-state: C1\n", NULL);
    CU_ASSERT_EQUAL(state_of(&checks, "CPUs"), CHECK_NOTE);
    CU_ASSERT_PTR_NULL(check_of(&checks, "dom0's vCPUs"));
    CU_ASSERT_EQUAL(state_of(&checks, "idle states"), CHECK_OK);
    CU_ASSERT_EQUAL(state_of(&checks, "nested"), CHECK_OK);
    checks_free(&checks);
}

void suite_doctor(void)
{
    CU_pSuite suite = CU_add_suite("doctor", NULL, NULL);

    CU_add_test(suite, "as installed: each thing has its advice", test_untuned);
    CU_add_test(suite, "tuned: nothing to do", test_tuned);
    CU_add_test(suite, "one CPU", test_one_cpu);
}
