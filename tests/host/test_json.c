/*
 * report/json.c and report/file.c: what is written is read back, what does not
 * belong is refused, and a file is replaced whole or not at all.
 */
#include <CUnit/CUnit.h>
#include <dirent.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture.h"
#include "fixture.h"
#include "report/json.h"
#include "suites.h"
#include "xenometer.h"

static char directory[64], path[128];

static int make_directory(void)
{
    strcpy(directory, "/tmp/xenometer-test-XXXXXX");
    if ( mkdtemp(directory) == NULL )
        return 1;
    snprintf(path, sizeof(path), "%s/results.json", directory);
    return 0;
}

static int remove_directory(void)
{
    unlink(path);
    return rmdir(directory);   /* fails when anything was left behind */
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_distribution(const struct result *a, const struct result *b)
{
    for ( size_t i = 0; i < a->distinct; i++ )
        if ( a->distribution[i].value != b->distribution[i].value ||
             a->distribution[i].count != b->distribution[i].count )
            return false;
    return true;
}

static bool same_result(const struct result *a, const struct result *b)
{
    return same_text(a->row, b->row) && same_text(a->work, b->work) &&
           same_text(a->path, b->path) && same_text(a->against, b->against) &&
           same_text(a->reason, b->reason) &&
           a->column == b->column && a->outcome == b->outcome &&
           a->dom0 == b->dom0 && a->blocks == b->blocks &&
           a->batches == b->batches && a->notifications == b->notifications &&
           a->total == b->total &&
           a->operations == b->operations && a->samples == b->samples &&
           a->first == b->first && a->min == b->min &&
           a->median == b->median && a->p90 == b->p90 && a->p99 == b->p99 &&
           a->p999 == b->p999 && a->max == b->max &&
           a->ci95[0] == b->ci95[0] && a->ci95[1] == b->ci95[1] &&
           a->overhead == b->overhead && a->upcalls == b->upcalls &&
           a->bytes == b->bytes &&
           a->stolen == b->stolen && a->dom0_events == b->dom0_events &&
           a->total == b->total &&
           a->has_batch == b->has_batch && a->batch == b->batch &&
           a->boots == b->boots && a->distinct == b->distinct &&
           (a->boots == 0 || memcmp(a->boot_medians, b->boot_medians,
                                    a->boots * sizeof(*a->boot_medians)) == 0) &&
           (a->distinct == 0 || same_distribution(a, b)) &&
           a->raw_count == b->raw_count &&
           (a->raw == NULL) == (b->raw == NULL) &&
           (a->raw == NULL ||
            memcmp(a->raw, b->raw, a->raw_count * sizeof(*a->raw)) == 0);
}

static void test_round_trip(void)
{
    struct results out = { .count = 0 }, in = { .count = 0 };
    struct result *r;
    unsigned different = 0;

    fixture_fill(&out);
    r = fixture_find(&out, "hypercall/null", &column_pvh);
    r->upcalls = 7;
    r->bytes = 4096;
    r->against = xstrdup("ring/push-pop");
    r->notifications = 8;
    r->total = 9;
    r->batches = true;
    r->dom0_events = 11;
    r->raw_count = 3;
    r->raw = xcalloc(3, sizeof(*r->raw));
    r->raw[0] = 6593;
    r->raw[2] = (UINT64_C(1) << 53) + 1;   /* no double holds this */
    r->stolen = 4321;
    r->has_batch = true;
    r->batch = 6612;
    r->boots = 2;
    r->boot_medians = xcalloc(2, sizeof(*r->boot_medians));
    r->boot_medians[1] = 6589;
    r->distinct = 2;
    r->distribution = xcalloc(2, sizeof(*r->distribution));
    r->distribution[0] = (struct tally){ 6588, r->samples - 1 };
    r->distribution[1] = (struct tally){ (UINT64_C(1) << 53) + 1, 1 };
    out.environment.cpu_features = xstrdup("svm,npt,nrip-save");
    out.environment.boots = 2;
    out.environment.seed = 7;
    out.environment.image = xstrdup("0123abcd");
    r = fixture_find(&out, "port/ioreq", &column_hvm);
    r->outcome = OUTCOME_ERROR;
    r->reason = xstrdup("\"quoted\"\nand \u00fcnusual \\ things");

    CU_ASSERT_EQUAL_FATAL(results_write(path, &out), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(results_read(path, &in), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(in.count, out.count);
    for ( size_t i = 0; i < in.count; i++ )
        different += !same_result(&out.rows[i], &in.rows[i]);
    CU_ASSERT_EQUAL(different, 0);
    CU_ASSERT_STRING_EQUAL(in.environment.host, "lab-exact");
    CU_ASSERT_STRING_EQUAL(in.environment.clock, "instructions");
    CU_ASSERT_STRING_EQUAL(in.environment.mitigations, "Xen's defaults");
    CU_ASSERT_STRING_EQUAL(in.environment.cpu_features, "svm,npt,nrip-save");
    CU_ASSERT_EQUAL(in.environment.tsc_hz, 0);
    CU_ASSERT_EQUAL(in.environment.boots, 2);
    CU_ASSERT_EQUAL(in.environment.seed, 7);
    CU_ASSERT_STRING_EQUAL(in.environment.image, "0123abcd");
    results_free(&in);
    results_free(&out);
}

/* The fields of the schema, by name and type, as other programs read them. */
static void test_schema(void)
{
    static const char *const integers[] = { "samples", "first", "min", "median",
        "p90", "p99", "p999", "max", "overhead" };
    struct results results = { .count = 0 };
    char *text;
    json_t *root, *row, *ci95;

    fixture_fill(&results);
    text = results_to_json(&results);
    root = json_loads(text, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(root, "schema")),
                           "xenometer/1");
    CU_ASSERT_TRUE(json_is_object(json_object_get(root, "environment")));
    CU_ASSERT_EQUAL(json_array_size(json_object_get(root, "rows")),
                    results.count);
    row = json_array_get(json_object_get(root, "rows"), 0);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(row, "unit")),
                           "instructions");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(row, "mode")),
                           "pv");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(row, "status")),
                           "success");
    CU_ASSERT_TRUE(json_is_null(json_object_get(row, "reason")));
    for ( size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++ )
        CU_ASSERT_TRUE(json_is_integer(json_object_get(row, integers[i])));
    ci95 = json_object_get(row, "ci95");
    CU_ASSERT_EQUAL(json_array_size(ci95), 2);
    CU_ASSERT_TRUE(json_is_integer(json_array_get(ci95, 0)));
    CU_ASSERT_PTR_NULL(json_object_get(row, "raw"));
    /* What was not measured is null, not 0. */
    row = json_array_get(json_object_get(root, "rows"), 3);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(row, "status")),
                           "skip");
    CU_ASSERT_TRUE(json_is_null(json_object_get(row, "median")));
    json_decref(root);
    free(text);
    results_free(&results);
}

#define ENVIRONMENT "\"environment\": {\"clock\": \"cycles\"}"
#define ROW(fields) "{\"schema\": \"xenometer/1\", " ENVIRONMENT \
    ", \"rows\": [{\"row\": \"a/b\", \"mode\": \"pv\", " fields "}]}"

static int parse(const char *text, struct results *results)
{
    return results_from_json(text, strlen(text), "the test", results);
}

static bool refused(const char *text, const char *said)
{
    struct results results = { .count = 0 };
    int status;

    capture_begin();
    status = parse(text, &results);
    return says(capture_end(), said) && status == STATUS_USAGE &&
           results.count == 0 && results.rows == NULL;
}

static void test_unknown_fields(void)
{
    struct results results = { .count = 0 };

    CU_ASSERT_EQUAL_FATAL(parse(
        "{\"schema\": \"xenometer/1\", \"later\": {\"x\": [1.5]}, "
        "\"environment\": {\"clock\": \"cycles\", \"colour\": 7}, "
        "\"rows\": [{\"row\": \"a/b\", \"mode\": \"hvm\", \"status\": "
        "\"success\", \"median\": 12, \"mean\": 12.5, \"cells\": null}]}",
        &results), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(results.count, 1);
    CU_ASSERT_EQUAL(results.rows[0].median, 12);
    CU_ASSERT_EQUAL(results.rows[0].max, 0);
    CU_ASSERT_PTR_NULL(results.rows[0].work);
    results_free(&results);
}

static void test_schema_versions(void)
{
    CU_ASSERT_TRUE(refused("{\"schema\": \"xenometer/2\", " ENVIRONMENT
                           ", \"rows\": []}", "it has schema xenometer/2, this "
                           "version reads up to xenometer/1; use a newer"));
    CU_ASSERT_TRUE(refused("{\"schema\": \"xenometer/10\"}",
                           "it has schema xenometer/10"));
    CU_ASSERT_TRUE(refused("{\"schema\": \"xenometer/0\"}", "does not exist"));
    CU_ASSERT_TRUE(refused("{\"schema\": \"xenometer/1x\"}", "does not exist"));
    CU_ASSERT_TRUE(refused("{\"schema\": \"other/1\"}", "name the schema"));
    CU_ASSERT_TRUE(refused("{\"schema\": 1}", "name the schema"));
    CU_ASSERT_TRUE(refused("{}", "name the schema"));
    CU_ASSERT_TRUE(refused("[]", "name the schema"));
}

static void test_malformed(void)
{
    CU_ASSERT_TRUE(refused("", "the test is not a results file"));
    CU_ASSERT_TRUE(refused("{\n\n\"schema", "line 3"));
    CU_ASSERT_TRUE(refused("{\"schema\": \"xenometer/1\", \"rows\": []}",
                           "it has no environment"));
    CU_ASSERT_TRUE(refused("{\"schema\": \"xenometer/1\", " ENVIRONMENT "}",
                           "it has no rows"));
    CU_ASSERT_TRUE(refused("{\"schema\": \"xenometer/1\", \"environment\": "
                           "{\"clock\": \"seconds\"}, \"rows\": []}",
                           "environment.clock is neither"));
    CU_ASSERT_TRUE(refused("{\"schema\": \"xenometer/1\", " ENVIRONMENT
                           ", \"rows\": [7]}", "rows[0] is not an object"));
    CU_ASSERT_TRUE(refused(ROW("\"status\": \"great\""),
                           "rows[0].status is not one"));
    CU_ASSERT_TRUE(refused(ROW("\"status\": \"success\", \"mode\": \"xyz\""),
                           "rows[0].mode is not one"));
    CU_ASSERT_TRUE(refused(ROW("\"status\": \"success\", \"row\": null"),
                           "rows[0].row is missing"));
    CU_ASSERT_TRUE(refused(ROW("\"status\": \"success\", \"work\": 5"),
                           "rows[0].work is not a string"));
    CU_ASSERT_TRUE(refused(ROW("\"status\": \"success\", \"dom0\": 1"),
                           "rows[0].dom0 is neither true nor false"));
    CU_ASSERT_TRUE(refused(ROW("\"status\": \"success\", \"ci95\": [1]"),
                           "rows[0].ci95 is not a pair"));
    CU_ASSERT_TRUE(refused(ROW("\"status\": \"success\", \"raw\": 1"),
                           "rows[0].raw is not an array"));
    CU_ASSERT_TRUE(refused(ROW("\"status\": \"success\", \"boot_medians\": 5"),
                           "boot_medians is not an array"));
    CU_ASSERT_TRUE(refused(ROW("\"status\": \"success\", \"samples\": 3, "
                               "\"distribution\": [[7, 1], [5, 2]]"),
                           "distribution is not in order"));
    CU_ASSERT_TRUE(refused(ROW("\"status\": \"success\", \"samples\": 3, "
                               "\"distribution\": [[5, 1], [7, 1]]"),
                           "does not have all samples"));
    CU_ASSERT_TRUE(refused(ROW("\"status\": \"success\", \"samples\": 1, \"min\": 5, \"median\": 4"),
                           "are not in order"));
    CU_ASSERT_TRUE(refused(ROW("\"status\": \"success\", \"raw\": [1, -1]"),
                           "rows[0].raw is not a whole number"));
}

/* Integers stay integers: nothing is rounded on the way in. */
static void test_integers(void)
{
    struct results results = { .count = 0 };

    CU_ASSERT_EQUAL_FATAL(parse(ROW("\"status\": \"success\", \"median\": "
                                    "9007199254740993, \"max\": "
                                    "9223372036854775807"), &results),
                          STATUS_OK);
    CU_ASSERT_EQUAL(results.rows[0].median, UINT64_C(9007199254740993));
    CU_ASSERT_EQUAL(results.rows[0].max, INT64_MAX);
    results_free(&results);

    CU_ASSERT_TRUE(refused(ROW("\"status\": \"success\", \"median\": 1.5"),
                           "rows[0].median is not a whole number"));
    CU_ASSERT_TRUE(refused(ROW("\"status\": \"success\", \"median\": 12.0"),
                           "rows[0].median is not a whole number"));
    CU_ASSERT_TRUE(refused(ROW("\"status\": \"success\", \"median\": -1"),
                           "rows[0].median is not a whole number"));
    CU_ASSERT_TRUE(refused(ROW("\"status\": \"success\", \"median\": \"1\""),
                           "rows[0].median is not a whole number"));
    CU_ASSERT_TRUE(refused(ROW("\"status\": \"success\", \"samples\": "
                               "4294967296"), "rows[0].samples is not"));
    CU_ASSERT_TRUE(refused(ROW("\"status\": \"success\", \"median\": "
                               "99999999999999999999"), "too big"));
}

/* Bytes from a guest that are no UTF-8 must not spoil the document. */
static void test_foreign_bytes(void)
{
    struct results out = { .count = 0 }, in = { .count = 0 };
    struct result *r = results_add(&out);
    char *text;

    out.environment.clock = xstrdup("cycles");
    r->row = xstrdup("a/b");
    r->column = &column_pv;
    r->outcome = OUTCOME_FAILURE;
    r->reason = xstrdup("bad \xff\xfe bytes");
    text = results_to_json(&out);
    CU_ASSERT_EQUAL_FATAL(parse(text, &in), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(in.rows[0].reason, "bad ?? bytes");
    free(text);
    results_free(&in);
    results_free(&out);
}

static bool write_refused(const char *where, int status, const char *said)
{
    struct results results = { .count = 0 };
    int got;

    fixture_fill(&results);
    capture_begin();
    got = results_write(where, &results);
    results_free(&results);
    return says(capture_end(), said) && got == status;
}

static void test_unwritable(void)
{
    CU_ASSERT_TRUE(write_refused("/nonexistent/results.json", STATUS_USAGE,
        "cannot write /nonexistent/results.json: No such file or directory"));
    CU_ASSERT_TRUE(write_refused(directory, STATUS_USAGE, "Is a directory"));
    CU_ASSERT_TRUE(write_refused("", STATUS_USAGE, "cannot write ''"));
    CU_ASSERT_TRUE(write_refused("/dev/full", STATUS_ENVIRONMENT,
                                 "No space left on device; free some space"));
    /* A device is written into, never replaced. */
    CU_ASSERT_EQUAL(access("/dev/full", F_OK), 0);
}

/* The disk fills up half way: the old file stays, and nothing else. */
static void test_full_disk(void)
{
    struct rlimit limit, small = { 512, 512 };
    struct results old = { .count = 0 }, results = { .count = 0 };
    struct dirent *entry;
    unsigned files = 0;
    DIR *listing;

    old.environment.clock = xstrdup("cycles");
    CU_ASSERT_EQUAL_FATAL(results_write(path, &old), STATUS_OK);
    getrlimit(RLIMIT_FSIZE, &limit);
    small.rlim_max = limit.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    CU_ASSERT_TRUE(write_refused(path, STATUS_USAGE, "cannot write"));
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_DFL);

    CU_ASSERT_EQUAL(results_read(path, &results), STATUS_OK);
    CU_ASSERT_EQUAL(results.count, 0);
    listing = opendir(directory);
    while ( listing && (entry = readdir(listing)) != NULL )
        files += entry->d_name[0] != '.';
    closedir(listing);
    CU_ASSERT_EQUAL(files, 1);
    results_free(&results);
    results_free(&old);
}

/* A link is followed, and the new file may be read by those the umask lets. */
static void test_link_and_rights(void)
{
    struct results results = { .count = 0 };
    char link_path[160];
    struct stat st;
    mode_t mask = umask(022);

    results.environment.clock = xstrdup("cycles");
    snprintf(link_path, sizeof(link_path), "%s/link", directory);
    CU_ASSERT_EQUAL(results_write(path, &results), STATUS_OK);
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0644);
    CU_ASSERT_EQUAL(symlink(path, link_path), 0);
    CU_ASSERT_EQUAL(results_write(link_path, &results), STATUS_OK);
    CU_ASSERT_EQUAL(lstat(link_path, &st), 0);
    CU_ASSERT_TRUE(S_ISLNK(st.st_mode));
    unlink(link_path);
    umask(mask);
    results_free(&results);
}

static void test_unreadable(void)
{
    struct results results = { .count = 0 };
    int status;

    capture_begin();
    status = results_read("/nonexistent.json", &results);
    CU_ASSERT_TRUE(says(capture_end(), "cannot read /nonexistent.json: No"));
    CU_ASSERT_EQUAL(status, STATUS_USAGE);
    capture_begin();
    status = results_read("/tmp", &results);
    CU_ASSERT_TRUE(says(capture_end(), "Is a directory"));
    CU_ASSERT_EQUAL(status, STATUS_USAGE);
}

void suite_json(void)
{
    CU_pSuite suite = CU_add_suite("json", make_directory, remove_directory);

    CU_add_test(suite, "round trip", test_round_trip);
    CU_add_test(suite, "fields of the schema", test_schema);
    CU_add_test(suite, "unknown fields are ignored", test_unknown_fields);
    CU_add_test(suite, "other schema versions", test_schema_versions);
    CU_add_test(suite, "malformed documents", test_malformed);
    CU_add_test(suite, "integers stay integers", test_integers);
    CU_add_test(suite, "bytes that are no text", test_foreign_bytes);
    CU_add_test(suite, "paths that cannot be written", test_unwritable);
    CU_add_test(suite, "disk full half way", test_full_disk);
    CU_add_test(suite, "links and access rights", test_link_and_rights);
    CU_add_test(suite, "files that cannot be read", test_unreadable);
}
