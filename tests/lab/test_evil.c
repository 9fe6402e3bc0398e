/*
 * Hostile backends: build/xenometer-evil (tests/evil/) against the unikernel's own drivers.
 * The row is over with one line that says what was wrong, and the next one runs.
 */
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "../evil/cases.h"
#include "program.h"

static const char *const modes[2] = { "pv", "hvm" };

static json_t *run(const char *clock, const char *deadline, const char *rows)
{
    struct outcome_of r = program_named("build/xenometer-evil", "run", "--host=lab", "--clock",
                                        clock, "--json", "--boots=1", "-m", "pv,hvm",
                                        "--row-deadline", deadline, "--image=build/xenometer-test.elf",
                                        rows, "ring/echo-64b", NULL);
    json_t *all = json_loads(r.out, 0, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(all);
    CU_ASSERT_PTR_NULL(strstr(r.err, "cannot be destroyed"));
    program_free(&r);
    return all;
}

#define EXPECT(identifier, name, outcome, reason) \
    expect_row(all, modes, "evil/" name, outcome, reason);

/* Two domains of each mode suffer them all. */
static void test_cases(void)
{
    json_t *all = run("exact", "2", "evil/*");

    EVIL_DISK_CASES(EXPECT)
    EVIL_NIC_CASES(EXPECT)
    EVIL_DATA_CASES(EXPECT)
    expect_row(all, modes, "ring/echo-64b", "success", "");
    json_decref(all);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

/* What is changed while it is looked at takes two CPUs at once. */
static void test_flips(void)
{
    json_t *all = run("fast", "120", "evil/b5-*");

    expect_row(all, modes, "evil/b5-flips", "success", "");
    expect_row(all, modes, "evil/b5-rx-flips", "success", "");
    expect_row(all, modes, "evil/b5-data-flips", "success", "");
    expect_row(all, modes, "ring/echo-64b", "success", "");
    json_decref(all);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

void suite_evil(void)
{
    CU_pSuite s = CU_add_suite("a hostile backend", NULL, NULL);

    CU_add_test(s, "every case", test_cases);
    CU_add_test(s, "answers that change", test_flips);
}
