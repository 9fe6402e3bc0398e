/*
 * catalogue/catalogue.c: the image's rows and this program's own, in one table.
 */
#include <CUnit/CUnit.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalogue/catalogue.h"
#include "catalogue/intel.h"
#include "catalogue/published.h"
#include "elf_maker.h"
#include "fixture.h"
#include "measure/result.h"
#include "report/json.h"
#include "report/layout.h"
#include "suites.h"
#include "xenometer.h"

/* "group/one" and "group/two" out of a file. */
static struct image *small_image(void)
{
    static struct maker maker;
    const char *path;
    char *error = NULL;
    struct image *image;

    maker_fill(&maker);
    path = maker_write(&maker, sizeof(maker));
    image = image_load(path, &error);
    unlink(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(image);
    return image;
}

static void test_merging(void)
{
    static const struct row own[] = {
        { .name = "lifecycle/one", .work = "w", .help = "h", .columns = "pv", .samples = 5 },
        { .name = "group/own", .columns = "dom0", .samples = 7 },
        { .name = "lifecycle/two", .columns = "xen", .elsewhere = "because" },
    };
    static const struct row_code code[3];
    static const char *const order[] = {
        "group/one", "group/two", "group/own", "lifecycle/one", "lifecycle/two",
    };
    struct image *image = small_image();
    uint32_t index = image_find(image, "group/two")->index;

    CU_ASSERT_PTR_NULL(catalogue_add(image, own, code, 3));
    CU_ASSERT_EQUAL_FATAL(image->count, 5);
    for ( size_t i = 0; i < 5; i++ )
        CU_ASSERT_STRING_EQUAL(image->rows[i].name, order[i]);
    /* What the image measures is still found there under its number. */
    CU_ASSERT_EQUAL(image_find(image, "group/two")->index, index);
    CU_ASSERT_FALSE(row_is_own(&image->rows[1]));
    CU_ASSERT_TRUE(row_is_own(&image->rows[2]));
    CU_ASSERT_PTR_EQUAL(image->rows[3].own, &code[0]);
    CU_ASSERT_EQUAL(image->rows[2].samples, 7);
    CU_ASSERT_STRING_EQUAL(image->rows[4].elsewhere, "because");
    CU_ASSERT_STRING_EQUAL(image->rows[4].work, "");   /* never NULL */
    image_free(image);
}

static void test_same_name(void)
{
    static const struct row own[] = { { .name = "group/two" } };
    static const struct row_code code[1];
    struct image *image = small_image();
    char *error = catalogue_add(image, own, code, 1);

    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "group/two"));
    free(error);
    image_free(image);
}

static void test_peers(void)
{
    struct image_row row = { .needs = DOMAIN_PEER };

    CU_ASSERT_TRUE(row_is_own(&row));
    row.needs = DOMAIN_SMP | SERVICE_ECHO;
    CU_ASSERT_FALSE(row_is_own(&row));
}

/* Results stand in the order of the table, also those of our own rows. */
static void test_order(void)
{
    static const struct row own[] = {
        { .name = "group/own", .columns = "dom0" }, { .name = "later/own", .columns = "dom0" },
    };
    static const struct row_code code[2];
    static const char *const names[] = { "later/own", "unknown/row", "group/own", "group/one" };
    struct image *image = small_image();
    struct results results = { 0 };

    CU_ASSERT_PTR_NULL(catalogue_add(image, own, code, 2));
    for ( size_t i = 0; i < 4; i++ )
    {
        struct result *r = results_add(&results);

        r->row = xstrdup(names[i]);
        r->column = &column_dom0;
    }
    results_sort(&results, image);
    CU_ASSERT_STRING_EQUAL(results.rows[0].row, "group/one");
    CU_ASSERT_STRING_EQUAL(results.rows[1].row, "group/own");
    CU_ASSERT_STRING_EQUAL(results.rows[2].row, "later/own");
    CU_ASSERT_STRING_EQUAL(results.rows[3].row, "unknown/row");
    results_free(&results);
    image_free(image);
}

/* Each note on Intel CPUs is of rows that there are, and the first that fits them. */
static void test_intel_notes(void)
{
    char *error = NULL;
    struct image *image = catalogue_load("build/xenometer.elf", &error);
    const char *pattern;

    CU_ASSERT_PTR_NOT_NULL_FATAL(image);
    for ( size_t i = 0; (pattern = intel_pattern(i)) != NULL; i++ )
    {
        size_t rows = 0;

        for ( size_t k = 0; k < image->count; k++ )
            rows += row_matches(pattern, image->rows[k].name) &&
                    intel_note(image->rows[k].name) != NULL;
        CU_ASSERT(rows > 0);
    }
    CU_ASSERT_PTR_NULL(intel_note("baseline/empty"));
    CU_ASSERT_PTR_NOT_NULL(strstr(intel_note("mmio/xen-lapic"), "no VM exit"));
    CU_ASSERT_PTR_NOT_NULL(strstr(intel_note("mmio/ioreq"), "EPT violation"));
    image_free(image);
}

/* Others' figures belong to rows that there are, and name their hardware and their source. */
static void test_published_figures(void)
{
    char *error = NULL;
    struct image *image = catalogue_load("build/xenometer.elf", &error);
    const struct published *p;

    CU_ASSERT_PTR_NOT_NULL_FATAL(image);
    for ( size_t i = 0; (p = published_at(i)) != NULL; i++ )
    {
        CU_ASSERT_PTR_NOT_NULL(image_find(image, p->row));
        CU_ASSERT(p->cycles > 0 && *p->what);
        CU_ASSERT_PTR_NOT_NULL(strstr(p->on, "Intel"));    /* the CPU */
        CU_ASSERT(strlen(p->source) > 20);                 /* who, and what */
    }
    CU_ASSERT_EQUAL(published_for("hypercall/null", 0)->cycles, 1300);
    CU_ASSERT_PTR_NULL(published_for("hypercall/null", 3));
    CU_ASSERT_PTR_NULL(published_for("baseline/empty", 0));
    image_free(image);
}

/* What image.c demands of the image's rows, of ours. */
static void test_our_rows(void)
{
    char *error = NULL;
    struct image *image = catalogue_load("build/xenometer.elf", &error);
    size_t ours = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(image);
    for ( size_t i = 0; i < image->count; i++ )
    {
        const struct image_row *row = &image->rows[i];

        /* What it is to be compared with is there, and does the same work. */
        if ( *row->against )
        {
            const struct image_row *other = image_find(image, row->against);
            struct column_set common;

            CU_ASSERT_PTR_NOT_NULL_FATAL(other);
            CU_ASSERT_STRING_EQUAL(other->work, row->work);
            common = columns_common(&other->columns, &row->columns);
            CU_ASSERT_TRUE(columns_equal(&common, &row->columns));
        }
        if ( !row->own )
            continue;
        ours++;
        for ( const char *c = row->name; *c; c++ )
            CU_ASSERT_TRUE(islower((unsigned char)*c) || isdigit((unsigned char)*c) ||
                           *c == '-' || *c == '/');
        CU_ASSERT_PTR_NOT_NULL(strchr(row->name, '/'));
        CU_ASSERT_TRUE(*row->work && *row->path && *row->help && *row->explanation);
        CU_ASSERT_TRUE(*row->elsewhere);   /* none runs everywhere */
        FOR_EACH_COLUMN(c)
            if ( columns_have(&row->columns, c) )
                CU_ASSERT_TRUE(c->home == HOME_XEN || c->home == HOME_DOM0);
        CU_ASSERT_TRUE(row->operations && row->samples);
        CU_ASSERT_PTR_NOT_NULL(row->own->run);
        CU_ASSERT_PTR_NULL(row->own->setup);
        CU_ASSERT_TRUE(strlen(row->explanation) < 600);
    }
    CU_ASSERT_TRUE(ours > 0);
    CU_ASSERT_PTR_NOT_NULL(image_baseline(image));
    image_free(image);
}

/* A process of dom0 has a column of its own, and only then is there one. */
static void test_column(void)
{
    struct results results = { .count = 0 };
    struct layout *layout;
    struct result *r;

    fixture_fill(&results);
    layout = layout_make(&results, false, NARROW_NOT);
    CU_ASSERT_FALSE(columns_have(&layout->columns, &column_dom0));
    layout_free(layout);

    r = results_add(&results);
    r->row = xstrdup("hypercall/from-dom0-process");
    r->work = xstrdup("enter the hypervisor and return");
    r->column = &column_dom0;
    r->median = r->p99 = 3210;
    layout = layout_make(&results, false, NARROW_NOT);
    CU_ASSERT_TRUE(columns_have(&layout->columns, &column_dom0));
    CU_ASSERT_TRUE(columns_have(&layout->ratios, &column_dom0));
    for ( size_t g = 0; g < layout->count; g++ )
        for ( size_t i = 0; i < layout->groups[g].count; i++ )
        {
            const struct layout_row *row = &layout->groups[g].rows[i];
            bool ours = !strcmp(row->name, "hypercall/from-dom0-process");

            CU_ASSERT_EQUAL(row->cells[column_place(&column_dom0)].kind, ours ? CELL_FIGURE : CELL_EMPTY);
            if ( ours )
                /* hypercall/enosys takes 290 in PV: the cheapest of that work. */
                CU_ASSERT_STRING_EQUAL(row->cells[column_place(&column_dom0)].ratio, "11.1x");
        }
    layout_free(layout);
    results_free(&results);
}

/* Told below the table, for each column that both have. */
static void test_against(void)
{
    struct results results = { .count = 0 };
    struct result *r;
    static const struct column *const domains[] = { &column_pv, &column_pvh, &column_hvm };
    char **notes;
    size_t told = 0;

    fixture_fill(&results);
    for ( size_t m = 0; m < 3; m++ )
    {
        r = fixture_find(&results, "hypercall/null", domains[m]);
        r->against = xstrdup("hypercall/enosys");
        CU_ASSERT_EQUAL(r->outcome, OUTCOME_SUCCESS);
    }
    fixture_find(&results, "hypercall/null", &column_pv)->median = 870;
    fixture_find(&results, "hypercall/enosys", &column_pv)->median = 290;
    fixture_find(&results, "hypercall/null", &column_pvh)->median = 5000;
    fixture_find(&results, "hypercall/enosys", &column_pvh)->median = 2500;
    fixture_find(&results, "hypercall/enosys", &column_hvm)->outcome = OUTCOME_SKIP;
    notes = notes_footer(&results, false, NARROW_NOT);
    for ( char **n = notes; *n; n++ )
        told += strcmp(*n, "The same by other code: hypercall/null in PV 870, 3.0x that of "
                           "hypercall/enosys, in PVH 5,000, 2.0x.") == 0;
    CU_ASSERT_EQUAL(told, 1);
    notes_free(notes);
    results_free(&results);
}

/* Written only where several domains were served; read back as it was. */
static void test_served(void)
{
    struct results out = { .count = 0 }, in = { .count = 0 };
    struct result *r;
    char *text;

    out.environment.clock = xstrdup("instructions");
    r = results_add(&out);
    r->row = xstrdup("neighbours/2");
    r->column = &column_pv;
    r->samples = 200;
    r->served[0] = 97;
    r->served[1] = 108;
    r = results_add(&out);
    r->row = xstrdup("hypercall/from-dom0-process");
    r->column = &column_dom0;
    text = results_to_json(&out);
    CU_ASSERT_EQUAL_FATAL(results_from_json(text, strlen(text), "test", &in), STATUS_OK);
    CU_ASSERT_EQUAL(in.rows[0].served[0], 97);
    CU_ASSERT_EQUAL(in.rows[0].served[1], 108);
    CU_ASSERT_EQUAL(in.rows[1].served[1], 0);
    CU_ASSERT_EQUAL(in.rows[1].column, &column_dom0);
    CU_ASSERT_PTR_NULL(strstr(strstr(text, "from-dom0"), "served"));
    free(text);
    results_free(&in);
    results_free(&out);
}

void suite_catalogue(void)
{
    CU_pSuite suite = CU_add_suite("catalogue", NULL, NULL);

    CU_add_test(suite, "merging", test_merging);
    CU_add_test(suite, "a name twice", test_same_name);
    CU_add_test(suite, "rows with a peer", test_peers);
    CU_add_test(suite, "order of results", test_order);
    CU_add_test(suite, "our rows", test_our_rows);
    CU_add_test(suite, "notes on Intel CPUs", test_intel_notes);
    CU_add_test(suite, "figures that others published", test_published_figures);
    CU_add_test(suite, "a column of its own", test_column);
    CU_add_test(suite, "one row against another", test_against);
    CU_add_test(suite, "served", test_served);
}
