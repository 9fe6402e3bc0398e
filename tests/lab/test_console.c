/* A character and a line by every way a domain has to say something: what they mean. */
#include <string.h>

#include "catalogue.h"
#include "program.h"

static const char *const modes[] = { "pv", "pvh", "hvm" };

static void test_ring(void)
{
    for ( size_t m = 0; m < 3; m++ )
    {
        /* 80 characters are published by one index and one event. */
        LESS(median("console/pv-ring", modes[m]), median("console/pv-ring-line", modes[m]));
        LESS(median("console/pv-ring-line", modes[m]), median("console/pv-ring", modes[m]) + 80 * 20);
        LESS(median("console/pv-ring-line-taken", modes[m]),
             median("console/pv-ring-taken", modes[m]) + 80 * 100);
        /* A process in dom0 is woken, and wakes us. */
        LESS(10 * median("console/pv-ring", "pv"), median("console/pv-ring-taken", modes[m]));
        /* Its limit of 30 events in 200 ms, 200 million instructions, is in no sample. */
        LESS(catalogue_figure("console/pv-ring-line-taken", modes[m], "max"), 1000000);
    }
}

static void test_uart(void)
{
    /* Two accesses, each of which asks QEMU. */
    LESS(2 * median("port/qemu-serial", "hvm"), median("console/uart", "hvm"));
    LESS(median("console/uart", "hvm"), 3 * median("port/qemu-serial", "hvm"));
    LESS(70 * median("console/uart", "hvm"), median("console/uart-line", "hvm"));
    LESS(median("console/uart-line", "hvm"), 90 * median("console/uart", "hvm"));
    LESS(median("console/uart", "bare"), 20);
    LESS(80 * 4, median("console/uart-line", "bare"));

    /* What the ring is for. */
    LESS(median("console/pv-ring-taken", "hvm"), median("console/uart", "hvm"));
    LESS(50 * median("console/pv-ring-line-taken", "hvm"), median("console/uart-line", "hvm"));
}

static void test_debug_port(void)
{
    for ( size_t m = 1; m < 3; m++ )
    {
        LESS(10 * median("port/debug-0xe9", modes[m]), median("console/uart", "hvm"));
        /* The line's end prints it. */
        LESS(80 * median("port/debug-0xe9", modes[m]), median("console/debug-port-line", modes[m]));
        LESS(median("console/debug-port-line", modes[m]), median("console/uart-line", "hvm") / 10);
    }
}

static void skipped(const char *row, const char *mode, const char *words)
{
    CU_ASSERT_STRING_EQUAL(text_of(catalogue(), row, mode, "status"), "skip");
    CU_ASSERT_PTR_NOT_NULL(strstr(text_of(catalogue(), row, mode, "reason"), words));
}

static void test_skips(void)
{
    skipped("console/uart", "pv", "UART");
    skipped("console/uart-line", "pvh", "UART");
    skipped("console/debug-port-line", "pv", "no ports");
    skipped("console/pv-ring", "bare", "console ring");
    for ( size_t m = 0; m < 3; m++ )
        skipped("console/hypercall-line", modes[m], "refuses console_io");
}

/* Its daemon stops once the domain is made: a skip that says so, and the rows after it
 * run. */
static void test_no_daemon(void)
{
    struct outcome_of r = program("lab", "run", "--push", "build/xenometer",
        "--push", "build/xenometer.elf", "--push", "configs/pv.cfg", "--", "sh", "-c",
        "(until xenstore-read /local/domain/1/console/tty >/dev/null 2>&1; do usleep 20000; done;"
        " kill -STOP $(pidof xenconsoled)) &"
        "./xenometer run --host=xen --configs=. --modes=pv --boots=1 --json console/pv-ring "
        "hypercall/null 2>/dev/null", NULL);
    json_t *results = json_loads(r.out, 0, NULL);

    CU_ASSERT_STRING_EQUAL(text_of(results, "console/pv-ring", "pv", "status"), "skip");
    CU_ASSERT_PTR_NOT_NULL(strstr(text_of(results, "console/pv-ring", "pv", "reason"), "xenconsoled"));
    CU_ASSERT_STRING_EQUAL(text_of(results, "hypercall/null", "pv", "status"), "success");
    json_decref(results);
    program_free(&r);
}

void suite_console(void)
{
    CU_pSuite s = CU_add_suite("console", NULL, NULL);

    add_both(s, "the ring", test_ring);
    add_both(s, "the UART", test_uart);
    add_both(s, "the debug port", test_debug_port);
    add_both(s, "who cannot, and why", test_skips);
    CU_add_test(s, "no console daemon", test_no_daemon);
}
