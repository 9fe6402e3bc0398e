/*
 * catalogue/select.c: patterns, modes and numbers from the command line; bench/run_divided.c: what of
 * a selection two labs have.
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "bench/run_parts.h"
#include "capture.h"
#include "catalogue/select.h"
#include "suites.h"
#include "xenometer.h"

static struct image_row rows[] = {
    { .name = (char *)"baseline/empty", .flags = ROW_HEADLINE },
    { .name = (char *)"exit/cpuid-basic", .flags = ROW_HEADLINE },
    { .name = (char *)"exit/cpuid-deep" },
    { .name = (char *)"hypercall/null", .flags = ROW_HEADLINE },
    { .name = (char *)"port/qemu-ide", .flags = ROW_HEADLINE },
};
static struct image image = { .rows = rows, .count = 5, .architecture = "x86" };

/* Names of the rows selected, with spaces between; NULL: refused. */
static const char *select_names(bool headline, const char *first,
                                const char *second)
{
    static char names[256];
    char *patterns[2] = { (char *)first, (char *)second };
    size_t count = (first != NULL) + (size_t)(second != NULL);
    struct column_set domains = columns_at(HOME_XEN);
    struct selection selection;

    image.columns = columns_every();
    if ( select_rows(&image, patterns, count, &domains, headline,
                     &selection) != STATUS_OK )
        return "";
    CU_ASSERT_TRUE(columns_equal(&selection.columns, &domains));
    names[0] = '\0';
    for ( size_t i = 0; i < selection.count; i++ )
    {
        strcat(names, i ? " " : "");
        strcat(names, selection.rows[i]->name);
    }
    selection_free(&selection);
    return names;
}

/* Without columns asked for: rows of columns that have to be named are there by their group. */
static void test_usual(void)
{
    static struct image_row all[] = {
        { .name = (char *)"app/getppid", .program = "an application" },
        { .name = (char *)"hypercall/null" },
    };
    struct image both = { .rows = all, .count = 2, .columns = columns_every(), .architecture = "x86" };
    char star[] = "*", group[] = "app", row[] = "hypercall/null", every[] = "app*";
    char *patterns[2] = { star, row };
    const struct column *native = column_find("native");
    struct column_set usual = columns_usual();
    struct selection selection;

    CU_ASSERT_PTR_NOT_NULL_FATAL(native);
    CU_ASSERT_FALSE(columns_have(&usual, native));
    CU_ASSERT_TRUE(columns_have(&usual, column_find("pv")));
    CU_ASSERT_TRUE(columns_named("app", &all[0].columns));
    CU_ASSERT_TRUE(columns_named("xen", &all[1].columns));

    CU_ASSERT_EQUAL(select_rows(&both, patterns, 1, NULL, true, &selection), STATUS_OK);
    CU_ASSERT_EQUAL(selection.count, 1);
    CU_ASSERT_TRUE(columns_equal(&selection.columns, &usual));
    selection_free(&selection);

    /* Alone they have their own columns, with others all. */
    patterns[0] = group;
    CU_ASSERT_EQUAL(select_rows(&both, patterns, 1, NULL, true, &selection), STATUS_OK);
    CU_ASSERT_EQUAL(selection.count, 1);
    CU_ASSERT_TRUE(columns_equal(&selection.columns, &all[0].columns));
    selection_free(&selection);
    patterns[0] = every;
    CU_ASSERT_EQUAL(select_rows(&both, patterns, 2, NULL, true, &selection), STATUS_OK);
    CU_ASSERT_EQUAL(selection.count, 2);
    CU_ASSERT_TRUE(columns_have(&selection.columns, native));
    CU_ASSERT_TRUE(columns_have(&selection.columns, column_find("pv")));
    selection_free(&selection);

    /* Who names columns means them, and `all` are the usual ones. */
    patterns[0] = star;
    usual = columns_only(native);
    CU_ASSERT_EQUAL(select_rows(&both, patterns, 1, &usual, true, &selection), STATUS_OK);
    CU_ASSERT_EQUAL(selection.count, 2);
    CU_ASSERT_TRUE(columns_equal(&selection.columns, &usual));
    selection_free(&selection);
    CU_ASSERT_EQUAL(parse_modes("all", &usual), STATUS_OK);
    CU_ASSERT_FALSE(columns_have(&usual, native));
}

static void test_patterns(void)
{
    CU_ASSERT_STRING_EQUAL(select_names(false, NULL, NULL),
        "baseline/empty exit/cpuid-basic exit/cpuid-deep hypercall/null "
        "port/qemu-ide");
    CU_ASSERT_STRING_EQUAL(select_names(true, NULL, NULL),
        "baseline/empty exit/cpuid-basic hypercall/null port/qemu-ide");
    CU_ASSERT_STRING_EQUAL(select_names(false, "exit/*", NULL),
                           "exit/cpuid-basic exit/cpuid-deep");
    /* A row that is named is meant, headline or not. */
    CU_ASSERT_STRING_EQUAL(select_names(true, "exit/cpuid-deep", NULL),
                           "exit/cpuid-deep");
    /* A bare group. */
    CU_ASSERT_STRING_EQUAL(select_names(false, "exit", NULL),
                           "exit/cpuid-basic exit/cpuid-deep");
    /* In the image's order, each once. */
    CU_ASSERT_STRING_EQUAL(select_names(false, "hypercall/null", "*l*/*"),
                           "baseline/empty hypercall/null");
    CU_ASSERT_STRING_EQUAL(select_names(false, "*-[bi]*", NULL),
                           "exit/cpuid-basic port/qemu-ide");
}

static bool refused(const char *pattern, const char *said)
{
    const char *names;

    capture_begin();
    names = select_names(false, "hypercall/null", pattern);
    return says(capture_end(), said) && *names == '\0';
}

static void test_suggestions(void)
{
    char longest[400];

    CU_ASSERT_TRUE(refused("exti/*", "no row matches 'exti/*'; did you mean "
                           "'exit/*'? `xenometer list` shows them"));
    CU_ASSERT_TRUE(refused("hypercal/null", "did you mean 'hypercall/null'?"));
    CU_ASSERT_TRUE(refused("null", "did you mean 'hypercall/null'?"));
    CU_ASSERT_TRUE(refused("ports", "did you mean 'port/*'?"));
    CU_ASSERT_TRUE(refused("exit/cpuid-dep", "did you mean 'exit/cpuid-deep'?"));
    CU_ASSERT_TRUE(refused("frobnicate",
                           "no row matches 'frobnicate'; `xenometer list`"));
    CU_ASSERT_TRUE(refused("", "no row matches ''; `xenometer list`"));
    CU_ASSERT_TRUE(refused("/", "no row matches '/'; `xenometer list`"));
    CU_ASSERT_TRUE(refused("exit/", "no row matches 'exit/'"));
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    CU_ASSERT_TRUE(refused(longest, "`xenometer list` shows them"));
}

static bool modes_refused(const char *text, const char *said)
{
    struct column_set columns = columns_only(column_find("hvm")), before = columns;
    int status;

    capture_begin();
    status = parse_modes(text, &columns);
    return says(capture_end(), said) && status == STATUS_USAGE &&
           columns_equal(&columns, &before);
}

/* What it comes to, as names. */
static bool modes_are(const char *text, const char *names)
{
    struct column_set columns;
    bool same = parse_modes(text, &columns) == STATUS_OK;
    char *found = columns_text(&columns, " ");

    same = same && !strcmp(found, names);
    free(found);
    return same;
}

static void test_modes(void)
{
    struct column_set columns, usual = columns_usual();

    CU_ASSERT_TRUE(modes_are("pv", "pv"));
    CU_ASSERT_TRUE(modes_are("bare,pvh,hvm", "pvh hvm bare"));
    CU_ASSERT_TRUE(modes_are("pv,pv", "pv"));
    CU_ASSERT_EQUAL(parse_modes("all", &columns), STATUS_OK);
    CU_ASSERT_TRUE(columns_equal(&columns, &usual));
    CU_ASSERT_TRUE(modes_refused("pv,xyz", "unknown mode 'xyz'; modes are pv, pvh, hvm"));
    CU_ASSERT_TRUE(modes_refused("", "unknown mode ''"));
    CU_ASSERT_TRUE(modes_refused("pv,", "unknown mode ''"));
    CU_ASSERT_TRUE(modes_refused("PV", "unknown mode 'PV'"));
    /* A class is no mode. */
    CU_ASSERT_TRUE(modes_refused("xen", "unknown mode 'xen'"));
}

static bool number_refused(const char *text)
{
    uint32_t value = 77;
    int status;

    capture_begin();
    status = parse_count("--samples", text, 1, 8192, &value);
    return says(capture_end(), "is not a number from 1 to 8192") &&
           status == STATUS_USAGE && value == 77;
}

static void test_numbers(void)
{
    static const char *const bad[] = {
        "", "0", "8193", "-1", "+1", " 1", "1 ", "1x", "0x10", "1.5", "1e3",
        "4294967297", "18446744073709551617", "99999999999999999999999999",
        "\xff", "many",
    };
    uint32_t value;

    CU_ASSERT_EQUAL(parse_count("--samples", "1", 1, 8192, &value), STATUS_OK);
    CU_ASSERT_EQUAL(value, 1);
    CU_ASSERT_EQUAL(parse_count("--samples", "8192", 1, 8192, &value),
                    STATUS_OK);
    CU_ASSERT_EQUAL(value, 8192);
    CU_ASSERT_EQUAL(parse_count("--samples", "0000012", 1, 8192, &value),
                    STATUS_OK);
    CU_ASSERT_EQUAL(value, 12);
    CU_ASSERT_EQUAL(parse_count("-n", "4294967295", 0, UINT32_MAX, &value),
                    STATUS_OK);
    CU_ASSERT_EQUAL(value, UINT32_MAX);
    CU_ASSERT_EQUAL(parse_count("-n", "0", 0, 0, &value), STATUS_OK);
    CU_ASSERT_EQUAL(value, 0);
    for ( size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
        CU_ASSERT_TRUE(number_refused(bad[i]));
}

static void test_image_missing(void)
{
    struct image *missing;

    capture_begin();
    missing = select_image("/nonexistent.elf");
    CU_ASSERT_TRUE(says(capture_end(), "cannot read /nonexistent.elf"));
    CU_ASSERT_PTR_NULL(missing);
}

/* Each row of each column is in one of two labs, and the one that takes most in both. */
static void test_divide(void)
{
    static struct image_row all[] = {
        { .name = (char *)"block/virtio", .needs = DOMAIN_CONTROLLERS },
        { .name = (char *)"hypercall/null" },
        { .name = (char *)"net/netif-own", .needs = DOMAIN_NETWORK },
        { .name = (char *)"port/ioreq" },
    };
    const struct column *hvm = column_find("hvm");
    const struct image_row *list[] = { &all[0], &all[1], &all[2], &all[3] };
    struct selection selection = { .rows = list, .count = 4 };
    struct run_options o = { .clock = LAB_EXACT, .labs = 2 };
    struct run_share shares[2];

    CU_ASSERT_PTR_NOT_NULL_FATAL(hvm);
    CU_ASSERT_EQUAL(parse_modes("pv,pvh,hvm,bare", &selection.columns), STATUS_OK);
    all[1].columns = selection.columns;
    all[0].columns = all[2].columns = all[3].columns = columns_only(hvm);
    CU_ASSERT(run_divide(&o, &selection, shares));
    FOR_EACH_COLUMN(c)
        for ( size_t row = 0; row < selection.count; row++ )
        {
            unsigned times = 0;

            for ( size_t i = 0; i < 4; i++ )
            {
                const struct run_share *share = &shares[i / 2];

                for ( size_t k = 0; i % 2 < share->count && k < share->part[i % 2].count; k++ )
                    times += share->part[i % 2].rows[k] == list[row] &&
                             columns_have(&share->part[i % 2].columns, c);
            }
            CU_ASSERT_EQUAL(times, columns_have(&selection.columns, c));
        }
    /* PV and PVH take less than two HVM domains: beside them one of the shorter ones. */
    CU_ASSERT_EQUAL(shares[1].part[1].count, 2);
    CU_ASSERT_PTR_EQUAL(shares[1].part[1].rows[0], list[1]);
    CU_ASSERT_PTR_EQUAL(shares[1].part[1].rows[1], list[3]);
    for ( size_t i = 0; i < 2; i++ )
        CU_ASSERT(columns_have(&shares[i].part[shares[i].count - 1].columns, hvm));
    run_shares_free(shares);

    /* One kind of domain is one lab's; none of it where one lab is asked for. */
    selection.count = 1;
    CU_ASSERT_FALSE(run_divide(&o, &selection, shares));
    run_shares_free(shares);
    selection.count = 4;
    o.labs = 1;
    CU_ASSERT_FALSE(run_divide(&o, &selection, shares));
    run_shares_free(shares);
}

void suite_select(void)
{
    CU_pSuite suite = CU_add_suite("select", NULL, NULL);

    CU_add_test(suite, "usual columns", test_usual);
    CU_add_test(suite, "patterns", test_patterns);
    CU_add_test(suite, "suggestions", test_suggestions);
    CU_add_test(suite, "modes", test_modes);
    CU_add_test(suite, "numbers", test_numbers);
    CU_add_test(suite, "missing image", test_image_missing);
    CU_add_test(suite, "two labs", test_divide);
}
