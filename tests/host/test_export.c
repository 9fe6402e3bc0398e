/*
 * report/export.c, report/store.c and the published schemas: what is written for other programs
 * says what was measured.
 */
#include <CUnit/CUnit.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture.h"
#include "catalogue/modes.h"
#include "fixture.h"
#include "lib/files.h"
#include "report/export.h"
#include "report/json.h"
#include "report/output.h"
#include "report/store.h"
#include "schema.h"
#include "suites.h"
#include "xenometer.h"

static struct results results;

static char *exported(const char *format)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    export_find(format)->print(out, &results);
    fclose(out);
    return text;
}

/* --------------------------------------------------------------- schemas -- */

/* The checker itself: each keyword that our schemas use can say no. */
static void test_checker(void)
{
    static const struct {
        const char *schema, *good, *bad;
    } cases[] = {
        { "{\"type\": \"integer\"}", "1", "1.5" },
        { "{\"type\": [\"string\", \"null\"]}", "null", "[]" },
        { "{\"enum\": [\"a\", \"b\"]}", "\"b\"", "\"c\"" },
        { "{\"const\": \"x/1\"}", "\"x/1\"", "\"x/2\"" },
        { "{\"pattern\": \"^a+$\"}", "\"aa\"", "\"ab\"" },
        { "{\"required\": [\"a\"]}", "{\"a\": 1}", "{\"b\": 1}" },
        { "{\"properties\": {\"a\": {\"type\": \"null\"}}}", "{\"a\": null}", "{\"a\": 1}" },
        { "{\"properties\": {\"a\": {}}}", "{\"a\": 1}", "{\"unknown\": 1}" },
        { "{\"items\": {\"minimum\": 0}}", "[0, 1]", "[0, -1]" },
        { "{\"minItems\": 1, \"maxItems\": 2}", "[1, 2]", "[1, 2, 3]" },
        { "{\"minItems\": 1}", "[1]", "[]" },
    };

    for ( size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        CU_ASSERT_TRUE(schema_fits_text(cases[i].schema, cases[i].good));
        capture_begin();
        CU_ASSERT_FALSE(schema_fits_text(cases[i].schema, cases[i].bad));
        capture_end();
    }
    capture_begin();
    CU_ASSERT_FALSE(schema_fits_text("{\"oneOf\": []}", "1"));
    CU_ASSERT_TRUE(says(capture_end(), "oneOf is not known here"));
}

static void test_schema(void)
{
    struct result *r;
    char *text;

    fixture_fill(&results);
    text = results_to_json(&results);
    CU_ASSERT_TRUE(schema_fits("results-1.json", text));
    free(text);
    /* With everything that is only there sometimes. */
    r = fixture_find(&results, "hypercall/null", &column_pvh);
    r->against = xstrdup("ring/push-pop");
    r->served[0] = 1;
    r->served[1] = 2;
    r->bytes = 4096;
    r->has_batch = r->has_layers = true;
    r->layers[1] = 7;
    r->raw_count = 1;
    r->raw = xcalloc(1, sizeof(*r->raw));
    r->boots = 1;
    r->boot_medians = xcalloc(1, sizeof(*r->boot_medians));
    r->distinct = 1;
    r->distribution = xcalloc(1, sizeof(*r->distribution));
    r->distribution[0] = (struct tally){ 6588, r->samples };
    r = fixture_find(&results, "hypercall/null", &column_pv);
    r->outcome = OUTCOME_ERROR;
    r->reason = xstrdup("<b>\xff\"");
    results.environment.dom0_modules = xstrdup("evtchn 0xffff");
    results.environment.cpu_features = xstrdup("svm,npt");
    results.environment.boots = 2;
    text = results_to_json(&results);
    CU_ASSERT_TRUE(schema_fits("results-1.json", text));
    free(text);
    results_free(&results);
    /* Nothing measured, nothing known but the clock. */
    results.environment.clock = xstrdup("cycles");
    text = results_to_json(&results);
    CU_ASSERT_TRUE(schema_fits("results-1.json", text));
    free(text);
    results_free(&results);
}

/* --------------------------------------------------------------- exports -- */

/* The next field of CSV, unquoted, into `field`; past it and its separator. */
static const char *next_field(const char *at, char *field, size_t room)
{
    bool quoted = *at == '"';
    size_t n = 0;

    at += quoted;
    while ( quoted ? *at != '"' || at[1] == '"' : *at != ',' && *at != '\r' )
    {
        at += quoted && *at == '"';
        if ( n + 1 < room )
            field[n++] = *at;
        at++;
    }
    at += quoted;
    field[n] = '\0';
    return *at == ',' ? at + 1 : at;
}

/* Every cell is there with its figures, whatever stands in its texts. */
static void test_csv(void)
{
    char *text, field[24][200];
    const char *at;
    unsigned wrong = 0;
    struct result *r;

    fixture_fill(&results);
    r = fixture_find(&results, "port/ioreq", &column_pvh);
    free(r->reason);
    r->reason = xstrdup("a \"quoted\", long\r\nreason");
    text = exported("csv");
    at = strchr(text, '\n') + 1;
    for ( size_t i = 0; i < results.count; i++ )
    {
        char median[24] = "", p99[24] = "";

        r = &results.rows[i];
        for ( unsigned k = 0; k < 24; k++ )
            at = next_field(at, field[k], sizeof(field[k]));
        CU_ASSERT_EQUAL_FATAL(strncmp(at, "\r\n", 2), 0);
        at += 2;
        if ( r->outcome == OUTCOME_SUCCESS )
        {
            snprintf(median, sizeof(median), "%" PRIu64, r->median);
            snprintf(p99, sizeof(p99), "%" PRIu64, r->p99);
        }
        wrong += strcmp(field[0], r->row) || strcmp(field[1], r->work) ||
                 strcmp(field[3], r->column->name) || strcmp(field[13], median) ||
                 strcmp(field[15], p99) || strcmp(field[5], r->reason ? r->reason : "");
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(*at, '\0');
    free(text);
    results_free(&results);
}

/* What is written is what was read. */
static void test_json(void)
{
    struct results read = { .count = 0 };
    char *text, *again;

    fixture_fill(&results);
    text = exported("json");
    CU_ASSERT_EQUAL_FATAL(results_from_json(text, strlen(text), "it", &read), STATUS_OK);
    again = results_to_json(&read);
    CU_ASSERT_STRING_EQUAL(text, again);
    free(again);
    free(text);
    results_free(&read);
    results_free(&results);
}

/* bencher.dev, "Bencher Metric Format": {benchmark: {measure: {value, lower_value, upper_value}}}. */
static void test_bencher(void)
{
    static const char schema[] = "{\"type\": \"object\"}";
    char *text;
    json_t *document, *metric;
    size_t measured = 0;

    fixture_fill(&results);
    for ( size_t i = 0; i < results.count; i++ )
        measured += results.rows[i].outcome == OUTCOME_SUCCESS;
    text = exported("bencher");
    CU_ASSERT_TRUE(schema_fits_text(schema, text));
    document = json_loads(text, 0, NULL);
    CU_ASSERT_EQUAL(json_object_size(document), measured);
    metric = json_object_get(json_object_get(document, "hypercall/null pvh"), "instructions");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(metric, "value")), 6588);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(metric, "lower_value")), 6588);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(metric, "upper_value")), 6588);
    /* A row that cannot run there is none of a service's business. */
    CU_ASSERT_PTR_NULL(json_object_get(document, "port/ioreq pv"));
    json_decref(document);
    free(text);
    results_free(&results);
}

/* github-action-benchmark, examples/… "custom": [{name, unit, value, range, extra}]. */
static void test_github(void)
{
    static const char schema[] = "{\"type\": \"array\", \"items\": {\"type\": \"object\", "
        "\"required\": [\"name\", \"unit\", \"value\"], \"properties\": {"
        "\"name\": {\"type\": \"string\"}, \"unit\": {\"const\": \"instructions\"}, "
        "\"value\": {\"type\": \"number\"}, \"range\": {\"type\": \"string\"}, "
        "\"extra\": {\"type\": \"string\"}}}}";
    char *text;

    fixture_fill(&results);
    text = exported("github");
    CU_ASSERT_TRUE(schema_fits_text(schema, text));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"port/ioreq hvm\""));
    free(text);
    results_free(&results);
}

static void test_no_format(void)
{
    capture_begin();
    CU_ASSERT_PTR_NULL(export_find("xml"));
    CU_ASSERT_TRUE(says(capture_end(), "--format=xml: must be table, wide, markdown, csv, json, "
                        "bencher or github"));
}

/* ----------------------------------------------------------------- store -- */

static char home[64];

static int make_home(void)
{
    strcpy(home, "/tmp/xenometer-test-XXXXXX");
    if ( mkdtemp(home) == NULL )
        return 1;
    return setenv("XDG_DATA_HOME", home, 1);
}

static int remove_home(void)
{
    unsetenv("XDG_DATA_HOME");
    return remove_tree(home);
}

static char *listed(void)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    store_list(out);
    fclose(out);
    return text;
}

static void test_store(void)
{
    struct results read = { .count = 0 };
    char *path, *text;

    fixture_fill(&results);
    CU_ASSERT_PTR_NULL(store_find("before"));
    CU_ASSERT_EQUAL(store_save("before", &results), STATUS_OK);
    CU_ASSERT_EQUAL(store_save("xen-4.20+", &results), STATUS_OK);
    path = store_find("before");
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    CU_ASSERT_EQUAL(strncmp(path, home, strlen(home)), 0);
    free(path);
    CU_ASSERT_EQUAL_FATAL(results_read("before", &read), STATUS_OK);
    CU_ASSERT_EQUAL(read.count, results.count);
    results_free(&read);
    text = listed();
    CU_ASSERT_TRUE(says(text, "before ") && says(text, "xen-4.20+ ") &&
                   says(text, "Xen 4.17.7, lab-exact, 84 results"));
    free(text);
    /* Of files that are no results it is said; the others are listed. */
    path = xasprintf("%s/xenometer/results/broken.json", home);
    CU_ASSERT_EQUAL(write_whole_file(path, "{", 1, 0644), 0);
    capture_begin();
    text = listed();
    CU_ASSERT_TRUE(says(capture_end(), "broken is not a results file"));
    CU_ASSERT_TRUE(says(text, "before "));
    free(text);
    free(path);
    CU_ASSERT_EQUAL(store_remove("before"), STATUS_OK);
    CU_ASSERT_PTR_NULL(store_find("before"));
    capture_begin();
    CU_ASSERT_EQUAL(store_remove("before"), STATUS_USAGE);
    CU_ASSERT_TRUE(says(capture_end(), "nothing is kept as before"));
    results_free(&results);
}

static void test_store_names(void)
{
    static const char *const bad[] = { "", ".", "..", ".hidden", "a/b", "../../x", "a b", "-x",
        "\xc3\xbc", "0123456789012345678901234567890123456789012345678901234567890123456789" };

    fixture_fill(&results);
    for ( size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
    {
        capture_begin();
        CU_ASSERT_EQUAL(store_save(bad[i], &results), STATUS_USAGE);
        CU_ASSERT_TRUE(says(capture_end(), "is no name to keep results under"));
        CU_ASSERT_PTR_NULL(store_find(bad[i]));
    }
    /* Where the directory cannot be made. */
    setenv("XDG_DATA_HOME", "/dev/null", 1);
    capture_begin();
    CU_ASSERT_EQUAL(store_save("before", &results), STATUS_ENVIRONMENT);
    CU_ASSERT_TRUE(says(capture_end(), "cannot make /dev/null/xenometer/results"));
    setenv("XDG_DATA_HOME", home, 1);
    results_free(&results);
}

void suite_export(void)
{
    CU_pSuite s = CU_add_suite("export", make_home, remove_home);

    CU_add_test(s, "the checker of schemas", test_checker);
    CU_add_test(s, "results by their schema", test_schema);
    CU_add_test(s, "CSV", test_csv);
    CU_add_test(s, "JSON there and back", test_json);
    CU_add_test(s, "Bencher", test_bencher);
    CU_add_test(s, "github-action-benchmark", test_github);
    CU_add_test(s, "no such format", test_no_format);
    CU_add_test(s, "results under a name", test_store);
    CU_add_test(s, "names that are none", test_store_names);
}
