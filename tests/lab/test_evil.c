/*
 * Hostile backends: build/xenometer-evil (tests/evil/) against the unikernel's own drivers.
 * The row is over with one line that says what was wrong, and the next one runs.
 */
#include <CUnit/CUnit.h>

#include "program.h"

/* A domain of each mode suffers them all. */
static void test_cases(void)
{
    struct outcome_of r = program("attack", "--host=lab", "--json", "-m",
                                  tests_take_long ? "pv,hvm" : "pv", "B", NULL);

    expect_attacks(&r, "");
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

/* What is changed while it is looked at takes two CPUs at once, which wait for each other by
 * turning: in short the frontend that changes a disk's requests and their segments. */
static void test_flips(void)
{
    struct outcome_of r = tests_take_long ?
        program("attack", "--host=lab", "--json", "--clock=fast", "--quick", "-m", "pv,hvm", "F6",
                "F7", "B5", NULL) :
        program("attack", "--host=lab", "--json", "--clock=fast", "--quick", "-m", "pv", "F7", NULL);

    expect_attacks(&r, "");
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

void suite_evil(void)
{
    CU_pSuite s = CU_add_suite("a hostile backend", NULL, NULL);

    add_both(s, "every case", test_cases);
    add_both(s, "requests and answers that change", test_flips);
}
