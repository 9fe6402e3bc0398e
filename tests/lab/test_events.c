/*
 * Event channels: what their rows' figures mean, and that FIFO channels and the
 * backend's event services survive their misuse (tests/image/rows/events.c).
 */
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "catalogue.h"
#include "program.h"

static const char *const modes[] = { "pv", "pvh", "hvm" };
#define MODES (sizeof(modes) / sizeof(modes[0]))

static void test_upcalls(void)
{
    for ( size_t m = 0; m < MODES; m++ )
    {
        CU_ASSERT_EQUAL(catalogue_figure("event/poll", modes[m], "upcalls"), 0);
        /* One upcall takes all 64. */
        LESS(catalogue_figure("event/scan-64", modes[m], "upcalls"),
             2 * catalogue_figure("event/scan-64", modes[m], "samples"));
        LESS(median("event/upcall-entry", modes[m]), median("event/send-self", modes[m]));
    }
}

static void test_scan(void)
{
    for ( size_t m = 0; m < MODES; m++ )
    {
        long long one = median("event/scan-1", modes[m]);
        long long some = median("event/scan-64", modes[m]);
        long long many = median("event/scan-1024", modes[m]);

        LESS(one, some);
        LESS(some, many);
        /* By event, not by port: 16 times as many cost at most 17 times as much. */
        LESS(many - one, 17 * (some - one));
        /* Shared: an upcall each would cost more. */
        LESS(many, 1024 * one);
    }
    CU_ASSERT_EQUAL(catalogue_figure("event/scan-1024", "pv", "min"),
                    median("event/scan-1024", "pv"));
}

static void test_fifo(void)
{
    for ( size_t m = 0; m < MODES_WITH_ALL_DOMAINS; m++ )
    {
        LESS(median("event/send-masked", modes[m]), median("event/fifo-send", modes[m]));
        /* Masked: the receiver notices nothing, whatever the ABI. */
        CU_ASSERT_EQUAL(catalogue_figure("event/fifo-send", modes[m], "upcalls"), 0);
        /* One upcall takes all 64; the order costs something; the urgent one is out of it. */
        LESS(catalogue_figure("event/fifo-scan-64", modes[m], "upcalls"),
             2 * catalogue_figure("event/fifo-scan-64", modes[m], "samples"));
        LESS(median("event/scan-64", modes[m]), median("event/fifo-scan-64", modes[m]));
        LESS(2 * median("event/fifo-priority", modes[m]),
             median("event/fifo-scan-64", modes[m]));
    }
}

static void test_roundtrips(void)
{
    for ( size_t m = 0; m < MODES; m++ )
        LESS(median("event/roundtrip-busy", modes[m]), median("event/roundtrip-idle", modes[m]));
    /* An upcall that returns by IRET is as cheap as SCHEDOP_poll's look at its ports.  Some
     * samples of each take 710 more, those at whose two switches the scheduler's timer is the
     * next to expire and Xen programs the LAPIC: which are the most depends on the rows before. */
    LESS(100 * catalogue_figure("event/poll", "pv", "min"),
         101 * catalogue_figure("event/roundtrip-idle", "pv", "min"));
    LESS(100 * catalogue_figure("event/roundtrip-idle", "pv", "min"),
         101 * catalogue_figure("event/poll", "pv", "min"));
}

static void test_coalescing(void)
{
    for ( size_t m = 0; m < MODES; m++ )
    {
        long long sent = catalogue_figure("event/oneway-rate", modes[m], "total_operations");
        long long taken = catalogue_figure("event/oneway-rate", modes[m], "dom0_events");

        LESS(0, taken);
        LESS(4 * taken, sent);
        /* Nobody counts for the others. */
        CU_ASSERT_EQUAL(catalogue_figure("event/roundtrip-idle", modes[m], "dom0_events"), 0);
        LESS(median("event/oneway-rate", modes[m]),
             median("event/roundtrip-busy", modes[m]));
    }
}

static json_t *all;
static const char *ran[2];

static void run_on(const char *cpu, const char *image, const char *in)
{
    struct outcome_of r = program("run", "--host=lab", "--json", "--boots=1", cpu, "-m", in,
                                  "--row-deadline=20", image, "test-events/*", NULL);

    all = json_loads(r.out, 0, NULL);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(all);
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

static void test_run(void)
{
    ran[0] = "pv";
    ran[1] = tests_take_long ? "pvh" : "pv";
    run_on("--cpu=amd", "--image=build/xenometer-test.elf", tests_take_long ? "pv,pvh" : "pv");
}

static void expect(const char *row, const char *status, const char *reason)
{
    expect_row(all, ran, row, status, reason);
}

static void test_service(void)
{
    expect("test-events/fifo-service", "success", "");
    expect("test-events/fifo-mask", "success", "");
    expect("test-events/mask", "success", "");
    if ( strcmp(ran[0], "arm64") )   /* there an upcall is an interrupt like others */
        expect("test-events/upcall-within", "success", "");
    expect("test-events/f25-fifo-storm", "success", "");
}

static void test_misuse(void)
{
    /* Its own events are lost, so it hears of nothing any more. */
    expect("test-events/fifo-scribbles", "error", "no result within 20 s");
    expect("test-events/f35-ports", "success", "");
    expect("test-events/f28-awake", "success", "");
    expect("test-events/f37-dies-awake", "error", "shut itself down");
    expect("test-events/service", "success", "");
}

/* The same image's rows, built for another architecture; the same must come of them. */
static void test_arm64(void)
{
    json_decref(all);
    ran[0] = ran[1] = "arm64";
    run_on("--cpu=arm64", "--image=build/arm64/xenometer-test.elf", "arm64");
    test_service();
    test_misuse();
}

void suite_events(void)
{
    CU_pSuite s = CU_add_suite("events", NULL, NULL);

    add_both(s, "who takes an upcall", test_upcalls);
    add_both(s, "one upcall for many ports", test_scan);
    add_both(s, "FIFO event channels", test_fifo);
    add_both(s, "dom0 asleep and awake", test_roundtrips);
    add_both(s, "coalescing", test_coalescing);
    add_both(s, "one run of uses and misuses", test_run);
    add_both(s, "FIFO channels serve", test_service);
    add_both(s, "misuse harms the misuser alone", test_misuse);
    add_long(s, "the same on ARM64", test_arm64);
}
