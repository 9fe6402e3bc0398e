/*
 * The own netif backend, as far as it needs no Linux domU (test_netfront.c has one):
 * `xenometer net` by hand, and hostile frontends that it lets go of.
 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "program.h"

static struct outcome_of in_dom0(const char *script)
{
    return program("lab", "run", "--push", "build/xenometer", "--push", "build/xenometer.elf",
                   "--push", "configs/pv.cfg", "--", "sh", "-c", script, NULL);
}

/* With a domain `t`, whose interfaces nobody takes. */
#define IN_DOMAIN "xl create -p pv.cfg 'kernel=\"xenometer.elf\"' 'name=\"t\"' >/dev/null 2>&1;"

static void test_refused(void)
{
    static const struct refusal list[] = {
        { "./xenometer net nobody", "there is no domain nobody; `xl list` shows them", 3 },
        { "./xenometer net", "the domain is missing", 2 },
        { "./xenometer net t --device=256", "'256' is not a number from 0 to 255", 2 },
        { "./xenometer net t --mac=00:16:3e:00:00", "must be the address of one interface", 2 },
        { "./xenometer net t --mac=01:16:3e:00:00:01", "must be the address of one interface", 2 },
        { "./xenometer net t --mac=00:00:00:00:00:00", "must be the address of one interface", 2 },
        { "./xenometer net t --mac=00:16:3e:0:00:001", "must be the address of one interface", 2 },
    };
    struct outcome_of r = in_dom0(IN_DOMAIN
        "vif=/local/domain/1/device/vif/1; xenstore-write $vif/backend /local/domain/0/backend/vif/1/1;"
        "./xenometer net t; s=$?; xenstore-ls $vif; exit $s");

    CU_ASSERT_EQUAL(r.status, 3);
    CU_ASSERT(is_one_line_error(&r, "domain 1 has network interface 1 already, from another "
                                    "backend: `--device` names another one"));
    CU_ASSERT_STRING_EQUAL(r.out, "backend = \"/local/domain/0/backend/vif/1/1\"\n");
    program_free(&r);
    expect_refusals("", list, sizeof(list) / sizeof(list[0]));
}

/* A frontend that never connects is told of, once; a killed backend's interface is taken over
 * with the same address only; the last one leaves nothing. */
static void test_nobody_connects(void)
{
    struct outcome_of r = in_dom0(IN_DOMAIN
        "./xenometer net t --mac=00:16:3e:00:00:01 2>said & sleep 25; kill -9 $!;"
        "sleep 1; ./xenometer net t --mac=00:16:3e:00:00:02; echo $?;"
        "./xenometer net 1 --mac=00:16:3E:00:00:01 2>>said & sleep 1; kill -INT $!; wait $!; echo $?;"
        "cat said; xenstore-ls -f /local/domain | grep vif; xl destroy t");

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT(is_one_line_error(&r, "has network interface 1 already, with the address "
                                    "00:16:3e:00:00:01: give that or none, or another --device"));
    CU_ASSERT_STRING_EQUAL(r.out, "3\n0\n"
        "xenometer: network interface 1 of domain 1, 00:16:3e:00:00:01, has its frames back; "
        "Ctrl-C ends this\n"
        "xenometer: domain 1 has not taken the network interface yet: does it run, and with "
        "xen-netfront loaded?  Still waiting; Ctrl-C ends this\n"
        "xenometer: network interface 1 of domain 1, 00:16:3e:00:00:01, has its frames back; "
        "Ctrl-C ends this\n"
        "xenometer: 0 frames sent back, 0 dropped\n");
    program_free(&r);
}

/*
 * A disk and an interface whose backend was killed before the domain took it are the domain's
 * still, and not another's; one that it had let go of is made anew.
 */
static void test_left(void)
{
    struct outcome_of r = in_dom0(IN_DOMAIN
        "truncate -s 4M a b; back=/local/domain/0/backend;"
        "die() { \"$@\" 2>/dev/null & sleep 1; kill -9 $!; sleep 1; };"
        "live() { \"$@\" 2>/dev/null & sleep 2; xenstore-ls -f /local/domain/1/device | grep -c $state;"
        " kill -INT $!; wait $!; echo $?; };"
        "state='vif/1/state\\|vbd/51728/state';"
        "die ./xenometer disk t a; ./xenometer disk t b 2>/dev/null; echo $?; live ./xenometer disk t a;"
        "die ./xenometer disk t a; xenstore-write $back/xenometer-vbd/1/51728/state 6;"
        "live ./xenometer disk t b;"
        "die ./xenometer net t; xenstore-write $back/xenometer-vif/1/1/state 6;"
        "live ./xenometer net t --mac=00:16:3e:00:00:07;"
        "xenstore-ls -f /local/domain | grep 'vif\\|vbd'; xl destroy t");

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.out, "3\n1\n0\n1\n0\n1\n0\n");
    program_free(&r);
}

/* The rows of tests/image/rows/broken_net.c, a domain for each: what the backend says, and what
 * is left. */
static void test_broken(void)
{
    static const struct { const char *row, *says; } rows[] = {
        { "f1-transmit", "the domain's transmit ring has an impossible request index or chain" },
        { "f8-ring", "cannot map the rings (Invalid argument)" },
        { "f30-state", "the domain's network interface has no valid state" },
        /* In short these. */
        { "f2-transmit", "the domain's transmit ring has an impossible request index or chain" },
        { "f1-receive", "the domain's receive ring has an impossible request index" },
        { "f3-indices", "cannot use the rings: they have more requests than slots" },
        { "f32-key", "/tx-ring-ref is \"-8?[31m\", and should be a number from 1 to 4294967295" },
        { "f33-no-copy", "/request-rx-copy is \"0\", and should be a number from 1 to 1" },
        { "f35-port", "cannot bind the event channel (Invalid argument)" },
    };
    struct outcome_of r = program("lab", "run", "--deadline=300", "--push", "build/xenometer",
        "--push", "build/xenometer-test.elf", "--push", "configs/pv.cfg", "--", "sh", "-c",
        "run() { ./xenometer run --host=xen --configs=. --image=xenometer-test.elf --modes=pv "
        "--boots=1 --json $1 >out 2>err; echo $1: $? $(grep -c '\"success\"' out) "
        "$(grep 'network interface' err); };"
        /* Not enough descriptors to lose one a time. */
        "ulimit -n 64; run hostile/net-f38-reconnects;"
        "for row in f1-transmit f8-ring f30-state $0 f37-dies; do run broken-net/$row; done;"
        "xl list | tail -n +3; xenstore-ls /local/domain/0/backend 2>/dev/null; true",
        tests_take_long ? "f2-transmit f1-receive f3-indices f32-key f33-no-copy f35-port" : "",
        NULL);
    const char *at = r.out;

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT(!strncmp(at, "hostile/net-f38-reconnects: 0 1\n", 32));
    for ( size_t i = 0; i < (tests_take_long ? sizeof(rows) / sizeof(rows[0]) : 3); i++ )
    {
        char begins[64];

        at = strchr(at, '\n');
        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
        snprintf(begins, sizeof(begins), "broken-net/%s: 0 1 xenometer: network", rows[i].row);
        CU_ASSERT(!strncmp(++at, begins, strlen(begins)));
        CU_ASSERT(strstr(at, rows[i].says) && strstr(at, rows[i].says) < strchr(at, '\n'));
    }
    at = strchr(at, '\n');
    CU_ASSERT(at && !strcmp(at, "\nbroken-net/f37-dies: 1 0\n"));
    program_free(&r);
}

void suite_wire(void)
{
    CU_pSuite s = CU_add_suite("a network interface by hand", NULL, NULL);

    CU_add_test(s, "interfaces that cannot be served", test_refused);
    CU_add_test(s, "an interface that nobody takes", test_nobody_connects);
    CU_add_test(s, "what a killed backend left", test_left);
    add_both(s, "frontends that are let go of", test_broken);
}
