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
#include "report/layout.h"
#include "report/table.h"
#include "report/text.h"
#include "suites.h"
#include "xenometer.h"

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

static void test_groups(void)
{
    struct results results = { .count = 0 };
    struct layout *layout;

    fixture_fill(&results);
    layout = layout_make(&results, true);
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
    layout = layout_make(&results, true);
    null = find_row(layout, "hypercall/null");
    cpuid = find_row(layout, "exit/cpuid-basic");
    /* The cheapest of the group is hypercall/enosys in PV, 290. */
    CU_ASSERT_STRING_EQUAL(null->cells[1].median, "6,588");
    CU_ASSERT_STRING_EQUAL(null->cells[1].ratio, "22.7\u00d7");
    CU_ASSERT_STRING_EQUAL(null->cells[0].ratio, "1.1\u00d7");
    CU_ASSERT_FALSE(null->cells[0].cheapest);
    CU_ASSERT_TRUE(find_row(layout, "hypercall/enosys")->cells[0].cheapest);
    CU_ASSERT_STRING_EQUAL(find_row(layout, "hypercall/enosys")->cells[0].ratio,
                           "1\u00d7");
    /* Bare does other work: it sets no ratio and has none. */
    CU_ASSERT_STRING_EQUAL(cpuid->cells[3].median, "1");
    CU_ASSERT_PTR_NULL(cpuid->cells[3].ratio);
    CU_ASSERT_STRING_EQUAL(cpuid->cells[2].ratio, "19.0\u00d7");
    /* A floor, or nothing to set against: no ratio. */
    CU_ASSERT_PTR_NULL(find_row(layout, "baseline/empty")->cells[0].ratio);
    CU_ASSERT_PTR_NULL(find_row(layout, "exit/msr-read")->cells[1].ratio);
    layout_free(layout);

    /* A cheapest of nothing gives no ratio, and no division by it. */
    fixture_find(&results, "hypercall/enosys", MODE_PV)->median = 0;
    layout = layout_make(&results, true);
    CU_ASSERT_PTR_NULL(find_row(layout, "hypercall/null")->cells[1].ratio);
    layout_free(layout);
    /* A row that failed is not the cheapest. */
    fixture_find(&results, "hypercall/enosys", MODE_PV)->outcome = OUTCOME_ERROR;
    layout = layout_make(&results, true);
    CU_ASSERT_STRING_EQUAL(find_row(layout, "hypercall/null")->cells[1].ratio,
                           "20.5\u00d7");
    CU_ASSERT_EQUAL(find_row(layout, "hypercall/enosys")->cells[0].kind,
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
    layout = layout_make(&results, true);
    row = find_row(layout, "port/ioreq");
    CU_ASSERT_EQUAL(row->cells[0].kind, CELL_SKIP);
    CU_ASSERT_STRING_EQUAL(row->cells[0].median, "\u2013");
    CU_ASSERT_EQUAL(row->cells[2].kind, CELL_FIGURE);
    CU_ASSERT_STRING_EQUAL(row->cells[2].spread, "+1.5%");
    CU_ASSERT_PTR_NULL(find_row(layout, "hypercall/null")->cells[1].spread);
    layout_free(layout);
    results_free(&results);
}

/* Only the modes that were run have columns. */
static void test_modes(void)
{
    struct results results = { .count = 0 };
    struct result *r = results_add(&results);
    struct layout *layout;

    r->row = xstrdup("a/b");
    r->mode = MODE_PVH;
    r->median = r->p99 = 5;
    layout = layout_make(&results, false);
    CU_ASSERT_PTR_NULL(layout->titles[0]);
    CU_ASSERT_STRING_EQUAL(layout->titles[1], "PVH");
    CU_ASSERT_PTR_NULL(layout->titles[2]);
    CU_ASSERT_FALSE(layout->ratios[1] || layout->spreads[1] || layout->reaches);
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
    CU_ASSERT_TRUE(tells(text, "NRIP-save"));
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

static void test_notes(void)
{
    struct results results = { .count = 0 };
    struct result *r;
    char *text;

    fixture_fill(&results);
    r = fixture_find(&results, "port/ioreq", MODE_HVM);
    r->outcome = OUTCOME_ERROR;
    r->reason = xstrdup("the domain died");
    r = fixture_find(&results, "event/send-masked", MODE_PVH);
    r->outcome = OUTCOME_FAILURE;
    r->reason = xstrdup("a masked port raised an upcall");
    r = fixture_find(&results, "event/send-masked", MODE_PV);
    r->total = 13824;
    r->dom0_events = 54;
    text = print(&results, table_print);
    CU_ASSERT_TRUE(tells(text, "how many dom0's process took them for: event/send-masked in "
                        "PV 13,824 sent, 54 taken."));
    CU_ASSERT_TRUE(tells(text, "error port/ioreq in HVM: the domain died"));
    CU_ASSERT_TRUE(tells(text, "failure event/send-masked in PVH: a masked port "
                        "raised an upcall"));
    CU_ASSERT_TRUE(tells(text, "grant/access-end, grant/map-1, grant/copy-4k in "
                        "bare: bare mode has no grant table"));
    CU_ASSERT_TRUE(tells(text, "empty timed region: PV 5, PVH 5, HVM 5, bare 5 "
                        "instructions."));
    CU_ASSERT_TRUE(tells(text, "none dropped: hypercall/null in PV 321 to "
                        "2,310."));
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
    r = fixture_find(&results, "port/ioreq", MODE_HVM);
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
    CU_add_test(suite, "same work stands together", test_groups);
    CU_add_test(suite, "ratio to the cheapest of the group", test_ratios);
    CU_add_test(suite, "cells", test_cells);
    CU_add_test(suite, "modes", test_modes);
    CU_add_test(suite, "the clock is named", test_clock);
    CU_add_test(suite, "reasons and outliers are told", test_notes);
    CU_add_test(suite, "plain text and UTF-8", test_plain);
    CU_add_test(suite, "markdown", test_markdown);
    CU_add_test(suite, "no results", test_nothing);
}
