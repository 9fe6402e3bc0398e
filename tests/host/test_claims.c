/*
 * report/claims*.c: what is said, against figures of both clocks; and the file that says it.
 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "catalogue/select.h"
#include "fixture.h"
#include "report/claims.h"
#include "suites.h"
#include "xenometer.h"

static struct claims claims;
static struct results results;

#define CLAIM(parts) \
    "{\"schema\": \"xenometer-claims/1\", \"claims\": [{\"id\": \"X\", \"claim\": \"words\", " \
    "\"source\": \"somebody\", \"parts\": [" parts "]}]}"

/* Read claims out of a text; what is wrong with it is the captured stderr. */
static int read_text(const char *text)
{
    char path[] = "/tmp/xenometer-claims-XXXXXX";
    int fd = mkstemp(path), status;

    CU_ASSERT_FATAL(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    status = claims_read(path, &claims);
    unlink(path);
    return status;
}

static const struct claim_part *judge(const char *text, const char *clock)
{
    CU_ASSERT_EQUAL_FATAL(read_text(text), STATUS_OK);
    results = (struct results){ .count = 0 };
    fixture_fill(&results);
    free(results.environment.clock);
    results.environment.clock = xstrdup(clock);
    results.environment.tsc_hz = 2000000000;
    claims_judge(&claims, &results, NULL, 0);
    return &claims.all[0].parts[0];
}

static void done(void)
{
    claims_free(&claims);
    results_free(&results);
}

#define NULL_CYCLES CLAIM("{\"says\": \"300 to 400 cycles\", \"figure\": {\"row\": \"hypercall/null\"}, " \
    "\"columns\": \"pv pvh\", \"unit\": \"cycles\", \"low\": 300, \"high\": 400}")

/* PV 321, PVH 6,588 in the fixture. */
static void test_cycles(void)
{
    const struct claim_part *p = judge(NULL_CYCLES, "cycles");

    CU_ASSERT_EQUAL_FATAL(p->count, 2);
    CU_ASSERT_EQUAL(p->figures[0].answer, CLAIM_YES);
    CU_ASSERT_EQUAL(p->figures[1].answer, CLAIM_NO);
    CU_ASSERT_STRING_EQUAL(p->verdict, "holds for PV; does not hold for PVH");
    CU_ASSERT_PTR_NULL(p->why);
    done();

    p = judge(CLAIM("{\"says\": \"at most 3.3 us\", \"figure\": {\"row\": \"hypercall/null\"}, \"unit\": \"ns\", "
                    "\"high\": 3300}"), "cycles");
    CU_ASSERT_EQUAL_FATAL(p->count, 3);
    CU_ASSERT_EQUAL(p->figures[1].value, 3294);
    CU_ASSERT_STRING_EQUAL(p->verdict, "holds");
    CU_ASSERT_STRING_EQUAL(p->unit, "ns");
    done();
}

/* Instructions are no cycles: only what no CPU could do is refuted. */
static void test_instructions(void)
{
    const struct claim_part *p = judge(NULL_CYCLES, "instructions");

    CU_ASSERT_EQUAL(p->figures[0].answer, CLAIM_UNKNOWN);
    CU_ASSERT_EQUAL(p->figures[1].answer, CLAIM_NO);   /* 6588 > 16 * 400 */
    CU_ASSERT(says(p->verdict, "does not hold for PVH; cannot be judged with this clock for PV"));
    CU_ASSERT(says(p->why, "instructions, not cycles; but no CPU executes more than 16 in a cycle"));
    done();

    p = judge(CLAIM("{\"says\": \"3 us\", \"figure\": {\"row\": \"hypercall/null\"}, \"unit\": \"ns\", "
                    "\"low\": 1}"), "instructions");
    CU_ASSERT_STRING_EQUAL(p->verdict, "cannot be judged with this clock");
    CU_ASSERT_STRING_EQUAL(p->unit, "instructions");
    done();
    /* And instructions are not known by cycles. */
    p = judge(CLAIM("{\"says\": \"PVH has more\", \"figure\": {\"minus\": [{\"row\": \"hypercall/null\"}, "
                    "{\"row\": \"hypercall/null\", \"column\": \"pv\"}]}, \"columns\": \"pvh\", \"unit\": "
                    "\"instructions\", \"low\": 1}"), "instructions");
    CU_ASSERT_EQUAL_FATAL(p->count, 1);
    CU_ASSERT_EQUAL(p->figures[0].value, 6588 - 321);
    CU_ASSERT_STRING_EQUAL(p->verdict, "holds");
    done();
}

static void test_unmeasured(void)
{
    const struct claim_part *p = judge(CLAIM(
        "{\"says\": \"a\", \"figure\": {\"row\": \"group/nothing\"}, \"unit\": \"count\", \"low\": 1},"
        "{\"says\": \"b\", \"unmeasured\": \"nobody can\"},"
        "{\"says\": \"c\", \"figure\": {\"trace\": \"hypercall/null\", \"count\": \"stages\"}, \"columns\": \"pv\", "
        "\"unit\": \"count\", \"high\": 3},"
        "{\"says\": \"d\", \"figure\": {\"row\": \"hypercall/null\"}, \"cpu\": \"intel\", \"unit\": \"ns\", "
        "\"high\": 3}"), "cycles");
    char *sum;

    CU_ASSERT_STRING_EQUAL(p[0].why, "here is no figure of group/nothing");
    CU_ASSERT_STRING_EQUAL(p[1].why, "nobody can");
    CU_ASSERT_STRING_EQUAL(p[2].why, "here is no figure of a trace of hypercall/null");
    CU_ASSERT_STRING_EQUAL(p[3].why, "it is about another CPU (intel)");
    CU_ASSERT_FALSE(claims.all[0].measured);
    sum = claims_sum(&claims);
    CU_ASSERT(says(sum, "1 claims have 4 parts"));
    CU_ASSERT(says(sum, "4 are not measured"));
    free(sum);
    done();
}

/* Steps and entries of a trace: who runs after whom. */
static void test_traces(void)
{
    struct place places[] = { { "guest", LAYER_GUEST, 0 }, { "Xen", LAYER_XEN, 0 },
                              { "dom0 kernel", LAYER_KERNEL, 0 }, { "idle", LAYER_IDLE, 0 } };
    struct stage stages[] = { { .place = 0 }, { .place = 1 }, { .place = 2 }, { .place = 3 }, { .place = 1 },
                              { .place = 0 }, { .place = 1 }, { .place = 0 }, { .place = 2, .tail = true } };
    struct function functions[] = { { .place = 1, .name = "do_sched_op", .calls = 2 },
                                    { .place = 1, .name = "do_sched_op.part.0", .calls = 1 },
                                    { .place = 1, .name = "do_sched_op_compat", .calls = 9 } };
    char row[] = "event/roundtrip-idle";
    struct trace trace = { .row = row, .column = &column_pv, .operations = 2, .places = places, .place_count = 4,
                           .stages = stages, .stage_count = 9, .functions = functions, .function_count = 3 };
    static const char text[] = CLAIM(
        "{\"says\": \"a\", \"figure\": {\"trace\": \"event/roundtrip-idle\", \"count\": \"stages\"}, "
        "\"unit\": \"count\", \"low\": 7, \"high\": 7},"
        "{\"says\": \"b\", \"figure\": {\"trace\": \"event/roundtrip-idle\", \"count\": \"entries\"}, "
        "\"unit\": \"count\", \"low\": 1, \"high\": 1},"
        "{\"says\": \"c\", \"figure\": {\"trace\": \"event/roundtrip-idle\", \"count\": [\"do_sched_op\"]}, "
        "\"unit\": \"count\", \"counted\": \"calls\", \"low\": 3, \"high\": 3}");
    const struct claim_part *p;
    json_t *list;

    CU_ASSERT_EQUAL_FATAL(read_text(text), STATUS_OK);
    results = (struct results){ .count = 0 };
    fixture_fill(&results);
    claims_judge(&claims, &results, &trace, 1);
    p = claims.all[0].parts;
    for ( size_t i = 0; i < 3; i++ )
        CU_ASSERT_STRING_EQUAL(p[i].verdict, "holds");
    list = claims_json(&claims);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json_array_get(json_object_get(
        json_array_get(list, 0), "parts"), 2), "measured")), "PV 3 calls");
    json_decref(list);
    done();
}

static void test_wrong(void)
{
    static const struct {
        const char *text, *said;
    } wrong[] = {
        { "[", "it must be JSON" },
        { "{}", "no claims of schema xenometer-claims/1" },
        { CLAIM(""), "a claim has \"parts\"" },
        { CLAIM("{}"), "does not say" },
        { CLAIM("{\"says\": \"a\"}"), "a figure is no object" },
        { CLAIM("{\"says\": \"a\", \"figure\": {\"row\": 5}, \"unit\": \"ns\", \"low\": 1}"), "a figure is of a" },
        { CLAIM("{\"says\": \"a\", \"figure\": {\"row\": \"a/b\"}, \"unit\": \"hours\", \"low\": 1}"), "\"unit\"" },
        { CLAIM("{\"says\": \"a\", \"figure\": {\"row\": \"a/b\"}, \"unit\": \"ns\"}"), "has bounds" },
        { CLAIM("{\"says\": \"a\", \"figure\": {\"row\": \"a/b\", \"column\": \"vax\"}, \"unit\": \"ns\", "
                "\"low\": 1}"), "names no column" },
        { CLAIM("{\"says\": \"a\", \"figure\": {\"row\": \"a/b\"}, \"columns\": \"pv vax\", \"unit\": \"ns\", "
                "\"low\": 1}"), "a word that is no column" },
        { CLAIM("{\"says\": \"a\", \"figure\": {\"row\": \"a/b\", \"field\": \"mood\"}, \"unit\": \"ns\", "
                "\"low\": 1}"), "\"field\"" },
        { CLAIM("{\"says\": \"a\", \"figure\": {\"trace\": \"a/b\", \"count\": []}, \"unit\": \"count\", "
                "\"low\": 1}"), "\"count\"" },
        { CLAIM("{\"says\": \"a\", \"figure\": {\"minus\": [{\"row\": \"a/b\"}]}, \"unit\": \"ns\", \"low\": 1}"),
          "of two figures" },
        { CLAIM("{\"says\": \"a\", \"figure\": {\"row\": \"a/b\"}, \"cpu\": \"z80\", \"unit\": \"ns\", "
                "\"low\": 1}"), "\"cpu\"" },
    };

    for ( size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++ )
    {
        const char *said;

        capture_begin();
        CU_ASSERT_EQUAL(read_text(wrong[i].text), STATUS_USAGE);
        said = capture_end();
        CU_ASSERT(says(said, wrong[i].said));
        CU_ASSERT_PTR_EQUAL(strchr(said, '\n'), said + strlen(said) - 1);   /* one line */
    }
    capture_begin();
    CU_ASSERT_EQUAL(claims_read("/nonexistent/claims.json", &claims), STATUS_USAGE);
    CU_ASSERT(says(capture_end(), "/nonexistent/claims.json"));
}

/* ------------------------------------------------------- the program's own -- */

static struct image *image;
static size_t rows_named, traces_named;

static void row_exists(void *context, const char *name)
{
    (void)context;
    rows_named++;
    if ( !image_find(image, name) )
        fprintf(stderr, "claims name %s, which is no row\n", name);
    CU_ASSERT_PTR_NOT_NULL(image_find(image, name));
}

static void trace_exists(void *context, const char *name, const struct column *column)
{
    const struct image_row *row = image_find(image, name);

    (void)context;
    traces_named++;
    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    CU_ASSERT(columns_have(&row->columns, column));
}

/* All that they are judged by is there. */
static void test_own(void)
{
    CU_ASSERT_EQUAL_FATAL(claims_read("configs/claims.json", &claims), STATUS_OK);
    image = select_catalogue("build/xenometer.elf");
    CU_ASSERT_PTR_NOT_NULL_FATAL(image);
    CU_ASSERT(claims.count >= 16);
    claims_each(&claims, row_exists, trace_exists, NULL);
    CU_ASSERT(rows_named > 15 && traces_named > 5);
    image_free(image);
    claims_free(&claims);
}

void suite_claims(void)
{
    CU_pSuite suite = CU_add_suite("claims", NULL, NULL);

    CU_add_test(suite, "judged in cycles", test_cycles);
    CU_add_test(suite, "judged in instructions", test_instructions);
    CU_add_test(suite, "not measured", test_unmeasured);
    CU_add_test(suite, "judged by traces", test_traces);
    CU_add_test(suite, "files that are wrong", test_wrong);
    CU_add_test(suite, "the program's own", test_own);
}
