/*
 * A run of the headline rows in all four modes; what the figures must mean, and that they
 * repeat, in two labs at the same time as in one: at length in a whole second run, in short
 * the catalogue's, of those between guest and Xen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "catalogue.h"
#undef median   /* of the headline here */
#include "program.h"

static json_t *first, *after;   /* the headline; all of it again, or the catalogue */
static char *table, *heading;

static const char *const modes[] = { "pv", "pvh", "hvm", "bare" };

static const char *const rows[] = {
    "baseline/empty", "hypercall/null", "hypercall/enosys", "event/send-masked",
    "event/roundtrip-idle", "grant/access-end", "grant/map-1", "grant/copy-4k",
    "ring/echo-64b", "ring/stream-depth-32", "xenstore/read", "exit/cpuid-basic",
    "exit/msr-read", "port/xen-pit", "port/xen-pmtimer", "port/qemu-ide",
    "port/unclaimed", "port/ioreq", "mmio/xen-lapic", "mmio/ioreq", "sched/yield",
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* Rows that stay between guest and Xen: identical from one snapshot. */
static const char *const inside[] = {
    "hypercall/null", "hypercall/enosys", "exit/cpuid-basic", "exit/msr-read",
    "port/xen-pit", "port/xen-pmtimer", "port/unclaimed", "mmio/xen-lapic",
    "event/send-masked", "grant/access-end", "baseline/empty",
};

#define INSIDE (sizeof(inside) / sizeof(inside[0]))

/* The headline; both are options. */
static json_t *run(const char *labs, const char *boots, char **out)
{
    static const char path[] = "build/test-results.json";
    struct outcome_of r;
    json_t *j;

    unlink(path);
    r = program("run", "--host=lab", "--raw", "--output", path, boots, labs, NULL);
    CU_ASSERT_EQUAL_FATAL(r.status, 0);
    j = json_load_file(path, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(j);
    if ( out )
        *out = strdup(r.out);
    program_free(&r);
    unlink(path);
    return j;
}

static void test_runs(void)
{
    if ( tests_take_long )
    {
        first = run("--labs=1", "--boots=2", &table);
        after = run("--labs=2", "--boots=2", NULL);
    }
    else
    {
        first = run("--labs=1", "--boots=1", &table);
        after = json_incref(catalogue());
    }
    heading = strndup(table, strcspn(table, "\n"));
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

static void test_choice_comes_first(void)
{
    CU_ASSERT_PTR_NOT_NULL(strstr(heading, "lab"));
    CU_ASSERT_PTR_NOT_NULL(strchr(heading, '('));   /* the reason */
}

static void test_environment(void)
{
    json_t *e = json_object_get(first, "environment");

    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(first, "schema")), "xenometer/1");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(e, "host")), "lab-exact");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(e, "clock")), "instructions");
    CU_ASSERT_PTR_NOT_NULL(strstr(json_string_value(json_object_get(e, "xen")), "4."));
    CU_ASSERT_PTR_NOT_NULL(json_string_value(json_object_get(e, "dom0_kernel")));
    CU_ASSERT_PTR_NOT_NULL(json_string_value(json_object_get(e, "qemu")));
}

/* Every row in every mode: measured, or skipped for a stated reason. */
static void test_all_there(void)
{
    for ( size_t i = 0; i < ROWS; i++ )
        for ( size_t m = 0; m < 4; m++ )
        {
            const char *status = text_of(first, rows[i], modes[m], "status");

            if ( !strcmp(status, "success") )
            {
                CU_ASSERT(figure(first, rows[i], modes[m], "samples") > 0);
                CU_ASSERT(json_array_size(json_object_get(
                              result_of(first, rows[i], modes[m]), "raw")) ==
                          (size_t)figure(first, rows[i], modes[m], "samples"));
            }
            else
            {
                if ( strcmp(status, "skip") )
                    fprintf(stderr, "%s in %s: %s, %s\n", rows[i], modes[m], status,
                            text_of(first, rows[i], modes[m], "reason"));
                CU_ASSERT_STRING_EQUAL(status, "skip");
                CU_ASSERT(strlen(text_of(first, rows[i], modes[m], "reason")) > 10);
            }
        }
}

static void succeeds_in(const char *row, const char *in)
{
    for ( size_t m = 0; m < 4; m++ )
    {
        bool wanted = strchr(in, "phvb"[m]) != NULL;
        bool is = !strcmp(text_of(first, row, modes[m], "status"), "success");

        if ( wanted != is )
            fprintf(stderr, "%s in %s: %s\n", row, modes[m],
                    text_of(first, row, modes[m], "reason"));
        CU_ASSERT_EQUAL(is, wanted);
    }
}

/* p: PV, h: PVH, v: HVM, b: bare */
static void test_modes(void)
{
    succeeds_in("baseline/empty", "phvb");
    succeeds_in("hypercall/null", "phv");
    succeeds_in("hypercall/enosys", "phv");
    succeeds_in("event/send-masked", "phv");
    succeeds_in("event/roundtrip-idle", "phv");
    succeeds_in("grant/access-end", "phv");
    succeeds_in("grant/map-1", "phv");
    succeeds_in("grant/copy-4k", "phv");
    succeeds_in("ring/echo-64b", "phv");
    succeeds_in("ring/stream-depth-32", "phv");
    succeeds_in("xenstore/read", "phv");
    succeeds_in("sched/yield", "phv");
    succeeds_in("exit/cpuid-basic", "hvb");
    succeeds_in("exit/msr-read", "hvb");
    succeeds_in("mmio/xen-lapic", "hvb");
    succeeds_in("port/xen-pit", "vb");
    succeeds_in("port/xen-pmtimer", "vb");
    succeeds_in("port/qemu-ide", "vb");
    succeeds_in("port/unclaimed", "vb");
    succeeds_in("port/ioreq", "v");
    succeeds_in("mmio/ioreq", "v");
    succeeds_in("net/netif-linux", "phv");
    succeeds_in("net/netif-own", "phv");
    succeeds_in("net/virtio", "v");
}

static void test_overhead(void)
{
    for ( size_t m = 0; m < 4; m++ )
    {
        long long empty = figure(first, "baseline/empty", modes[m], "max");

        CU_ASSERT(empty >= 1 && empty <= 6);
        CU_ASSERT_EQUAL(figure(first, "baseline/empty", modes[m], "min"), empty);
    }
}

static long long median(const char *row, const char *mode)
{
    return figure(first, row, mode, "median");
}

static void test_meaning(void)
{
    /* A PV hypercall enters Xen by SYSCALL, the others by a VM exit. */
    CU_ASSERT(median("hypercall/null", "pv") < median("hypercall/null", "pvh"));
    CU_ASSERT(median("hypercall/enosys", "pv") <= median("hypercall/null", "pv"));
    /* Masked: nobody is woken. */
    for ( size_t m = 0; m < 3; m++ )
    {
        CU_ASSERT_EQUAL(figure(first, "event/send-masked", modes[m], "upcalls"), 0);
        CU_ASSERT(figure(first, "event/roundtrip-idle", modes[m], "upcalls") >=
                  figure(first, "event/roundtrip-idle", modes[m], "samples"));
        CU_ASSERT(median("event/send-masked", modes[m]) <
                  median("event/roundtrip-idle", modes[m]));
        CU_ASSERT(median("event/roundtrip-idle", modes[m]) < median("ring/echo-64b", modes[m]));
        CU_ASSERT(median("ring/stream-depth-32", modes[m]) * 4 < median("ring/echo-64b", modes[m]));
        CU_ASSERT(median("ring/echo-64b", modes[m]) < median("grant/map-1", modes[m]));
        CU_ASSERT(median("ring/echo-64b", modes[m]) < median("grant/copy-4k", modes[m]));
        CU_ASSERT(median("grant/access-end", modes[m]) < 100);   /* no hypercall */
    }
    /* Bare: one instruction, nobody below to exit to. */
    CU_ASSERT(median("exit/cpuid-basic", "bare") <= 4);
    CU_ASSERT(median("exit/cpuid-basic", "hvm") > 300);
    /* Inside Xen, then a process of dom0. */
    CU_ASSERT(median("port/xen-pit", "hvm") < median("port/ioreq", "hvm"));
    CU_ASSERT(median("port/xen-pit", "hvm") < median("port/qemu-ide", "hvm"));
    CU_ASSERT(median("port/ioreq", "hvm") < median("mmio/ioreq", "hvm"));
    CU_ASSERT(median("port/unclaimed", "hvm") < median("port/ioreq", "hvm"));
    /* A frame: a process that still looks at its rings needs no waking, as that of the echo does;
     * a bridge in between, a device model. */
    CU_ASSERT(median("net/netif-own", "hvm") < median("ring/echo-64b", "hvm"));
    CU_ASSERT(median("net/netif-own", "hvm") < median("net/netif-linux", "hvm"));
    CU_ASSERT(median("net/netif-linux", "hvm") < median("net/virtio", "hvm"));
}

static void test_repeatable(void)
{
    for ( size_t i = 0; i < INSIDE; i++ )
        for ( size_t m = 0; m < 4; m++ )
        {
            long long a = figure(first, inside[i], modes[m], "median");
            long long b = figure(after, inside[i], modes[m], "median");

            if ( a != b )
                fprintf(stderr, "%s in %s: %lld, then %lld\n", inside[i], modes[m], a, b);
            CU_ASSERT_EQUAL(a, b);
        }
    /* Fewer samples of those in the catalogue: another median, where samples differ. */
    for ( size_t i = 0; i < ROWS && tests_take_long; i++ )
        for ( size_t m = 0; m < 4; m++ )
        {
            long long a = figure(first, rows[i], modes[m], "median");
            long long b = figure(after, rows[i], modes[m], "median");

            if ( a < 0 && b < 0 )
                continue;   /* a skip both times */
            if ( llabs(a - b) * 100 > a )
                fprintf(stderr, "%s in %s: %lld, then %lld\n", rows[i], modes[m], a, b);
            CU_ASSERT(llabs(a - b) * 100 <= a);
        }
}

static void test_table(void)
{
    CU_ASSERT_PTR_NOT_NULL(strstr(table, "ask a dom0 process and get its answer"));
    CU_ASSERT_PTR_NOT_NULL(strstr(table, "port/ioreq"));
    CU_ASSERT_PTR_NOT_NULL(strstr(table, "instructions"));
    CU_ASSERT_PTR_NOT_NULL(strstr(table, "not time"));
}

void suite_rows(void)
{
    CU_pSuite s = CU_add_suite("rows in the lab", NULL, NULL);

    add_both(s, "a run of the headline, and another", test_runs);
    add_both(s, "the choice of host is the first line", test_choice_comes_first);
    add_both(s, "environment", test_environment);
    add_both(s, "every row measured or skipped with a reason", test_all_there);
    add_both(s, "each row in its modes", test_modes);
    add_both(s, "measuring costs at most 6 instructions", test_overhead);
    add_both(s, "what the figures mean", test_meaning);
    add_both(s, "two runs agree", test_repeatable);
    add_both(s, "the table", test_table);
}
