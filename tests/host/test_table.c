/*
 * report/layout.c, table.c, wide.c and markdown.c: what the table says, not how many blanks
 * it has.  What stands below it: test_notes.c.
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
    CU_ASSERT_STRING_EQUAL(fixture_row(layout, "ring/echo-64b")->reaches,
                           "dom0, waits");
    CU_ASSERT_STRING_EQUAL(fixture_row(layout, "hypercall/null")->reaches, "");
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
    null = fixture_row(layout, "hypercall/null");
    cpuid = fixture_row(layout, "exit/cpuid-basic");
    /* The cheapest of the group is hypercall/enosys in PV, 290. */
    CU_ASSERT_STRING_EQUAL(null->cells[column_place(&column_pvh)].median, "6,588");
    CU_ASSERT_STRING_EQUAL(null->cells[column_place(&column_pvh)].ratio, "22.7\u00d7");
    CU_ASSERT_STRING_EQUAL(null->cells[column_place(&column_pv)].ratio, "1.1\u00d7");
    CU_ASSERT_FALSE(null->cells[column_place(&column_pv)].cheapest);
    CU_ASSERT_TRUE(fixture_row(layout, "hypercall/enosys")->cells[column_place(&column_pv)].cheapest);
    CU_ASSERT_STRING_EQUAL(fixture_row(layout, "hypercall/enosys")->cells[column_place(&column_pv)].ratio,
                           "1\u00d7");
    /* Bare does other work: it sets no ratio and has none. */
    CU_ASSERT_STRING_EQUAL(cpuid->cells[column_place(&column_bare)].median, "1");
    CU_ASSERT_PTR_NULL(cpuid->cells[column_place(&column_bare)].ratio);
    CU_ASSERT_STRING_EQUAL(cpuid->cells[column_place(&column_hvm)].ratio, "19.0\u00d7");
    /* A floor, or nothing to set against: no ratio. */
    CU_ASSERT_PTR_NULL(fixture_row(layout, "baseline/empty")->cells[column_place(&column_pv)].ratio);
    CU_ASSERT_PTR_NULL(fixture_row(layout, "exit/msr-read")->cells[column_place(&column_pvh)].ratio);
    layout_free(layout);

    /* One operation alone is not compared with one of many in flight. */
    fixture_find(&results, "hypercall/enosys", &column_pv)->operations = 32;
    layout = layout_make(&results, true, NARROW_NOT);
    CU_ASSERT_STRING_EQUAL(fixture_row(layout, "hypercall/null")->cells[column_place(&column_pvh)].ratio, "20.5\u00d7");
    CU_ASSERT_PTR_NULL(fixture_row(layout, "hypercall/enosys")->cells[column_place(&column_pv)].ratio);
    layout_free(layout);
    fixture_find(&results, "hypercall/enosys", &column_pv)->operations = 1;

    /* A cheapest of nothing gives no ratio, and no division by it. */
    fixture_find(&results, "hypercall/enosys", &column_pv)->median = 0;
    layout = layout_make(&results, true, NARROW_NOT);
    CU_ASSERT_PTR_NULL(fixture_row(layout, "hypercall/null")->cells[column_place(&column_pvh)].ratio);
    layout_free(layout);
    /* A row that failed is not the cheapest. */
    fixture_find(&results, "hypercall/enosys", &column_pv)->outcome = OUTCOME_ERROR;
    layout = layout_make(&results, true, NARROW_NOT);
    CU_ASSERT_STRING_EQUAL(fixture_row(layout, "hypercall/null")->cells[column_place(&column_pvh)].ratio,
                           "20.5\u00d7");
    CU_ASSERT_EQUAL(fixture_row(layout, "hypercall/enosys")->cells[column_place(&column_pv)].kind,
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
    row = fixture_row(layout, "port/ioreq");
    CU_ASSERT_EQUAL(row->cells[column_place(&column_pv)].kind, CELL_SKIP);
    CU_ASSERT_STRING_EQUAL(row->cells[column_place(&column_pv)].median, "\u2013");
    CU_ASSERT_EQUAL(row->cells[column_place(&column_hvm)].kind, CELL_FIGURE);
    CU_ASSERT_STRING_EQUAL(row->cells[column_place(&column_hvm)].spread, "+1.5%");
    CU_ASSERT_PTR_NULL(fixture_row(layout, "hypercall/null")->cells[column_place(&column_pvh)].spread);
    layout_free(layout);
    results_free(&results);
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
    fixture_distribute(fixture_find(&results, "hypercall/enosys", &column_pv), 3, cheap);
    fixture_distribute(fixture_find(&results, "hypercall/null", &column_pvh), 1, dear);
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

/* As on a terminal of so many columns; no line is longer. */
static char *print_narrow(const struct results *results, const char *columns)
{
    char *text, *copy;

    setenv("COLUMNS", columns, 1);
    text = fixture_print(results, table_print);
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
    text = fixture_print(&results, table_print);
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
    text = fixture_print(&results, table_print_wide);
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

static void test_plain(void)
{
    struct results results = { .count = 0 };
    char *text;

    fixture_fill(&results);
    setlocale(LC_CTYPE, "C");
    text = fixture_print(&results, table_print);
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
        text = fixture_print(&results, table_print);
        CU_ASSERT_TRUE(says(text, "22.7\u00d7"));
        /* Not a terminal: no colours. */
        CU_ASSERT_PTR_NULL(strchr(text, '\033'));
        free(text);
    }
    results_free(&results);
    setlocale(LC_CTYPE, "C");
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
    text = fixture_print(&results, table_print_markdown);
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
    char *text = fixture_print(&results, table_print);

    CU_ASSERT_TRUE(strlen(text) > 0);
    free(text);
    text = fixture_print(&results, table_print_markdown);
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
    CU_add_test(suite, "a long table", test_long_table);
    CU_add_test(suite, "many skips", test_many_skips);
    CU_add_test(suite, "the wide table", test_wide);
    CU_add_test(suite, "modes", test_modes);
    CU_add_test(suite, "plain text and UTF-8", test_plain);
    CU_add_test(suite, "markdown", test_markdown);
    CU_add_test(suite, "no results", test_nothing);
}
