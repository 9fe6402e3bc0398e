/*
 * report/layout.c, notes.c, table.c and markdown.c: what the table says, not
 * how many blanks it has.
 */
#include <CUnit/CUnit.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "fixture.h"
#include "measure/summary.h"
#include "report/layout.h"
#include "report/ratio.h"
#include "report/table.h"
#include "report/text.h"
#include "suites.h"
#include "xenometer.h"

static const struct column *const domains[] = { &column_pv, &column_pvh, &column_hvm };

/* The printed table; the caller's to free. */
static char *print(const struct results *results,
                   void (*printer)(FILE *, const struct results *))
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if ( out == NULL )
        CU_FAIL_FATAL("no memory stream");
    printer(out, results);
    fclose(out);
    return text;
}

/* Does the text say that, wherever its lines were wrapped? */
static bool tells(const char *text, const char *needle)
{
    char *flat = xstrdup(text), *to = flat;
    bool found;

    for ( const char *from = text; *from; from++ )
        if ( *from != ' ' && *from != '\n' )
            *to++ = *from;
        else if ( to != flat && to[-1] != ' ' )
            *to++ = ' ';
    *to = '\0';
    found = says(flat, needle);
    free(flat);
    return found;
}

static const struct layout_row *find_row(const struct layout *layout,
                                         const char *name)
{
    for ( size_t g = 0; g < layout->count; g++ )
        for ( size_t i = 0; i < layout->groups[g].count; i++ )
            if ( strcmp(layout->groups[g].rows[i].name, name) == 0 )
                return &layout->groups[g].rows[i];
    CU_FAIL_FATAL("the table has no such row");
    return NULL;
}

static void check_text(char *actual, const char *expected)
{
    CU_ASSERT_STRING_EQUAL(actual, expected);
    free(actual);
}

static void test_numbers(void)
{
    check_text(text_number(0), "0");
    check_text(text_number(999), "999");
    check_text(text_number(1000), "1,000");
    check_text(text_number(47509), "47,509");
    check_text(text_number(UINT64_MAX), "18,446,744,073,709,551,615");

    check_text(text_ratio(6588, 321, true), "20.5\u00d7");
    check_text(text_ratio(6588, 321, false), "20.5x");
    check_text(text_ratio(321, 321, false), "1x");
    check_text(text_ratio(322, 321, false), "1.0x");
    check_text(text_ratio(123456, 100, false), "1,235x");

    check_text(text_change(1000, 1031), "+3.1%");
    check_text(text_change(1000, 700), "-30%");
    check_text(text_change(100000, 100001), "+<0.1%");
    check_text(text_change(100, 2000), "+1,900%");
    check_text(text_change(100, 100), "0.0%");
}

static void test_wrap(void)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    text_wrap(out, "\u2022 ", "one two  three \u00d7four five", 12);
    text_wrap(out, "", "a-word-that-is-too-long b", 10);
    text_wrap(out, "x ", "", 10);
    fclose(out);
    CU_ASSERT_STRING_EQUAL(text, "\u2022 one two\n  three\n  \u00d7four five\n"
                           "a-word-that-is-too-long\nb\nx \n");
    free(text);
}

static void test_short_numbers(void)
{
    static const struct {
        uint64_t number;
        const char *text;
    } some[] = {
        { 0, "0" }, { 9999, "9,999" }, { 10000, "10.0k" }, { 26325, "26.3k" }, { 99950, "100k" },
        { 675273, "675k" }, { 999499, "999k" }, { 999500, "1.00M" }, { 1463171, "1.46M" },
        { UINT64_MAX, "18.4E" },
    };

    for ( size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++ )
    {
        char *text = text_short_number(some[i].number);

        CU_ASSERT_STRING_EQUAL(text, some[i].text);
        free(text);
    }
}

static void test_groups(void)
{
    struct results results = { .count = 0 };
    struct layout *layout;

    fixture_fill(&results);
    layout = layout_make(&results, true, NARROW_NOT);
    CU_ASSERT_EQUAL(layout->count, 9);
    for ( size_t g = 0; g < layout->count; g++ )
        for ( size_t k = g + 1; k < layout->count; k++ )
            CU_ASSERT_STRING_NOT_EQUAL(layout->groups[g].work,
                                       layout->groups[k].work);
    /* Asking a dom0 process: five paths side by side. */
    CU_ASSERT_STRING_EQUAL(layout->groups[2].work,
                           "ask a dom0 process and get its answer");
    CU_ASSERT_EQUAL(layout->groups[2].count, 5);
    CU_ASSERT_STRING_EQUAL(find_row(layout, "ring/echo-64b")->reaches,
                           "dom0, waits");
    CU_ASSERT_STRING_EQUAL(find_row(layout, "hypercall/null")->reaches, "");
    layout_free(layout);
    results_free(&results);
}

static void test_ratios(void)
{
    struct results results = { .count = 0 };
    const struct layout_row *null, *cpuid;
    struct layout *layout;

    fixture_fill(&results);
    layout = layout_make(&results, true, NARROW_NOT);
    null = find_row(layout, "hypercall/null");
    cpuid = find_row(layout, "exit/cpuid-basic");
    /* The cheapest of the group is hypercall/enosys in PV, 290. */
    CU_ASSERT_STRING_EQUAL(null->cells[column_place(&column_pvh)].median, "6,588");
    CU_ASSERT_STRING_EQUAL(null->cells[column_place(&column_pvh)].ratio, "22.7\u00d7");
    CU_ASSERT_STRING_EQUAL(null->cells[column_place(&column_pv)].ratio, "1.1\u00d7");
    CU_ASSERT_FALSE(null->cells[column_place(&column_pv)].cheapest);
    CU_ASSERT_TRUE(find_row(layout, "hypercall/enosys")->cells[column_place(&column_pv)].cheapest);
    CU_ASSERT_STRING_EQUAL(find_row(layout, "hypercall/enosys")->cells[column_place(&column_pv)].ratio,
                           "1\u00d7");
    /* Bare does other work: it sets no ratio and has none. */
    CU_ASSERT_STRING_EQUAL(cpuid->cells[column_place(&column_bare)].median, "1");
    CU_ASSERT_PTR_NULL(cpuid->cells[column_place(&column_bare)].ratio);
    CU_ASSERT_STRING_EQUAL(cpuid->cells[column_place(&column_hvm)].ratio, "19.0\u00d7");
    /* A floor, or nothing to set against: no ratio. */
    CU_ASSERT_PTR_NULL(find_row(layout, "baseline/empty")->cells[column_place(&column_pv)].ratio);
    CU_ASSERT_PTR_NULL(find_row(layout, "exit/msr-read")->cells[column_place(&column_pvh)].ratio);
    layout_free(layout);

    /* One operation alone is not compared with one of many in flight. */
    fixture_find(&results, "hypercall/enosys", &column_pv)->operations = 32;
    layout = layout_make(&results, true, NARROW_NOT);
    CU_ASSERT_STRING_EQUAL(find_row(layout, "hypercall/null")->cells[column_place(&column_pvh)].ratio, "20.5\u00d7");
    CU_ASSERT_PTR_NULL(find_row(layout, "hypercall/enosys")->cells[column_place(&column_pv)].ratio);
    layout_free(layout);
    fixture_find(&results, "hypercall/enosys", &column_pv)->operations = 1;

    /* A cheapest of nothing gives no ratio, and no division by it. */
    fixture_find(&results, "hypercall/enosys", &column_pv)->median = 0;
    layout = layout_make(&results, true, NARROW_NOT);
    CU_ASSERT_PTR_NULL(find_row(layout, "hypercall/null")->cells[column_place(&column_pvh)].ratio);
    layout_free(layout);
    /* A row that failed is not the cheapest. */
    fixture_find(&results, "hypercall/enosys", &column_pv)->outcome = OUTCOME_ERROR;
    layout = layout_make(&results, true, NARROW_NOT);
    CU_ASSERT_STRING_EQUAL(find_row(layout, "hypercall/null")->cells[column_place(&column_pvh)].ratio,
                           "20.5\u00d7");
    CU_ASSERT_EQUAL(find_row(layout, "hypercall/enosys")->cells[column_place(&column_pv)].kind,
                    CELL_BAD);
    layout_free(layout);
    results_free(&results);
}

static void test_cells(void)
{
    struct results results = { .count = 0 };
    struct layout *layout;
    const struct layout_row *row;

    fixture_fill(&results);
    layout = layout_make(&results, true, NARROW_NOT);
    row = find_row(layout, "port/ioreq");
    CU_ASSERT_EQUAL(row->cells[column_place(&column_pv)].kind, CELL_SKIP);
    CU_ASSERT_STRING_EQUAL(row->cells[column_place(&column_pv)].median, "\u2013");
    CU_ASSERT_EQUAL(row->cells[column_place(&column_hvm)].kind, CELL_FIGURE);
    CU_ASSERT_STRING_EQUAL(row->cells[column_place(&column_hvm)].spread, "+1.5%");
    CU_ASSERT_PTR_NULL(find_row(layout, "hypercall/null")->cells[column_place(&column_pvh)].spread);
    layout_free(layout);
    results_free(&results);
}

/* Give a result a distribution; the counts must add up to its samples. */
static void distribute(struct result *r, size_t distinct, const struct tally *tallies)
{
    free(r->distribution);
    r->distinct = distinct;
    r->distribution = xcalloc(distinct, sizeof(*r->distribution));
    memcpy(r->distribution, tallies, distinct * sizeof(*tallies));
}

static void test_ratio_intervals(void)
{
    static const struct tally cheap[] = { { 280, 400 }, { 290, 300 }, { 300, 300 } };
    static const struct tally dear[] = { { 6588, 1000 } };
    struct results results = { .count = 0 };
    const struct result *enosys, *null;
    struct ratio *ratios;

    fixture_fill(&results);
    enosys = fixture_find(&results, "hypercall/enosys", &column_pv);
    null = fixture_find(&results, "hypercall/null", &column_pvh);
    distribute(fixture_find(&results, "hypercall/enosys", &column_pv), 3, cheap);
    distribute(fixture_find(&results, "hypercall/null", &column_pvh), 1, dear);
    ratios = ratios_make(&results);
    CU_ASSERT_PTR_EQUAL(ratios[null - results.rows].to, enosys);
    CU_ASSERT_TRUE(ratios[null - results.rows].has_interval);
    CU_ASSERT_DOUBLE_EQUAL(ratios[null - results.rows].value, 6588. / 290, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(ratios[null - results.rows].interval[0], 6588. / 290, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(ratios[null - results.rows].interval[1], 6588. / 290, 1e-9);
    /* Itself; one whose samples are not known; bare. */
    CU_ASSERT_EQUAL(ratios[enosys - results.rows].interval[1], 1);
    null = fixture_find(&results, "hypercall/null", &column_pv);
    CU_ASSERT_PTR_EQUAL(ratios[null - results.rows].to, enosys);
    CU_ASSERT_FALSE(ratios[null - results.rows].has_interval);
    null = fixture_find(&results, "exit/cpuid-basic", &column_bare);
    CU_ASSERT_PTR_NULL(ratios[null - results.rows].to);
    free(ratios);
    results_free(&results);
}

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
    distribute(r, 5, two_ways);
    r->median = 7633;
    CU_ASSERT_TRUE(summary_interrupted(&results.environment, r, &count));
    CU_ASSERT_EQUAL(count, 2);
    /* In ticks of a sample, not per operation: 30 x 32 = 960. */
    r = fixture_find(&results, "ring/stream-depth-32", &column_pv);
    distribute(r, 3, batch);
    CU_ASSERT_FALSE(summary_interrupted(&results.environment, r, &count));   /* dom0 */
    r->dom0 = r->blocks = false;
    r->median = 1700;
    CU_ASSERT_TRUE(summary_interrupted(&results.environment, r, &count));
    CU_ASSERT_EQUAL(count, 1);
    strcpy(results.environment.clock, "cycles");
    CU_ASSERT_FALSE(summary_interrupted(&results.environment, r, &count));
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
    text = print(&results, table_print);
    CU_ASSERT_PTR_NULL(strstr(text, "boots of"));
    CU_ASSERT_PTR_NULL(strstr(text, "nterrupted"));
    free(text);

    results.environment.boots = 2;
    results.environment.seed = 7;
    set_boots(fixture_find(&results, "hypercall/null", &column_pv), 321, 321);
    set_boots(fixture_find(&results, "ring/echo-64b", &column_pv), 33841, 34100);
    text = print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "2 boots of each kind of domain, in ABBA order (seed 7), samples "
                         "pooled. No median differs between boots, in rows that reach dom0 by "
                         "more than 2 %."));
    CU_ASSERT_TRUE(tells(text, "the widest is that of grant/map-1 in"));
    free(text);

    set_boots(fixture_find(&results, "exit/cpuid-basic", &column_hvm), 5522, 5523);
    set_boots(fixture_find(&results, "ring/echo-64b", &column_hvm), 51018, 53018);
    r = fixture_find(&results, "event/send-masked", &column_pvh);
    distribute(r, 2, interrupted);
    r->max = 9958;
    text = print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "Medians that differ between boots: exit/cpuid-basic in HVM "
                         "5,522, 5,523; ring/echo-64b in HVM 51,018, 53,018."));
    CU_ASSERT_TRUE(tells(text, "2 of 1,000 samples between guest and Xen (cells: 1, of which "
                         "dom0 or another vCPU ran in 0)"));
    /* One note is enough. */
    CU_ASSERT_PTR_NULL(strstr(text, "none dropped: event/send-masked"));
    free(text);
    results_free(&results);
}

/* As on a terminal of so many columns; no line is longer. */
static char *print_narrow(const struct results *results, const char *columns)
{
    char *text, *copy;

    setenv("COLUMNS", columns, 1);
    text = print(results, table_print);
    unsetenv("COLUMNS");
    copy = xstrdup(text);
    for ( char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n") )
        if ( text_columns(line) > strtoul(columns, NULL, 10) )
            CU_FAIL("a line longer than the terminal");
    free(copy);
    return text;
}

/* Heads that come again, and what goes where there is no room. */
static void test_long_table(void)
{
    struct results results = { .count = 0 };
    unsigned heads = 0;
    char *text;

    for ( unsigned i = 0; i < 120; i++ )
        for ( size_t m = 0; m < 3; m++ )
        {
            struct result *r = results_add(&results);

            r->row = xasprintf("group-name/long-row-name-%u", i);
            r->work = xasprintf("work %u", i / 3);
            r->column = domains[m];
            r->dom0 = r->blocks = true;
            r->median = 1000000 + i + (1u << m);
            r->p99 = r->median + 10000;
        }
    text = print_narrow(&results, "120");
    for ( char *at = text; (at = strstr(at, "reaches")) != NULL; at++ )
        heads++;
    CU_ASSERT_EQUAL(heads, 4);   /* 160 lines */
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "+1.0%"));
    free(text);
    text = print_narrow(&results, "98");
    CU_ASSERT_PTR_NULL(strstr(text, "+1.0%"));
    CU_ASSERT_TRUE(tells(text, "--wide"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "reaches"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "1,000,001"));
    free(text);
    text = print_narrow(&results, "84");
    CU_ASSERT_PTR_NULL(strstr(text, "reaches"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "1,000,001"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "1.0x"));
    CU_ASSERT_TRUE(tells(text, "d, dom0: the path"));
    free(text);
    text = print_narrow(&results, "60");
    CU_ASSERT_PTR_NULL(strstr(text, "1,000,001"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "group-name/long-row-name-119 "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "1.00M"));
    CU_ASSERT_TRUE(tells(text, "with three digits"));
    free(text);
    text = print_narrow(&results, "40");
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "group-name/long-row-name-119\n"));
    CU_ASSERT_PTR_NULL(strstr(text, "1.0x"));
    free(text);
    results_free(&results);
}

/* More reasons than one wants to read one by one: told by mode. */
static void test_many_skips(void)
{
    struct results results = { .count = 0 };
    char *text;

    for ( unsigned i = 0; i < 10; i++ )
        for ( unsigned k = 0; k < 2; k++ )
        {
            struct result *r = results_add(&results);

            r->row = xasprintf("group-%u/row-%u", i, k);
            r->column = &column_pv;
            r->outcome = OUTCOME_SKIP;
            r->reason = i < 2 ? xstrdup("shared") : xasprintf("reason %u", i);
        }
    text = print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "PV, 20 rows: shared (group-0, group-1); reason 2 (group-2);"));
    CU_ASSERT_PTR_NULL(strstr(text, "row-1 in"));
    free(text);
    results_free(&results);
}

static void test_wide(void)
{
    struct results results = { .count = 0 };
    struct result *r;
    char *text;

    fixture_fill(&results);
    r = fixture_find(&results, "hypercall/null", &column_pvh);
    r->has_batch = true;
    r->batch = 6612;
    r = fixture_find(&results, "port/ioreq", &column_hvm);
    r->outcome = OUTCOME_ERROR;
    r->reason = xstrdup("the domain died");
    text = print(&results, table_print_wide);
    CU_ASSERT_TRUE(tells(text, "enter the hypervisor and return"));
    CU_ASSERT_TRUE(tells(text, "hypercall/null PV 1,000 1,221 321"));
    CU_ASSERT_TRUE(tells(text, "6,588 6,612 22.7"));
    CU_ASSERT_TRUE(tells(text, "HVM error"));
    CU_ASSERT_TRUE(tells(text, "error port/ioreq in HVM: the domain died"));
    CU_ASSERT_TRUE(tells(text, "batch: the mean of everything"));
    /* Skips have no line: PV has no CPUID exit. */
    CU_ASSERT_TRUE(tells(text, "exit/cpuid-basic PVH"));
    free(text);
    results_free(&results);
}

/* Only what was run has columns. */
static void test_modes(void)
{
    struct results results = { .count = 0 };
    struct result *r = results_add(&results);
    struct column_set only;
    struct layout *layout;

    r->row = xstrdup("a/b");
    r->column = &column_pvh;
    r->median = r->p99 = 5;
    layout = layout_make(&results, false, NARROW_NOT);
    only = columns_only(&column_pvh);
    CU_ASSERT_TRUE(columns_equal(&layout->columns, &only));
    CU_ASSERT_FALSE(columns_any(&layout->ratios) || columns_any(&layout->spreads) ||
                    layout->reaches);
    CU_ASSERT_STRING_EQUAL(layout->groups[0].work, "other work");
    layout_free(layout);
    results_free(&results);
}

static void test_clock(void)
{
    struct results results = { .count = 0 };
    char *text;

    fixture_fill(&results);
    text = print(&results, table_print);
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
    text = print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "TSC cycles per operation; 1,000 cycles are "
                        "476 ns."));
    CU_ASSERT_TRUE(tells(text, "bare 5 cycles."));
    CU_ASSERT_PTR_NULL(strstr(text, "nstructions"));
    CU_ASSERT_PTR_NULL(strstr(text, "NRIP"));
    CU_ASSERT_PTR_NULL(strstr(text, "lab"));
    free(text);

    free(results.environment.host);
    results.environment.host = xstrdup("lab-fast");
    text = print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "useless as a measurement"));
    free(text);
    free(results.environment.host);
    results.environment.host = xstrdup("lab-kvm");
    text = print(&results, table_print);
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
    text = print(&results, table_print);   /* features unknown */
    CU_ASSERT_PTR_NULL(strstr(text, "lacks"));
    free(text);
    results.environment.cpu_features = xstrdup("svm,npt,nrip-save,decodeassists");
    text = print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "whose figures that moves: the pause filter (exit/pause-loop); and "
                        "without a figure moved: VMCB clean bits"));
    free(text);
    free(results.environment.mitigations);
    results.environment.mitigations = xstrdup("BTI-Thunk: RETPOLINE, SPEC_CTRL: No");
    text = print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "IBRS and IBPB (exit/ibrs, exit/ibpb"));
    CU_ASSERT_PTR_NULL(strstr(text, "posted"));
    free(text);

    lapic = fixture_find(&results, "mmio/xen-lapic", &column_pvh);
    lapic->median = 1;
    layout = layout_make(&results, true, NARROW_NOT);
    CU_ASSERT_STRING_EQUAL(find_row(layout, "mmio/xen-lapic")->cells[column_place(&column_pvh)].ratio,
                           "1\u00d7");
    layout_free(layout);
    free(results.environment.cpu_features);
    results.environment.cpu_features = xstrdup("vmx,ept,apic-register-virtualization");
    layout = layout_make(&results, true, NARROW_NOT);
    CU_ASSERT_PTR_NULL(find_row(layout, "mmio/xen-lapic")->cells[column_place(&column_pvh)].ratio);
    CU_ASSERT_STRING_EQUAL(find_row(layout, "hypercall/enosys")->cells[column_place(&column_pv)].ratio,
                           "1\u00d7");
    layout_free(layout);
    text = print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "Nobody enters Xen, and it is not compared"));
    CU_ASSERT_TRUE(tells(text, "posted interrupts (interrupt/*)"));
    free(text);
    free(results.environment.host);
    results.environment.host = xstrdup("xen");
    text = print(&results, table_print);
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
    text = print(&results, table_print);
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
    text = print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "are not as many): ring/stream-depth-32 0.031."));
    free(text);

    fixture_find(&results, "ring/stream-depth-32", &column_hvm)->upcalls = 800;
    text = print(&results, table_print_markdown);
    CU_ASSERT_TRUE(tells(text, "ring/stream-depth-32 0.031 in PV, PVH, 0.031 (0.250) in HVM."));
    free(text);

    /* A file of before there was such a thing. */
    for ( size_t i = 0; i < results.count; i++ )
        results.rows[i].total = 0;
    text = print(&results, table_print);
    CU_ASSERT_PTR_NULL(strstr(text, "Notifications per operation"));
    free(text);
    results_free(&results);
}

static void test_plain(void)
{
    struct results results = { .count = 0 };
    char *text;

    fixture_fill(&results);
    setlocale(LC_CTYPE, "C");
    text = print(&results, table_print);
    CU_ASSERT_TRUE(says(text, "22.7x"));
    for ( const char *c = text; *c; c++ )
        if ( (unsigned char)*c >= 0x80 || *c == '\033' )
        {
            CU_FAIL("only ASCII belongs into a plain table");
            break;
        }
    free(text);
    if ( setlocale(LC_CTYPE, "C.UTF-8") != NULL )
    {
        text = print(&results, table_print);
        CU_ASSERT_TRUE(says(text, "22.7\u00d7"));
        /* Not a terminal: no colours. */
        CU_ASSERT_PTR_NULL(strchr(text, '\033'));
        free(text);
    }
    results_free(&results);
}

static void test_markdown(void)
{
    struct results results = { .count = 0 };
    struct result *r;
    char *text;

    fixture_fill(&results);
    r = fixture_find(&results, "port/ioreq", &column_hvm);
    r->outcome = OUTCOME_ERROR;
    r->reason = xstrdup("a | b <script> *c*");
    text = print(&results, table_print_markdown);
    CU_ASSERT_TRUE(says(text, "| row | reaches | PV | PVH | HVM | bare |\n"
                        "|---|---|--:|--:|--:|--:|\n"));
    CU_ASSERT_TRUE(says(text, "| `hypercall/null` |  | 321 (1.1\u00d7) | 6,588 "
                        "(22.7\u00d7) | 6,588 (22.7\u00d7) | \u2013 |\n"));
    CU_ASSERT_TRUE(says(text, "| **31,204** (1\u00d7, p99 +3.1%) |"));
    CU_ASSERT_TRUE(says(text, "a \\| b \\<script> \\*c\\*"));
    CU_ASSERT_TRUE(says(text, "not a ratio of times"));
    free(text);
    results_free(&results);
}

static void test_nothing(void)
{
    struct results results = { .count = 0 };
    char *text = print(&results, table_print);

    CU_ASSERT_TRUE(strlen(text) > 0);
    free(text);
    text = print(&results, table_print_markdown);
    CU_ASSERT_TRUE(strlen(text) > 0);
    free(text);
}

void suite_table(void)
{
    CU_pSuite suite = CU_add_suite("table", NULL, NULL);

    CU_add_test(suite, "numbers and ratios", test_numbers);
    CU_add_test(suite, "wrapped text", test_wrap);
    CU_add_test(suite, "short numbers", test_short_numbers);
    CU_add_test(suite, "same work stands together", test_groups);
    CU_add_test(suite, "ratio to the cheapest of the group", test_ratios);
    CU_add_test(suite, "cells", test_cells);
    CU_add_test(suite, "intervals of ratios", test_ratio_intervals);
    CU_add_test(suite, "interrupted samples", test_interrupted);
    CU_add_test(suite, "how good the figures are", test_quality);
    CU_add_test(suite, "a long table", test_long_table);
    CU_add_test(suite, "many skips", test_many_skips);
    CU_add_test(suite, "the wide table", test_wide);
    CU_add_test(suite, "modes", test_modes);
    CU_add_test(suite, "the clock is named", test_clock);
    CU_add_test(suite, "features of the CPU", test_features);
    CU_add_test(suite, "reasons and outliers are told", test_notes);
    CU_add_test(suite, "events of batches", test_events);
    CU_add_test(suite, "plain text and UTF-8", test_plain);
    CU_add_test(suite, "markdown", test_markdown);
    CU_add_test(suite, "no results", test_nothing);
}
