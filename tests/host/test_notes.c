/*
 * report/notes*.c: what is said below the table, and when.
 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "fixture.h"
#include "measure/summary.h"
#include "report/layout.h"
#include "report/table.h"
#include "suites.h"
#include "xenometer.h"

/* What an interrupt made longer is told from the ways of the path. */
static void test_interrupted(void)
{
    static const struct tally two_ways[] = { { 7633, 300 }, { 8262, 697 }, { 8471, 1 },
                                             { 10700, 1 }, { 22966, 1 } };
    static const struct tally batch[] = { { 1700, 48 }, { 1713, 1 }, { 1730, 1 } };
    struct results results = { .count = 0 };
    struct result *r;
    uint32_t count;

    fixture_fill(&results);
    r = fixture_find(&results, "sched/yield", &column_pvh);
    CU_ASSERT_FALSE(summary_interrupted(&results.environment, r, &count));   /* not known */
    fixture_distribute(r, 5, two_ways);
    r->median = 7633;
    CU_ASSERT_TRUE(summary_interrupted(&results.environment, r, &count));
    CU_ASSERT_EQUAL(count, 2);
    /* In ticks of a sample, not per operation: 30 x 32 = 960. */
    r = fixture_find(&results, "ring/stream-depth-32", &column_pv);
    fixture_distribute(r, 3, batch);
    CU_ASSERT_FALSE(summary_interrupted(&results.environment, r, &count));   /* dom0 */
    r->dom0 = r->blocks = false;
    r->median = 1700;
    CU_ASSERT_TRUE(summary_interrupted(&results.environment, r, &count));
    CU_ASSERT_EQUAL(count, 1);
    strcpy(results.environment.clock, "cycles");
    CU_ASSERT_FALSE(summary_interrupted(&results.environment, r, &count));
    results_free(&results);
}

/* On hardware the spread tells whether the machine was still; the lab's clock has nothing to tell. */
static void test_stillness(void)
{
    struct results results = { .count = 0 };
    char *text;

    fixture_fill(&results);
    text = fixture_print(&results, table_print);
    CU_ASSERT_PTR_NULL(strstr(text, "The machine was"));
    free(text);
    strcpy(results.environment.clock, "cycles");
    for ( size_t i = 0; i < results.count; i++ )
    {
        results.rows[i].samples = 1000;
        results.rows[i].p99 = results.rows[i].median;
    }
    text = fixture_print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "The machine was still"));
    free(text);
    for ( size_t i = 0; i < results.count; i++ )
        results.rows[i].p99 = results.rows[i].median * 2;
    text = fixture_print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "The machine was not still"));
    CU_ASSERT_TRUE(tells(text, "`xenometer doctor` says what disturbs."));
    free(text);
    results_free(&results);
}

static void set_boots(struct result *r, uint64_t first, uint64_t second)
{
    r->boots = 2;
    r->boot_medians = xcalloc(2, sizeof(*r->boot_medians));
    r->boot_medians[0] = first;
    r->boot_medians[1] = second;
}

/* Boots that disagree, intervals, interruptions: told below the table. */
static void test_quality(void)
{
    static const struct tally interrupted[] = { { 7044, 998 }, { 9958, 2 } };
    struct results results = { .count = 0 };
    struct result *r;
    char *text;

    fixture_fill(&results);
    text = fixture_print(&results, table_print);
    CU_ASSERT_PTR_NULL(strstr(text, "boots of"));
    CU_ASSERT_PTR_NULL(strstr(text, "nterrupted"));
    free(text);

    results.environment.boots = 2;
    results.environment.seed = 7;
    set_boots(fixture_find(&results, "hypercall/null", &column_pv), 321, 321);
    set_boots(fixture_find(&results, "ring/echo-64b", &column_pv), 33841, 34100);
    text = fixture_print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "2 boots of each kind of domain, in ABBA order (seed 7), samples "
                         "pooled. No median differs between boots, in rows that reach dom0 by "
                         "more than 2 %."));
    CU_ASSERT_TRUE(tells(text, "the widest is that of grant/map-1 in"));
    free(text);

    set_boots(fixture_find(&results, "exit/cpuid-basic", &column_hvm), 5522, 5523);
    set_boots(fixture_find(&results, "ring/echo-64b", &column_hvm), 51018, 53018);
    r = fixture_find(&results, "event/send-masked", &column_pvh);
    fixture_distribute(r, 2, interrupted);
    r->max = 9958;
    text = fixture_print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "Medians that differ between boots: exit/cpuid-basic in HVM "
                         "5,522, 5,523; ring/echo-64b in HVM 51,018, 53,018."));
    CU_ASSERT_TRUE(tells(text, "2 of 1,000 samples between guest and Xen (cells: 1, of which "
                         "dom0 or another vCPU ran in 0)"));
    /* One note is enough. */
    CU_ASSERT_PTR_NULL(strstr(text, "none dropped: event/send-masked"));
    free(text);
    results_free(&results);
}

static void test_clock(void)
{
    struct results results = { .count = 0 };
    char *text;

    fixture_fill(&results);
    text = fixture_print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "Executed instructions per operation, not time"));
    CU_ASSERT_TRUE(tells(text, "is not a ratio of times"));
    CU_ASSERT_TRUE(tells(text, "without NRIP-save, which all hardware has"));
    CU_ASSERT_TRUE(tells(text, "virtual time jumps"));
    CU_ASSERT_TRUE(tells(text, "Xen 4.17.7 in the lab (lab-exact, QEMU 7.2.15)"));
    CU_ASSERT_PTR_NULL(strstr(text, "cycles"));
    free(text);

    free(results.environment.clock);
    free(results.environment.host);
    results.environment.clock = xstrdup("cycles");
    results.environment.host = xstrdup("xen");
    results.environment.tsc_hz = 2100000000u;
    text = fixture_print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "TSC cycles per operation; 1,000 cycles are "
                        "476 ns."));
    CU_ASSERT_TRUE(tells(text, "bare 5 cycles."));
    CU_ASSERT_PTR_NULL(strstr(text, "nstructions"));
    CU_ASSERT_PTR_NULL(strstr(text, "NRIP"));
    CU_ASSERT_PTR_NULL(strstr(text, "lab"));
    free(text);

    free(results.environment.host);
    results.environment.host = xstrdup("lab-fast");
    text = fixture_print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "useless as a measurement"));
    free(text);
    free(results.environment.host);
    results.environment.host = xstrdup("lab-kvm");
    text = fixture_print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "Nested"));
    free(text);
    results_free(&results);
}

/* What the lab's CPU lacks is said with the rows that it moves; what a CPU does in Xen's place is
 * compared with nothing. */
static void test_features(void)
{
    struct results results = { .count = 0 };
    struct layout *layout;
    struct result *lapic;
    char *text;

    fixture_fill(&results);
    text = fixture_print(&results, table_print);   /* features unknown */
    CU_ASSERT_PTR_NULL(strstr(text, "lacks"));
    free(text);
    results.environment.cpu_features = xstrdup("svm,npt,nrip-save,decodeassists");
    text = fixture_print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "whose figures that moves: the pause filter (exit/pause-loop); and "
                        "without a figure moved: VMCB clean bits"));
    free(text);
    free(results.environment.mitigations);
    results.environment.mitigations = xstrdup("BTI-Thunk: RETPOLINE, SPEC_CTRL: No");
    text = fixture_print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "IBRS and IBPB (exit/ibrs, exit/ibpb"));
    CU_ASSERT_PTR_NULL(strstr(text, "posted"));
    free(text);

    lapic = fixture_find(&results, "mmio/xen-lapic", &column_pvh);
    lapic->median = 1;
    layout = layout_make(&results, true, NARROW_NOT);
    CU_ASSERT_STRING_EQUAL(fixture_row(layout, "mmio/xen-lapic")->cells[column_place(&column_pvh)].ratio,
                           "1\u00d7");
    layout_free(layout);
    free(results.environment.cpu_features);
    results.environment.cpu_features = xstrdup("vmx,ept,apic-register-virtualization");
    layout = layout_make(&results, true, NARROW_NOT);
    CU_ASSERT_PTR_NULL(fixture_row(layout, "mmio/xen-lapic")->cells[column_place(&column_pvh)].ratio);
    CU_ASSERT_STRING_EQUAL(fixture_row(layout, "hypercall/enosys")->cells[column_place(&column_pv)].ratio,
                           "1\u00d7");
    layout_free(layout);
    text = fixture_print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "Nobody enters Xen, and it is not compared"));
    CU_ASSERT_TRUE(tells(text, "posted interrupts (interrupt/*)"));
    free(text);
    free(results.environment.host);
    results.environment.host = xstrdup("xen");
    text = fixture_print(&results, table_print);
    CU_ASSERT_PTR_NULL(strstr(text, "lacks"));
    free(text);
    results_free(&results);
}

static void test_notes(void)
{
    struct results results = { .count = 0 };
    struct result *r;
    char *text;

    fixture_fill(&results);
    r = fixture_find(&results, "port/ioreq", &column_hvm);
    r->outcome = OUTCOME_ERROR;
    r->reason = xstrdup("the domain died");
    r = fixture_find(&results, "event/send-masked", &column_pvh);
    r->outcome = OUTCOME_FAILURE;
    r->reason = xstrdup("a masked port raised an upcall");
    r = fixture_find(&results, "event/send-masked", &column_pv);
    r->total = 13824;
    r->dom0_events = 54;
    text = fixture_print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "how many dom0's process took them for: event/send-masked in "
                        "PV 13,824 sent, 54 taken."));
    CU_ASSERT_TRUE(tells(text, "error port/ioreq in HVM: the domain died"));
    CU_ASSERT_TRUE(tells(text, "failure event/send-masked in PVH: a masked port "
                        "raised an upcall"));
    CU_ASSERT_TRUE(tells(text, "- bare, 13 rows: bare mode has no event channels (event); "
                        "bare mode has no grant table (grant);"));
    CU_ASSERT_TRUE(tells(text, "empty timed region: PV 5, PVH 5, HVM 5, bare 5 "
                        "instructions."));
    CU_ASSERT_TRUE(tells(text, "none dropped: hypercall/null in PV 321 to "
                        "2,310."));
    free(text);
    results_free(&results);
}

/* How many events a batch took, modes together while they agree. */
static void test_events(void)
{
    static const struct column *const domains[] = { &column_pv, &column_pvh, &column_hvm };
    struct results results = { .count = 0 };
    char *text;

    fixture_fill(&results);
    for ( size_t m = 0; m < 3; m++ )
    {
        struct result *r = fixture_find(&results, "ring/stream-depth-32", domains[m]);

        r->batches = true;
        r->total = 3200;
        r->notifications = r->upcalls = 100;
    }
    text = fixture_print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "are not as many): ring/stream-depth-32 0.031."));
    free(text);

    fixture_find(&results, "ring/stream-depth-32", &column_hvm)->upcalls = 800;
    text = fixture_print(&results, table_print_markdown);
    CU_ASSERT_TRUE(tells(text, "ring/stream-depth-32 0.031 in PV, PVH, 0.031 (0.250) in HVM."));
    free(text);

    /* A file of before there was such a thing. */
    for ( size_t i = 0; i < results.count; i++ )
        results.rows[i].total = 0;
    text = fixture_print(&results, table_print);
    CU_ASSERT_PTR_NULL(strstr(text, "Notifications per operation"));
    free(text);
    results_free(&results);
}

void suite_notes(void)
{
    CU_pSuite suite = CU_add_suite("notes", NULL, NULL);

    CU_add_test(suite, "a machine that was still, or not", test_stillness);
    CU_add_test(suite, "interrupted samples", test_interrupted);
    CU_add_test(suite, "how good the figures are", test_quality);
    CU_add_test(suite, "the clock is named", test_clock);
    CU_add_test(suite, "features of the CPU", test_features);
    CU_add_test(suite, "reasons and outliers are told", test_notes);
    CU_add_test(suite, "events of batches", test_events);
}
