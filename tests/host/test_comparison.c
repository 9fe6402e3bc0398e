/*
 * report/comparison.c: what counts as a change between two results files.
 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/verify.h"
#include "capture.h"
#include "fixture.h"
#include "report/across.h"
#include "report/comparison.h"
#include "report/isca16.h"
#include "report/text.h"
#include "suites.h"
#include "xenometer.h"

static struct results before, after;
static struct comparison comparison;

static void begin(void)
{
    fixture_fill(&before);
    fixture_fill(&after);
}

static void compare_with(double percent, uint64_t ticks)
{
    const struct allowance allowed = { .percent = percent, .ticks = ticks };
    char *error = NULL;

    if ( !comparison_make(&before, &after, &allowed, &comparison, &error) )
        CU_FAIL_FATAL("cannot be compared");
}

static void compare(double threshold)
{
    compare_with(threshold, 0);
}

static void end(void)
{
    comparison_free(&comparison);
    results_free(&before);
    results_free(&after);
}

static const struct change *find(const char *row, const struct column *column)
{
    for ( size_t i = 0; i < comparison.count; i++ )
    {
        const struct change *c = &comparison.changes[i];
        const struct result *r = c->after ? c->after : c->before;

        if ( r->column == column && strcmp(r->row, row) == 0 )
            return c;
    }
    CU_FAIL_FATAL("no such change");
    return NULL;
}

static void rename_row(struct results *results, const char *row, const struct column *column)
{
    struct result *r = fixture_find(results, row, column);

    free(r->row);
    r->row = xstrdup("other/row");
}

static void test_same(void)
{
    begin();
    compare(0);
    CU_ASSERT_EQUAL(comparison.count, before.count);
    CU_ASSERT_EQUAL(comparison.beyond, 0);
    for ( size_t i = 0; i < comparison.count; i++ )
        CU_ASSERT_EQUAL(comparison.changes[i].kind, CHANGE_NONE);
    end();
}

static void test_threshold(void)
{
    const struct change *c;

    begin();
    fixture_find(&after, "hypercall/null", &column_pv)->median = 324;   /* 321 */
    fixture_find(&after, "sched/yield", &column_pvh)->median = 7000;    /* 7688 */
    compare(0);
    CU_ASSERT_EQUAL(comparison.beyond, 2);
    comparison_free(&comparison);
    compare(1);
    CU_ASSERT_EQUAL(comparison.beyond, 1);
    c = find("hypercall/null", &column_pv);
    CU_ASSERT_EQUAL(c->kind, CHANGE_MEDIAN);
    CU_ASSERT_FALSE(c->counts);
    CU_ASSERT_DOUBLE_EQUAL(c->percent, 0.9346, 0.0001);
    c = find("sched/yield", &column_pvh);
    CU_ASSERT_TRUE(c->counts);   /* cheaper is a change, too */
    CU_ASSERT_DOUBLE_EQUAL(c->percent, -8.949, 0.001);
    end();
}

/* It counts what is beyond both. */
static void test_allowance(void)
{
    begin();
    fixture_find(&after, "hypercall/null", &column_pv)->median = 324;   /* 321: 3, 0.9 % */
    fixture_find(&after, "sched/yield", &column_pvh)->median = 7700;    /* 7688: 12, 0.2 % */
    compare_with(0, 2);
    CU_ASSERT_EQUAL(comparison.beyond, 2);
    comparison_free(&comparison);
    compare_with(0, 3);
    CU_ASSERT_EQUAL(comparison.beyond, 1);
    CU_ASSERT_TRUE(find("sched/yield", &column_pvh)->counts);
    comparison_free(&comparison);
    compare_with(0.5, 2);
    CU_ASSERT_EQUAL(comparison.beyond, 1);
    CU_ASSERT_TRUE(find("hypercall/null", &column_pv)->counts);
    comparison_free(&comparison);
    compare_with(0.5, 3);
    CU_ASSERT_EQUAL(comparison.beyond, 0);
    end();
}

/* A file with that content; its name is the static buffer's. */
static const char *file_with(const char *text)
{
    static char path[] = "/tmp/xenometer-explained-XXXXXX";
    FILE *out;

    strcpy(path + strlen(path) - 6, "XXXXXX");
    out = fdopen(mkstemp(path), "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    fputs(text, out);
    fclose(out);
    return path;
}

static void test_explained(void)
{
    const char *path = file_with("# what we know\n\n"
                                 "hypercall:pv   one more register \r\n"
                                 "  sched/y*\t\tthe queue  \n"
                                 "port/ioreq:hvm,bare<=3 gone\n"
                                 "mmio/*:pv nothing changed here\n"
                                 "hypercall/n*:pvh<=1 that much\n"
                                 "sched/yield:pvh<=1 and no more\n");
    struct explanations *known = explanations_read(path);
    const char *pattern;
    size_t at = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(known);
    begin();
    fixture_find(&after, "hypercall/null", &column_pv)->median = 324;
    fixture_find(&after, "hypercall/null", &column_pvh)->median += 1;
    fixture_find(&after, "sched/yield", &column_pvh)->median = 7000;
    fixture_find(&after, "port/ioreq", &column_hvm)->outcome = OUTCOME_SKIP;
    compare(0);
    explanations_apply(known, &comparison);
    CU_ASSERT_EQUAL(comparison.beyond, 4);
    CU_ASSERT_EQUAL(comparison.explained, 4);
    CU_ASSERT_STRING_EQUAL(find("hypercall/null", &column_pv)->explained, "one more register");
    CU_ASSERT_STRING_EQUAL(find("sched/yield", &column_pvh)->explained, "the queue");
    CU_ASSERT_STRING_EQUAL(find("port/ioreq", &column_hvm)->explained, "gone");
    /* Not in that mode, and what did not change needs no reason. */
    CU_ASSERT_STRING_EQUAL(find("hypercall/null", &column_pvh)->explained, "that much");
    CU_ASSERT_PTR_NULL(find("sched/yield", &column_pv)->explained);
    CU_ASSERT_EQUAL(explanations_unused(known, &at, &pattern), 6);
    CU_ASSERT_STRING_EQUAL(pattern, "mmio/*");
    CU_ASSERT_EQUAL(explanations_unused(known, &at, &pattern), 8);
    CU_ASSERT_EQUAL(explanations_unused(known, &at, &pattern), 0);
    end();
    explanations_free(known);
    unlink(path);
}

/* `first` times one value, and 100 - first times the other: the median is the more frequent. */
static void two_levels(struct result *r, uint64_t low, uint32_t first)
{
    r->distribution = xcalloc(2, sizeof(*r->distribution));
    r->distinct = 2;
    r->distribution[0].value = low;
    r->distribution[0].count = first;
    r->distribution[1].value = low + 25;
    r->distribution[1].count = 100 - first;
    r->median = first > 50 ? low : low + 25;
}

/* What two emulators say: levels that are both's agree, one that is rare in the other does not. */
static void test_levels(void)
{
    struct agreement a;

    begin();
    two_levels(fixture_find(&before, "hypercall/null", &column_pv), 252, 51);
    two_levels(fixture_find(&after, "hypercall/null", &column_pv), 252, 49);
    two_levels(fixture_find(&before, "hypercall/null", &column_pvh), 700, 96);
    two_levels(fixture_find(&after, "hypercall/null", &column_pvh), 700, 49);
    compare(0);
    verify_levels(&comparison);
    CU_ASSERT_EQUAL(comparison.beyond, 2);
    CU_ASSERT_EQUAL(comparison.explained, 1);
    CU_ASSERT_PTR_NOT_NULL(find("hypercall/null", &column_pv)->explained);
    CU_ASSERT_PTR_NULL(find("hypercall/null", &column_pvh)->explained);
    a = verify_count(&comparison);
    CU_ASSERT_EQUAL(a.levels, 1);
    CU_ASSERT_EQUAL(a.equal, a.cells - 2);
    CU_ASSERT_EQUAL(a.near + a.far, 0);
    end();
}

/* One line that names the place, and no list. */
static void test_explained_badly(void)
{
    static const struct {
        const char *text, *said;
    } bad[] = {
        { "a/b  why\nc/d\n", ":2: c/d has no reason" },
        { "a/b:  why", ":1: after a/b: must be modes" },
        { "a/b:pv,xyz  why", ":1: after a/b: must be modes" },
        { "a/b:pv", ":1: a/b:pv has no reason" },
        { "a/b:pv<= why", ":1: after a/b:pv<=: must be a number" },
        { "a/b<=1x why", ":1: after a/b<=: must be a number" },
    };

    for ( size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
    {
        const char *path = file_with(bad[i].text);

        capture_begin();
        CU_ASSERT_PTR_NULL(explanations_read(path));
        CU_ASSERT_TRUE(says(capture_end(), bad[i].said));
        unlink(path);
    }
    capture_begin();
    CU_ASSERT_PTR_NULL(explanations_read("/no/such/file"));
    CU_ASSERT_TRUE(says(capture_end(), "cannot read /no/such/file"));
}

static void test_from_zero(void)
{
    begin();
    fixture_find(&before, "grant/access-end", &column_pv)->median = 0;
    compare(50);
    CU_ASSERT_TRUE(find("grant/access-end", &column_pv)->counts);
    end();
}

static void test_new_and_gone(void)
{
    begin();
    rename_row(&before, "hypercall/null", &column_pv);
    compare(0);
    CU_ASSERT_EQUAL(comparison.count, before.count + 1);
    CU_ASSERT_EQUAL(find("hypercall/null", &column_pv)->kind, CHANGE_NEW);
    CU_ASSERT_FALSE(find("hypercall/null", &column_pv)->counts);
    CU_ASSERT_EQUAL(find("other/row", &column_pv)->kind, CHANGE_GONE);
    CU_ASSERT_TRUE(find("other/row", &column_pv)->counts);
    CU_ASSERT_EQUAL(comparison.beyond, 1);
    end();
}

static void test_outcomes(void)
{
    begin();
    fixture_find(&after, "port/ioreq", &column_hvm)->outcome = OUTCOME_ERROR;
    fixture_find(&before, "mmio/ioreq", &column_hvm)->outcome = OUTCOME_FAILURE;
    compare(1000);
    CU_ASSERT_EQUAL(find("port/ioreq", &column_hvm)->kind, CHANGE_OUTCOME);
    CU_ASSERT_TRUE(find("port/ioreq", &column_hvm)->counts);
    CU_ASSERT_EQUAL(find("mmio/ioreq", &column_hvm)->kind, CHANGE_OUTCOME);
    CU_ASSERT_FALSE(find("mmio/ioreq", &column_hvm)->counts);   /* mended */
    end();
}

/* The distributions of both are known: the ratio has its interval. */
static void test_interval(void)
{
    const struct change *c;
    struct result *r[2];

    begin();
    r[0] = fixture_find(&before, "ring/stream-depth-32", &column_pv);
    r[1] = fixture_find(&after, "ring/stream-depth-32", &column_pv);
    for ( unsigned i = 0; i < 2; i++ )
    {
        r[i]->samples = r[i]->distinct = 50;
        r[i]->distribution = xcalloc(50, sizeof(*r[i]->distribution));
        for ( unsigned k = 0; k < 50; k++ )
            r[i]->distribution[k] = (struct tally){ (i + 1) * (1000 + k), 1 };
        r[i]->median = (i + 1) * 1024;
    }
    compare(0);
    c = find("ring/stream-depth-32", &column_pv);
    CU_ASSERT_TRUE(c->has_interval);
    CU_ASSERT_TRUE(c->interval[0] > 1.9 && c->interval[0] <= 2.0);
    CU_ASSERT_TRUE(c->interval[1] >= 2.0 && c->interval[1] < 2.1);
    CU_ASSERT_FALSE(find("hypercall/null", &column_pv)->has_interval);
    end();
}

/* Where dom0 answers a median may move by more, if that is so allowed. */
static void test_dom0_varies(void)
{
    const struct allowance allowed = { .percent_dom0 = 6 };
    char *error = NULL;
    const struct { bool dom0, blocks, counts; } rows[] = {
        { false, false, true }, { true, false, false }, { false, true, false },
    };

    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ )
    {
        struct result *r = NULL;

        begin();
        for ( size_t k = 0; k < after.count && !r; k++ )
            if ( after.rows[k].median >= 100 )
                r = &after.rows[k];
        CU_ASSERT_PTR_NOT_NULL_FATAL(r);
        r->median += r->median / 20;
        r->dom0 = rows[i].dom0;
        r->blocks = rows[i].blocks;
        CU_ASSERT_TRUE_FATAL(comparison_make(&before, &after, &allowed, &comparison, &error));
        CU_ASSERT_EQUAL(find(r->row, r->column)->counts, rows[i].counts);
        end();
    }
}

static void test_clocks(void)
{
    const struct allowance none = { 0 };
    char *error = NULL;

    begin();
    free(after.environment.clock);
    after.environment.clock = xstrdup("cycles");
    CU_ASSERT_FALSE(comparison_make(&before, &after, &none, &comparison, &error));
    CU_ASSERT_TRUE(error && says(error, "different clocks, instructions and "
                                 "cycles"));
    free(error);
    results_free(&before);
    results_free(&after);
}

/* What the lab's CPU lacks bends figures: not compared unless that is what is asked for. */
static void test_features(void)
{
    struct allowance allowed = { .percent = 0 };
    char *error = NULL;

    begin();
    after.environment.cpu_features = xstrdup("svm,npt,nrip-save");
    CU_ASSERT_FALSE(comparison_make(&before, &after, &allowed, &comparison, &error));
    /* A file that says nothing is of before the lab added any. */
    CU_ASSERT_TRUE(error && says(error, "svm,npt and svm,npt,nrip-save") &&
                   says(error, "--across-features"));
    free(error);
    allowed.across_features = true;
    CU_ASSERT_TRUE_FATAL(comparison_make(&before, &after, &allowed, &comparison, &error));
    CU_ASSERT_EQUAL(comparison.beyond, 0);
    comparison_free(&comparison);
    before.environment.cpu_features = xstrdup("svm,npt,nrip-save");
    compare(0);
    end();

    /* Two computers are compared as they are. */
    begin();
    free(after.environment.host);
    after.environment.host = xstrdup("xen");
    after.environment.cpu_features = xstrdup("svm,npt,nrip-save");
    compare(0);
    end();
}

/* What the results of ARM64 have of the fixture's, with figures of their own. */
static void make_arm64(struct results *results)
{
    static const struct { const char *row; uint64_t median; } rows[] = {
        { "hypercall/null", 400 }, { "event/roundtrip-idle", 26000 },
    };

    free(results->environment.architecture);
    results->environment.architecture = xstrdup("arm64");
    for ( size_t i = 0; i < results->count; i++ )
    {
        struct result *r = &results->rows[i];
        uint64_t median = 0;

        for ( size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++ )
            if ( r->column == &column_pv && !strcmp(r->row, rows[k].row) )
                median = rows[k].median;
        r->outcome = median ? OUTCOME_SUCCESS : OUTCOME_SKIP;
        r->column = r->column == &column_pv ? &column_arm64 : &column_bare;
        r->median = median;
    }
}

/* The line of that row, and the one behind it; the caller's. */
static char *two_lines(const char *text, const char *row)
{
    const char *from = strstr(text, row), *end = from ? strchr(from, '\n') : NULL;

    end = end ? strchrnul(end + 1, '\n') : NULL;
    return end ? strndup(from, (size_t)(end - from)) : xstrdup("");
}

/* Of the two that `all` points to. */
static void print_across(FILE *out, const struct results *all)
{
    static const char *const names[] = { "amd", "arm64" };

    across_print(out, all, names, 2);
}

/* Two instruction sets: no comparison, and a table in which no count is divided by the other's. */
static void test_architectures(void)
{
    const struct allowance none = { .percent = 0 };
    struct results all[2];
    char *error = NULL, *text, *lines;

    begin();
    CU_ASSERT(results_one_architecture(&before, &after));
    make_arm64(&after);
    CU_ASSERT(!results_one_architecture(&before, &after));
    CU_ASSERT(!comparison_make(&before, &after, &none, &comparison, &error));
    CU_ASSERT_PTR_NOT_NULL(error ? strstr(error, "two instruction sets") : NULL);
    free(error);

    all[0] = before;
    all[1] = after;
    CU_ASSERT(across_is(all, 2));
    CU_ASSERT(!across_is(all, 1));
    text = fixture_print(all, print_across);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "no ratio between them"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "shape,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "ARM64"));
    CU_ASSERT_PTR_NULL(strstr(text, "\u00d7"));
    /* 31,204 of 321, 47,811 of 6,588, 26,000 of 400: each in its own column's hypercalls. */
    lines = two_lines(text, " event/roundtrip-idle");
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, "26,000"));
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, "in null hypercalls"));
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, " 97 "));
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, " 7.3 "));
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, " 65"));
    free(lines);
    /* The same work by a path that only one of them has; not work that only one has; no floor. */
    CU_ASSERT_PTR_NOT_NULL(strstr(text, " port/qemu-ide"));
    CU_ASSERT_PTR_NULL(strstr(text, "xenstore/read"));
    CU_ASSERT_PTR_NULL(strstr(text, "bare"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "left out"));
    free(text);
    results_free(&before);
    results_free(&after);
}

/* Of three, two of which have the same columns. */
static void print_across_three(FILE *out, const struct results *all)
{
    static const char *const names[] = { "amd", "intel", "arm64" };

    across_print(out, all, names, 3);
}

/* In a narrow window the CPUs stand below the columns' names, and no line is longer than that. */
static void test_architectures_narrow(void)
{
    struct results all[3];
    char *wide, *narrow;

    begin();
    make_arm64(&after);
    all[0] = all[1] = before;
    all[2] = after;
    setenv("COLUMNS", "120", 1);
    wide = fixture_print(all, print_across_three);
    setenv("COLUMNS", "80", 1);
    narrow = fixture_print(all, print_across_three);
    unsetenv("COLUMNS");
    CU_ASSERT_PTR_NOT_NULL(strstr(wide, "PV amd"));
    CU_ASSERT_PTR_NOT_NULL(strstr(wide, "PVH intel"));
    CU_ASSERT_PTR_NULL(strstr(narrow, "PV amd"));
    CU_ASSERT_PTR_NOT_NULL(strstr(narrow, "  intel "));
    for ( char *line = strtok(narrow, "\n"); line; line = strtok(NULL, "\n") )
        CU_ASSERT(text_columns(line) <= 80);
    free(narrow);
    free(wide);
    results_free(&before);
    results_free(&after);
}

/* The ways of ARM64's event/roundtrip-idle, as a trace would tell them. */
static void print_isca16(FILE *out, const struct results *all)
{
    static const char *const names[] = { "amd", "arm64" };
    const struct isca16_ways ways[] = { { &all[1], &column_arm64, 6283, 6405 } };

    isca16_print(out, all, names, 2, ways, 1);
}

static char *one_line(const char *text, const char *name)
{
    const char *from = strstr(text, name), *end = from ? strchr(from, '\n') : NULL;

    return end ? strndup(from, (size_t)(end - from)) : xstrdup("");
}

/* Seven lines, a column for each hypervisor and CPU, and what was published with where it was read. */
static void test_isca16(void)
{
    static const char *const lines[] = {
        "\nHypercall ", "\nController trap", "\nVirtual IPI", "\nVirtual IRQ completion", "\nVM switch",
        "\nI/O latency out", "\nI/O latency in",
    };
    struct results all[2];
    char *text, *line;

    begin();
    make_arm64(&after);
    all[0] = before;
    all[1] = after;
    text = fixture_print(all, print_isca16);
    for ( size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++ )
        CU_ASSERT_PTR_NOT_NULL(strstr(text, lines[i]));
    line = one_line(text, "Hypercall ");
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "321"));
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "6,588"));
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "400"));
    free(line);
    line = one_line(text, "I/O latency out");
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "6,283"));
    free(line);
    line = one_line(text, "I/O latency in");
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "6,405"));
    free(line);
    /* 6,283 of 400 */
    CU_ASSERT_PTR_NOT_NULL(strstr(text, " 16\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "1,300 cycles on Intel Xeon E5-2450, KVM"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "no ratio"));
    CU_ASSERT_PTR_NULL(strstr(text, "1,437"));   /* of another paper */
    free(text);
    results_free(&before);
    results_free(&after);
}

static void test_factors(void)
{
    char *text;

    begin();
    CU_ASSERT_PTR_NULL(comparison_factors(&before, &after));
    free(after.environment.xen);
    after.environment.xen = xstrdup("4.20.0");
    free(before.environment.cpu);
    before.environment.cpu = NULL;
    text = comparison_factors(&before, &after);
    CU_ASSERT_STRING_EQUAL(text, "Xen (4.17.7, now 4.20.0), CPU (unknown, now "
                           "EPYC (emulated))");
    free(text);
    results_free(&before);
    results_free(&after);

    /* Of the unikernel only where both say which. */
    begin();
    after.environment.image = xstrdup("12ab");
    CU_ASSERT_PTR_NULL(comparison_factors(&before, &after));
    before.environment.image = xstrdup("34cd");
    text = comparison_factors(&before, &after);
    CU_ASSERT_STRING_EQUAL(text, "unikernel (34cd, now 12ab)");
    free(text);
    results_free(&before);
    results_free(&after);
}

void suite_comparison(void)
{
    CU_pSuite suite = CU_add_suite("comparison", NULL, NULL);

    CU_add_test(suite, "the same twice", test_same);
    CU_add_test(suite, "threshold", test_threshold);
    CU_add_test(suite, "where dom0 answers", test_dom0_varies);
    CU_add_test(suite, "percent and instructions", test_allowance);
    CU_add_test(suite, "explained changes", test_explained);
    CU_add_test(suite, "figures that alternate", test_levels);
    CU_add_test(suite, "explained badly", test_explained_badly);
    CU_add_test(suite, "from zero", test_from_zero);
    CU_add_test(suite, "new and gone rows", test_new_and_gone);
    CU_add_test(suite, "outcomes", test_outcomes);
    CU_add_test(suite, "interval of the ratio", test_interval);
    CU_add_test(suite, "different clocks", test_clocks);
    CU_add_test(suite, "CPUs with different features", test_features);
    CU_add_test(suite, "different environments", test_factors);
    CU_add_test(suite, "two instruction sets", test_architectures);
    CU_add_test(suite, "two instruction sets in a narrow window", test_architectures_narrow);
    CU_add_test(suite, "the table of ISCA 2016", test_isca16);
}
