/*
 * A hostile frontend (tests/image/rows/hostile.c): the backend survives, says
 * what happened in one line, and serves the next row as if nothing had been.
 */
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "program.h"

static json_t *all;

static void test_run(void)
{
    struct outcome_of r = program("run", "--host=lab", "--json", "-m", "pv,hvm",
                                  "--row-deadline=60", "--image=build/xenometer-test.elf",
                                  "hostile/*", "ring/echo-64b", NULL);

    all = json_loads(r.out, 0, NULL);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(all);
    /* Nothing a domain says reaches a terminal as it is. */
    CU_ASSERT_PTR_NULL(strchr(r.err, 27));
    /* Pages of a dead domain that are mapped still would keep it from going. */
    CU_ASSERT_PTR_NULL(strstr(r.err, "cannot be destroyed"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "network interface 1 of domain "));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "transmit ring has an impossible request index or chain"));
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

static void expect(const char *row, const char *status, const char *reason)
{
    static const char *const modes[2] = { "pv", "hvm" };

    expect_row(all, modes, row, status, reason);
}

static void test_broken_rings(void)
{
    expect("hostile/f1-runs-away", "error", "ring");
    expect("hostile/f1-control-runs-away", "error", "ring");
    expect("hostile/f2-backwards", "error", "ring");
    expect("hostile/f37-breaks-with-kept", "error", "ring");
    expect("hostile/f37-dies-with-kept", "error", "");
}

static void test_survived(void)
{
    expect("hostile/f5-scribbles", "success", "");
    expect("hostile/f8-f15-f16-f17-f21-f22-f23-requests", "success", "");
    expect("hostile/f9-f13-one-bad-grant", "success", "");
    expect("hostile/f12-withdraws-kept", "success", "");
    expect("hostile/f12-withdraws-kept-v2", "success", "");
    expect("hostile/f25-storm", "success", "");
    expect("hostile/f29-f31-state-spam", "success", "");
    expect("hostile/f36-keys-change", "success", "");
}

static void test_refused(void)
{
    expect("hostile/f30-state-garbage", "error", "state");
    expect("hostile/too-many-samples", "error", "more samples");
    expect("hostile/words", "failure", "?[31mred");
}

static void test_network(void)
{
    expect("hostile/net-f8-f15-f16-requests", "success", "");
    expect("hostile/net-f9-batch", "success", "");
    expect("hostile/net-f21-extras", "success", "");
    expect("hostile/net-f8-f13-receive", "success", "");
    expect("hostile/net-f27-unread", "success", "");
    expect("hostile/net-f25-storm", "success", "");
    expect("hostile/net-f5-scribbles", "success", "");
    expect("hostile/net-f29-f31-state-spam", "success", "");
    expect("hostile/net-f36-keys-change", "success", "");
    expect("hostile/net-f38-reconnects", "success", "");
    expect("hostile/net-f19-unfinished-chain", "success", "");
}

static void test_others_served(void)
{
    expect("ring/echo-64b", "success", "");
}

void suite_hostile(void)
{
    CU_pSuite s = CU_add_suite("a hostile frontend", NULL, NULL);

    CU_add_test(s, "one run of all attacks", test_run);
    CU_add_test(s, "rings with impossible indices", test_broken_rings);
    CU_add_test(s, "attacks that change nothing", test_survived);
    CU_add_test(s, "garbage that is refused", test_refused);
    CU_add_test(s, "a hostile network frontend", test_network);
    CU_add_test(s, "the next row is served", test_others_served);
}
