/*
 * catalogue/column.c and the columns of guests/: the table that grows.
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "bench/batch.h"
#include "catalogue/catalogue.h"
#include "fixture.h"
#include "machines/lab.h"
#include "report/json.h"
#include "report/table.h"
#include "suites.h"
#include "xenometer.h"

/* What each has to say for itself, by who measures it. */
static void test_table(void)
{
    const struct column *last = NULL;

    FOR_EACH_COLUMN(c)
    {
        CU_ASSERT_TRUE(*c->name && *c->title && *c->what);
        CU_ASSERT_PTR_NULL(strpbrk(c->name, " ,-"));   /* it is a word of lists and of names */
        CU_ASSERT_PTR_EQUAL(column_find(c->name), c);
        CU_ASSERT_TRUE(column_is(c, c->name));
        CU_ASSERT_TRUE(!last || last->order < c->order);
        CU_ASSERT_TRUE(!c->floor || c->note);
        if ( c->home == HOME_XEN )
            CU_ASSERT_TRUE(c->start && c->end && c->missing && c->mode);
        if ( c->home == HOME_BESIDE )
            CU_ASSERT_TRUE(c->batch && c->impossible);
        last = c;
    }
    CU_ASSERT_PTR_NULL(column_find(""));
    CU_ASSERT_PTR_NULL(column_find("xen"));
    CU_ASSERT_PTR_EQUAL(column_of_domain(MODE_PVH), &column_pvh);
    CU_ASSERT_PTR_NULL(column_of_domain(MODE_BARE));
}

/* Where bare mode is not to be had, it says so. */
static void test_impossible(void)
{
    CU_ASSERT_PTR_NOT_NULL(strstr(column_bare.impossible(NULL), "use the lab"));
    CU_ASSERT_PTR_NOT_NULL(strstr(column_bare.impossible(&(struct lab_options){ .cpu = "x" }),
                                  "--cpu=amd"));
    CU_ASSERT_PTR_NULL(column_bare.impossible(&(struct lab_options){ .cpu = NULL }));
}

static bool named(const char *text, const char *names)
{
    struct column_set set, domains = columns_at(HOME_XEN);
    bool good = columns_named(text, &set);
    char *found;

    /* Others may have joined these classes. */
    set = columns_common(&set, &domains);
    found = columns_text(&set, ",");
    good = good && !strcmp(found, names);
    free(found);
    return good;
}

/* Rows name columns and classes of them. */
static void test_names(void)
{
    struct column_set set;

    CU_ASSERT_TRUE(named("hvm pv", "pv,hvm"));
    CU_ASSERT_TRUE(named("xen", "pv,pvh,hvm,arm64"));
    CU_ASSERT_TRUE(named(" hardware ", "pvh,hvm"));
    CU_ASSERT_TRUE(named("pv hardware", "pv,pvh,hvm"));
    CU_ASSERT_TRUE(named("", ""));
    CU_ASSERT_FALSE(columns_named("pv xyz", &set));
    CU_ASSERT_FALSE(columns_named("pvx", &set));
    CU_ASSERT_FALSE(columns_named("p", &set));
    CU_ASSERT_FALSE(columns_named("XEN", &set));
    CU_ASSERT_TRUE(columns_named("hardware", &set));
    CU_ASSERT_TRUE(columns_have(&set, &column_bare));
    CU_ASSERT_FALSE(columns_have(&set, &column_pv));
    CU_ASSERT_EQUAL(columns_modes(&set) & MODE_PV, 0);
    CU_ASSERT_EQUAL(columns_modes(&set) & MODES_HARDWARE, MODES_HARDWARE);
}

static void test_sets(void)
{
    struct column_set none = { { false } }, pv = columns_only(&column_pv);
    struct column_set every = columns_every(), xen = columns_at(HOME_XEN), common;

    CU_ASSERT_FALSE(columns_any(&none));
    CU_ASSERT_PTR_NULL(columns_first(&none));
    CU_ASSERT_PTR_EQUAL(columns_first(&every), &column_pv);
    common = columns_common(&every, &xen);
    CU_ASSERT_TRUE(columns_equal(&common, &xen));
    CU_ASSERT_FALSE(columns_equal(&common, &pv));
    common = columns_common(&none, &every);
    CU_ASSERT_TRUE(columns_equal(&common, &none));
    columns_add(&none, &column_pv);
    CU_ASSERT_TRUE(columns_equal(&none, &pv));
}

/* A column of one more file (column_count.c) is measured, shown, written and read as any. */
static void test_one_more(void)
{
    static struct image_row rows[] = {
        { .index = 0, .name = (char *)"baseline/empty", .work = (char *)"nothing",
          .elsewhere = (char *)"", .flags = ROW_BASELINE, .samples = 3, .operations = 1 },
        { .index = 1, .name = (char *)"a/first", .work = (char *)"w", .path = (char *)"p",
          .elsewhere = (char *)"", .samples = 4, .operations = 1 },
        { .index = 2, .name = (char *)"a/second", .work = (char *)"w", .path = (char *)"p",
          .elsewhere = (char *)"only Xen", .samples = 4, .operations = 1 },
    };
    static const struct image image = { .rows = rows, .count = 3 };
    const struct image_row *chosen[] = { &rows[1], &rows[2] };
    const struct column *count = column_find("count");
    const struct session_options options = { .image = &image, .elf = "none", .boots = 2 };
    struct selection selection = { .rows = chosen, .count = 2 };
    struct results results = { 0 }, read = { 0 };
    char *table = NULL, *json;
    size_t size;
    FILE *out;

    CU_ASSERT_PTR_NOT_NULL_FATAL(count);
    /* What says "image" runs in it as well; what says "xen" does not. */
    CU_ASSERT_TRUE(columns_named("image", &rows[0].columns));
    CU_ASSERT_TRUE(columns_named("image", &rows[1].columns));
    CU_ASSERT_TRUE(columns_named("xen", &rows[2].columns));
    CU_ASSERT_EQUAL(parse_modes("count", &selection.columns), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(batch_run(count, NULL, &options, &selection, &results), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(results.count, 2);
    CU_ASSERT_PTR_EQUAL(results.rows[0].column, count);
    CU_ASSERT_EQUAL(results.rows[0].outcome, OUTCOME_SUCCESS);
    CU_ASSERT_EQUAL(results.rows[0].samples, 8);
    /* The second command; the first was the empty row, which is subtracted. */
    CU_ASSERT_EQUAL(results.rows[0].median, 1);
    CU_ASSERT_EQUAL(results.rows[0].overhead, 1);
    CU_ASSERT_EQUAL(results.rows[1].outcome, OUTCOME_SKIP);
    CU_ASSERT_STRING_EQUAL(results.rows[1].reason, "nobody counts that");

    out = open_memstream(&table, &size);
    table_print_markdown(out, &results);
    fclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(table, "| row | reaches | count |"));
    CU_ASSERT_PTR_NOT_NULL(strstr(table, "Column count: which command it was."));
    CU_ASSERT_PTR_NOT_NULL(strstr(table, "a/second in count: nobody counts that"));
    free(table);
    results.environment.clock = xstrdup("instructions");
    json = results_to_json(&results);
    CU_ASSERT_EQUAL(results_from_json(json, strlen(json), "it", &read), 0);
    CU_ASSERT_EQUAL_FATAL(read.count, 2);
    CU_ASSERT_PTR_EQUAL(read.rows[0].column, count);
    free(json);
    results_free(&read);
    results_free(&results);
}

void suite_columns(void)
{
    CU_pSuite suite = CU_add_suite("columns", NULL, NULL);

    CU_add_test(suite, "what each says", test_table);
    CU_add_test(suite, "bare, where it cannot be", test_impossible);
    CU_add_test(suite, "names and classes", test_names);
    CU_add_test(suite, "sets", test_sets);
    CU_add_test(suite, "one more", test_one_more);
}
