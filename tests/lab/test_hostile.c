/*
 * Hostile frontends (tests/image/rows/hostile*.c): the backend survives each, and what comes of
 * it is what the row's explanation says.  Cases by their ids: catalogue/attacks.h.
 */
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "program.h"

/* Every case that was tried held, in every mode; those that were not are `others`. */
void expect_attacks(const struct outcome_of *r, const char *others)
{
    json_t *all = json_loads(r->out, 0, NULL), *one;
    char missing[256] = "";
    size_t i, length = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(all);
    json_array_foreach(json_object_get(all, "cases"), i, one)
    {
        json_t *steps = json_object_get(one, "steps"), *step;
        const char *id = json_string_value(json_object_get(one, "id"));
        size_t k;

        if ( !json_array_size(steps) )
            length += (size_t)snprintf(missing + length, sizeof(missing) - length, "%s ", id);
        json_array_foreach(steps, k, step)
        {
            bool held = json_is_true(json_object_get(step, "held"));

            if ( !held )
                fprintf(stderr, "%s: %s in %s: %s\n", id,
                        json_string_value(json_object_get(step, "row")),
                        json_string_value(json_object_get(step, "mode")),
                        json_string_value(json_object_get(step, "saw")));
            CU_ASSERT(held);
        }
    }
    CU_ASSERT_STRING_EQUAL(missing, others);
    json_decref(all);
}

/* F3, F33, F34, F35 end the device, and have a domain each: test_wire.c, "a million …" and
 * others take longer: "all attacks". */
static void test_run(void)
{
    struct outcome_of r = program("attack", "--host=lab", "--json", "--quick", "-m",
                                  tests_take_long ? "pv,hvm" : "pv", "F", NULL);

    expect_attacks(&r, "F3 F10 F24 F32 F33 F34 F35 F40 F42 ");
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

/* What is no case of those, but meant for whoever reads; and the next row is served. */
static void test_words(void)
{
    static const char *const modes[2] = { "pv", "pv" };
    struct outcome_of r = program("run", "--host=lab", "--json", "-m", "pv", "--boots=1",
                                  "--image=build/xenometer-test.elf", "hostile/words",
                                  "hostile/too-many-samples", "ring/echo-64b", NULL);
    json_t *all = json_loads(r.out, 0, NULL);

    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(all);
    /* Nothing a domain says reaches a terminal as it is. */
    CU_ASSERT_PTR_NULL(strchr(r.err, 27));
    expect_row(all, modes, "hostile/words", "failure", "?[31mred");
    expect_row(all, modes, "hostile/too-many-samples", "error", "more samples");
    expect_row(all, modes, "ring/echo-64b", "success", "");
    json_decref(all);
    program_free(&r);
}

/* 57 of 57: also what takes a domain, or a script in dom0. */
static void test_all(void)
{
    struct outcome_of r = program_patiently(7200, "attack", "--host=lab", "--json", "--all", NULL);

    expect_attacks(&r, "");
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "\"held\": 57"));
    program_free(&r);
}

/* The backend's defences against domains of another architecture, which reorders its memory accesses. */
static void test_arm64(void)
{
    struct outcome_of r = program_patiently(1200, "attack", "--host=lab", "--cpu=arm64", "--json", "F", NULL);

    expect_attacks(&r, "F10 F24 F40 F42 ");
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "\"arm64\""));
    program_free(&r);
    r = program("attack", "--host=lab", "--cpu=arm64", "B1", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "B1 is a backend's"));
    program_free(&r);
}

/* 100,000 maps that fail in part. */
static void test_partial_maps(void)
{
    static const char *const modes[2] = { "pv", "pv" };
    struct outcome_of r = program_patiently(7200, "run", "--host=lab", "--json", "-m", "pv", "--boots=1",
                                            "--row-deadline=600", "--deadline=7200",
                                            "--image=build/xenometer-test.elf",
                                            "hostile/long-f14-partial-map", NULL);
    json_t *all = json_loads(r.out, 0, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(all);
    expect_row(all, modes, "hostile/long-f14-partial-map", "success", "");
    json_decref(all);
    program_free(&r);
}

static void test_usage(void)
{
    struct outcome_of r = program("attack", "F43", NULL);

    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "there is no case 'F43'; `xenometer attack` lists them"));
    program_free(&r);
    r = program("attack", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "\nF42 "));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "\nB15 "));
    program_free(&r);
}

void suite_hostile(void)
{
    CU_pSuite s = CU_add_suite("a hostile frontend", NULL, NULL);

    CU_add_test(s, "usage and list", test_usage);
    add_both(s, "one run of all attacks", test_run);
    CU_add_test(s, "words for a terminal", test_words);
    add_long(s, "57 of 57", test_all);
    add_long(s, "domains on ARM64", test_arm64);
    add_long(s, "100,000 maps that fail in part", test_partial_maps);
}
