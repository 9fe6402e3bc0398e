/* The catalogue: what the figures of each group must mean. */
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "catalogue.h"
#include "program.h"

static void test_run(void)
{
    json_t *rows = json_object_get(catalogue(), "rows"), *row;
    size_t i;

    CU_ASSERT(json_array_size(rows) >= 4 * (tests_take_long ? 250 : 150));
    json_array_foreach(rows, i, row)
    {
        const char *status = json_string_value(json_object_get(row, "status"));
        const char *reason = json_string_value(json_object_get(row, "reason"));
        bool good = !strcmp(status, "success") ||
                    (!strcmp(status, "skip") && reason && strlen(reason) > 10);

        if ( !good )
            fprintf(stderr, "%s in %s: %s: %s\n", json_string_value(json_object_get(row, "row")),
                    json_string_value(json_object_get(row, "mode")), status, reason);
        CU_ASSERT(good);
    }
}

/* Rows between guest and Xen, whose figures nothing else moves: what dom0-tools/docs/ shows of them is what
 * they are.  Otherwise `make docs`. */
static void test_docs(void)
{
    static const char *const rows[] = { "hypercall/null", "hypercall/enosys", "exit/cpuid-basic",
                                        "port/xen-pit", "port/unclaimed", "event/send-masked" };
    static const char *const modes[] = { "pv", "pvh", "hvm" };
    FILE *in = popen("gunzip -c dom0-tools/docs/results.json.gz", "r");
    json_t *docs = in ? json_loadf(in, 0, NULL) : NULL;

    CU_ASSERT_EQUAL(in ? pclose(in) : -1, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(docs);
    for ( size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++ )
        for ( size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++ )
        {
            long long shown = figure(docs, rows[r], modes[m], "median");
            long long now = median(rows[r], modes[m]);

            if ( shown != now )
                fprintf(stderr, "dom0-tools/docs/ shows %lld of %s in %s, which is %lld now: make docs\n",
                        shown, rows[r], modes[m], now);
            CU_ASSERT_EQUAL(shown, now);
        }
    json_decref(docs);
}

static void test_baseline(void)
{
    LESS(median("baseline/pause", "pv"), 4);
    LESS(512, median("baseline/memcpy-4k", "pv"));   /* each REP iteration counts */
    /* The guest's own instructions cost the same in every mode. */
    CU_ASSERT_EQUAL(median("baseline/memcpy-4k", "pv"), median("baseline/memcpy-4k", "bare"));
    CU_ASSERT_EQUAL(median("baseline/rdtsc", "pv"), median("baseline/rdtsc", "hvm"));
}

/*
 * Xen 4.20 copies each entry of a multicall by REP MOVSB (4.17: mostly by REP MOVSQ), and
 * this clock counts its bytes: more than the shared entry into Xen saves.
 */
#define ENTRY_BYTES 48   /* of struct multicall_entry */

static void test_hypercall(void)
{
    /* In line saves the page's call; a batch shares one entry. */
    LESS(median("hypercall/direct", "pv"), median("hypercall/null", "pv"));
    LESS(median("hypercall/multicall-32", "pv"), median("hypercall/multicall-8", "pv"));
    LESS(median("hypercall/multicall-8", "pv"), median("hypercall/multicall-1", "pv"));
    LESS(median("hypercall/multicall-32", "pv") - ENTRY_BYTES, median("hypercall/null", "pv"));
    LESS(median("hypercall/multicall-32", "pvh"), median("hypercall/multicall-1", "pvh"));
}

static void test_syscall(void)
{
    /* PV bounces each through Xen; with nested paging nobody does. */
    LESS(median("syscall/guest-getpid", "pvh") * 10, median("syscall/guest-getpid", "pv"));
    LESS(median("syscall/guest-exception", "pvh") * 5, median("syscall/guest-exception", "pv"));
    LESS(median("syscall/guest-pagefault", "pvh") * 5, median("syscall/guest-pagefault", "pv"));
    CU_ASSERT_EQUAL(median("syscall/guest-getpid", "pvh"), median("syscall/guest-getpid", "bare"));
}

static void test_exit(void)
{
    static const char *const none[] = {
        "exit/cr3", "exit/invlpg", "exit/descriptor-table", "exit/debug-register",
    };
    static const char *const some[] = {
        "exit/cpuid-basic", "exit/cpuid-deep", "exit/msr-read", "exit/msr-write",
        "exit/cr0-wp", "exit/cr4-pge", "exit/wbinvd", "exit/smsw",
    };

    for ( size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++ )
        CU_ASSERT_EQUAL(median(none[i], "pvh"), median(none[i], "bare"));
    for ( size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++ )
        LESS(500, median(some[i], "pvh") - median(some[i], "bare"));
    /* The exception comes on top of the exit. */
    LESS(median("exit/msr-read", "pvh"), median("exit/msr-fault", "pvh"));
}

static void test_pv(void)
{
    LESS(median("hypercall/null", "pv"), median("pv/update-va", "pv"));
    LESS(median("pv/update-va-x32", "pv") - ENTRY_BYTES, median("pv/update-va", "pv"));
    LESS(median("pv/mmu-update-x32", "pv"), median("pv/mmu-update", "pv"));
    /* A plain write has to be faulted on and decoded. */
    LESS(median("pv/update-va", "pv"), median("pv/writable-pt-fault", "pv"));
    LESS(median("exit/cr3", "pvh"), median("pv/cr3-switch", "pv"));
}

static void test_event(void)
{
    static const char *const modes[] = { "pv", "pvh", "hvm" };

    for ( size_t m = 0; m < 3; m++ )
    {
        LESS(median("event/send-unbound", modes[m]), median("event/send-masked", modes[m]));
        LESS(median("event/send-masked", modes[m]), median("event/send-self", modes[m]));
        /* Each level of the guest's tables is one that Xen walks, but in PV. */
        if ( tests_take_long && strcmp(modes[m], "pv") )
        {
            LESS(median("hypercall/argument-1g", modes[m]) + 300,
                 median("hypercall/argument-2m", modes[m]));
            LESS(median("hypercall/argument-2m", modes[m]) + 300,
                 median("hypercall/argument-4k", modes[m]));
        }
        CU_ASSERT_EQUAL(catalogue_figure("event/send-unbound", modes[m], "upcalls"), 0);
        CU_ASSERT_EQUAL(catalogue_figure("event/unmask", modes[m], "upcalls"), 0);
        CU_ASSERT(catalogue_figure("event/send-self", modes[m], "upcalls") >=
                  catalogue_figure("event/send-self", modes[m], "samples"));
    }
}

static void test_ring(void)
{
    static const char *const depth[] = {
        "ring/stream-depth-1", "ring/stream-depth-2", "ring/stream-depth-4",
        "ring/stream-depth-8", "ring/stream-depth-16", "ring/stream-depth-32",
        "ring/stream-depth-64",
    };

    /* In short each other one. */
    for ( size_t i = tests_take_long ? 1 : 3; i < 7; i += tests_take_long ? 1 : 2 )
    {
        size_t before = tests_take_long ? i - 1 : i - 2;

        LESS(median(depth[i], "pv"), median(depth[before], "pv"));
        LESS(median(depth[i], "hvm"), median(depth[before], "hvm"));
    }
    LESS(catalogue_figure("ring/stream-depth-32", "pv", "upcalls") * 8,
         catalogue_figure("ring/stream-depth-32", "pv", "total_operations"));
    /* Wake-ups: at depth 1 one a request, but for a few that were answered at once. */
    if ( tests_take_long )
        LESS(catalogue_figure("ring/stream-depth-1", "pv", "total_operations") * 9,
             catalogue_figure("ring/stream-depth-1", "pv", "upcalls") * 10);
}

static void test_xenstore(void)
{
    LESS(median("xenstore/read", "pv"), median("xenstore/write", "pv"));
    LESS(median("xenstore/write", "pv"), median("xenstore/watch-fire", "pv"));
    LESS(median("xenstore/read", "pv"), median("xenstore/transaction", "pv"));
}

static void test_devices(void)
{
    /* Inside Xen by port, inside Xen by memory, then a process in dom0. */
    LESS(median("port/xen-pic", "hvm"), median("mmio/xen-ioapic", "hvm"));
    LESS(median("port/xen-rtc", "hvm"), median("port/pci-config", "hvm"));
    LESS(median("mmio/xen-hpet", "hvm"), median("mmio/ioreq", "hvm"));
    LESS(median("port/debug-0xe9", "hvm"), median("port/ioreq", "hvm"));
}

static void test_interrupt(void)
{
    /* The emulated path to oneself, and the paravirtual one. */
    LESS(median("event/send-self", "pvh"), median("interrupt/self-ipi-lapic", "pvh"));
    LESS(median("interrupt/self-ipi-lapic", "bare"), 200);
    /* The interrupt contains its EOI. */
    LESS(median("interrupt/eoi", "pvh"), median("interrupt/self-ipi-lapic", "pvh"));
    LESS(median("interrupt/eoi", "hvm"), median("exit/hlt-wake", "hvm"));
    /* The wait is not in it. */
    LESS(median("interrupt/timer-lapic", "bare"), 200);
    LESS(median("interrupt/eoi", "pvh"), median("interrupt/timer-lapic", "pvh"));
}

void suite_catalogue(void)
{
    CU_pSuite s = CU_add_suite("the catalogue", NULL, NULL);

    add_both(s, "every row measured or skipped with a reason", test_run);
    add_long(s, "dom0-tools/docs/ belongs to the figures", test_docs);
    add_both(s, "baseline", test_baseline);
    add_both(s, "hypercall", test_hypercall);
    add_both(s, "syscall", test_syscall);
    add_both(s, "exit", test_exit);
    add_both(s, "pv", test_pv);
    add_both(s, "event", test_event);
    add_both(s, "interrupt", test_interrupt);
    add_both(s, "ring", test_ring);
    add_both(s, "xenstore", test_xenstore);
    add_both(s, "port and mmio", test_devices);
}
