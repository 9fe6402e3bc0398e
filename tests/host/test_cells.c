/*
 * bench/cells.c, cells_merge.c, side.c, factors.c, report/history.c: a plan is written once, what
 * does not belong to it is refused, what is missing is named; factors are taken apart; the chart.
 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "bench/cells.h"
#include "bench/factors.h"
#include "bench/side.h"
#include "capture.h"
#include "catalogue/select.h"
#include "lib/files.h"
#include "report/history.h"
#include "report/json.h"
#include "suites.h"
#include "xenometer.h"

static char top[] = "/tmp/xenometer-cells-XXXXXX";

static void begin(void)
{
    strcpy(top + strlen(top) - 6, "XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(top));
}

/* `run --plan` of that row in PV and PVH; what it says on stderr must have `says_what`. */
static int make_plan(const char *row, const char *factor, const char *says_what)
{
    char *patterns[] = { (char *)row };
    struct run_options o = { .patterns = patterns, .pattern_count = 1, .host = "auto", .clock = LAB_EXACT,
                             .boots = 1, .seed = 1, .suite = "trixie" };
    int status, out = dup(STDOUT_FILENO);

    parse_modes("pv,pvh", &o.columns);
    if ( factor )
        factors_add(&o.factors, factor);
    fflush(stdout);
    CU_ASSERT_PTR_NOT_NULL(freopen("/dev/null", "w", stdout));
    capture_begin();
    status = cells_plan(&o, top);
    CU_ASSERT(says(capture_end(), says_what));
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    close(out);
    return status;
}

/* What a cell would have written. */
static void make_cell(const char *name, const char *mode, const char *clock, const char *key)
{
    char *text = xasprintf("{\"schema\": \"xenometer/1\", \"plan\": \"%s\", \"environment\": {\"host\": "
        "\"lab-exact\", \"clock\": \"%s\", \"xen\": \"4.20\"}, \"rows\": [{\"row\": \"hypercall/null\", "
        "\"work\": \"w\", \"mode\": \"%s\", \"status\": \"success\", \"samples\": 1, \"first\": 5, \"min\": 5, \"median\": 5, \"p90\": 5, \"p99\": 5, \"p999\": 5, \"max\": 5}]}",
        key, clock, mode);
    char *path = xasprintf("%s/cells/%s", top, name);

    CU_ASSERT_EQUAL(write_whole_file(path, text, strlen(text), 0666), 0);
    free(path);
    free(text);
}

static char *key_of_plan(void)
{
    char *path = path_in(top, "plan.json");
    json_t *plan = json_load_file(path, 0, NULL);
    char *key = xstrdup(json_string_value(json_object_get(plan, "key")));

    json_decref(plan);
    free(path);
    return key;
}

static int merge(bool partial, const char *says_what)
{
    char *output = path_in(top, "merged.json");
    struct cells_merge o = { .directory = top, .output = output, .partial = partial };
    int status, out = dup(STDOUT_FILENO);

    fflush(stdout);
    CU_ASSERT_PTR_NOT_NULL(freopen("/dev/null", "w", stdout));
    capture_begin();
    status = cells_merge(&o);
    CU_ASSERT(says(capture_end(), says_what));
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    close(out);
    free(output);
    return status;
}

static size_t merged_rows(void)
{
    char *path = path_in(top, "merged.json");
    json_t *document = json_load_file(path, 0, NULL);
    size_t count = json_array_size(json_object_get(document, "rows"));

    json_decref(document);
    free(path);
    return count;
}

static void test_plan(void)
{
    char *path, *commands;

    begin();
    CU_ASSERT_EQUAL(make_plan("hypercall/null", NULL, "2 cells; run the lines of"), STATUS_OK);
    path = path_in(top, "commands");
    commands = read_whole_file(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(commands);
    CU_ASSERT_PTR_NOT_NULL(strstr(commands, "--cell=1   # writes cells/001-lab-pv-1.json\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(commands, "--cell=2   # writes cells/002-lab-pvh-1.json\n"));
    free(commands);
    free(path);
    CU_ASSERT_EQUAL(make_plan("hypercall/null", NULL, "is taken up: 0 of 2 cells"), STATUS_OK);
    CU_ASSERT_EQUAL(make_plan("exit/*", NULL, "has another plan, of 2 cells"), STATUS_USAGE);
    CU_ASSERT_EQUAL(make_plan("hypercall/null", "xen:sched=credit", "has another plan"), STATUS_USAGE);
    CU_ASSERT_EQUAL(make_plan("no/such-row", NULL, "no/such-row"), STATUS_USAGE);
    remove_tree(top);
}

static void test_merge(void)
{
    char *key, *path;

    begin();
    CU_ASSERT_EQUAL(merge(false, "has no plan"), STATUS_USAGE);
    make_plan("hypercall/null", NULL, "2 cells");
    key = key_of_plan();
    CU_ASSERT_EQUAL(merge(false, "001-lab-pv-1: it is not measured"), STATUS_FAILED);
    make_cell("001-lab-pv-1.json", "pv", "instructions", key);
    CU_ASSERT_EQUAL(make_plan("hypercall/null", NULL, "is taken up: 1 of 2"), STATUS_OK);
    CU_ASSERT_EQUAL(merge(false, "1 of 2 cells are missing"), STATUS_FAILED);
    /* One that was tried. */
    path = xasprintf("%s/cells/002-lab-pvh-1.failed", top);
    CU_ASSERT_EQUAL(write_whole_file(path, "3\n", 2, 0666), 0);
    free(path);
    CU_ASSERT_EQUAL(merge(false, "002-lab-pvh-1: it failed; xenometer run --plan="), STATUS_FAILED);
    CU_ASSERT_EQUAL(merge(true, "it failed"), STATUS_OK);
    CU_ASSERT_EQUAL(merged_rows(), 1);
    make_cell("002-lab-pvh-1.json", "pvh", "instructions", key);
    CU_ASSERT_EQUAL(merge(false, ""), STATUS_OK);
    CU_ASSERT_EQUAL(merged_rows(), 2);
    /* What does not belong together. */
    make_cell("002-lab-pvh-1.json", "pvh", "cycles", key);
    CU_ASSERT_EQUAL(merge(false, "another clock"), STATUS_USAGE);
    make_cell("002-lab-pvh-1.json", "pvh", "instructions", "0123");
    CU_ASSERT_EQUAL(merge(false, "is not of this plan"), STATUS_USAGE);
    make_cell("002-lab-pvh-1.json", "pvh", "instructions", key);
    make_cell("007-other-pv-1.json", "pv", "instructions", key);
    CU_ASSERT_EQUAL(merge(false, "belongs to no cell of the plan"), STATUS_USAGE);
    free(key);
    /* A damaged plan. */
    path = path_in(top, "plan.json");
    CU_ASSERT_EQUAL(write_whole_file(path, "{\"schema\":", 10, 0666), 0);
    CU_ASSERT_EQUAL(merge(false, "plan.json, line 1"), STATUS_USAGE);
    CU_ASSERT_EQUAL(write_whole_file(path, "{}", 2, 0666), 0);
    CU_ASSERT_EQUAL(merge(false, "is no plan"), STATUS_USAGE);
    free(path);
    remove_tree(top);
}

static void test_sides(void)
{
    struct run_options o = { .suite = "trixie", .variant = { .xen_options = "loops" } };
    struct side s;

    CU_ASSERT_EQUAL(side_parse(&o, "xen:sched=credit+dom0:mitigations=off+suite:bookworm", &s), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(s.variant.xen_options, "loops sched=credit");
    CU_ASSERT_STRING_EQUAL(s.variant.dom0_options, "mitigations=off");
    CU_ASSERT_STRING_EQUAL(s.suite, "bookworm");
    side_free(&s);
    /* A name of a file has a plus. */
    capture_begin();
    CU_ASSERT_EQUAL(side_parse(&o, "build:/no/such+file/xen.gz", &s), STATUS_USAGE);
    CU_ASSERT(says(capture_end(), "cannot read /no/such+file/xen.gz"));
    side_free(&s);
    capture_begin();
    CU_ASSERT_EQUAL(side_parse(&o, "kconfig:DEBUG", &s), STATUS_USAGE);
    CU_ASSERT(says(capture_end(), "must be kconfig:OPTION=VALUE"));
    side_free(&s);
    CU_ASSERT_EQUAL(side_parse(&o, NULL, &s), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(s.name, "lab");
    side_free(&s);
}

static void test_refused(void)
{
    static const char log[] = "(XEN) parameter \"sched\" has invalid value \"x\", rc=-22!\n"
        "(XEN) parameter \"no-such\" unknown!\n(XEN) Could not find scheduler: null2\n";
    char *words = factor_refused(log, "no-such=1");

    CU_ASSERT_STRING_EQUAL(words, "parameter \"no-such\" unknown!");
    free(words);
    words = factor_refused(log, "sched=null2");
    CU_ASSERT_PTR_NOT_NULL(words);
    free(words);
    CU_ASSERT_PTR_NULL(factor_refused(log, "smt=no spec-ctrl=no"));
}

static void test_picture(void)
{
    struct results all[2] = { { .count = 0 }, { .count = 0 } };
    const char *const names[] = { "4.17.5 (bookworm)", "4.20 (a<b)" };
    char *text = NULL;
    size_t size;
    FILE *out;

    for ( size_t i = 0; i < 2; i++ )
    {
        struct result *r = results_add(&all[i]);

        r->row = xstrdup("hypercall/null");
        r->work = xstrdup("w");
        r->path = xstrdup("p");
        r->column = column_find("pvh");
        r->outcome = OUTCOME_SUCCESS;
        r->median = i ? 800 : 1000;
    }
    out = open_memstream(&text, &size);
    history_picture(out, all, names, 2);
    fclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<svg "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "PVH 800 (-20.0 %)"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "a&lt;b"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "-20 %</text>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "</svg>"));
    free(text);
    results_free(&all[0]);
    results_free(&all[1]);
}

void suite_cells(void)
{
    CU_pSuite s = CU_add_suite("cells", NULL, NULL);

    CU_add_test(s, "a plan", test_plan);
    CU_add_test(s, "merged", test_merge);
    CU_add_test(s, "factors taken apart", test_sides);
    CU_add_test(s, "what Xen refuses", test_refused);
    CU_add_test(s, "the chart of a history", test_picture);
}
