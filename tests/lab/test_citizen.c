/*
 * A good citizen under xl: what people do to domains by hand, and what processes that were
 * killed leave behind.
 */
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "program.h"

/* The image by hand, in any mode. */
#define IMAGE "'kernel=\"'$PWD'/xenometer.elf\"' 'firmware_override=\"'$PWD'/xenometer.elf\"'"

/* A name is bytes to xl: spaces, letters of any script.  And the backend of a domain that
 * never comes, ended by a signal, has not done what it was asked for. */
static void test_names(void)
{
    struct outcome_of r = program_in_dom0(
        "for n in 'my guest' '\303\274n\303\257' a.b-c_d; do "
        "xl create pv.cfg " IMAGE " \"name=\\\"$n\\\"\" >&2; "
        "timeout 15 ./xenometer backend --domain \"$n\" --once --samples=10 hypercall/null >&2; "
        "echo \"$n ended with $?\"; done; "
        "./xenometer backend --domain nobody --once & sleep .5; kill $!; "
        "wait $!; echo for nobody $?; "
        "./xenometer backend & sleep .5; kill $!; wait $!; echo for anybody $?");

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "my guest ended with 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "\303\274n\303\257 ended with 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "a.b-c_d ended with 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "\303\274n\303\257 (domain 2): done"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "for nobody 143"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "for anybody 0"));
    program_free(&r);
}

/* The next backend removes what one that was killed left of domains that are gone. */
static void test_leftovers(void)
{
    struct outcome_of r = program_in_dom0(
        "./xenometer backend --samples=8000 ring/echo-64b & b=$!; sleep .2; "
        "xl create pv.cfg " IMAGE " >&2; sleep .3; kill -9 $b; xl destroy xenometer-pv; sleep .3; "
        "xenstore-ls /local/domain/0/backend | grep 'xenometer =' && echo it was there; "
        "timeout 2 ./xenometer backend; xenstore-ls /local/domain/0/backend | grep -c xenometer");

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "it was there"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "\n0\n"));
    program_free(&r);
}

void suite_citizen(void)
{
    CU_pSuite s = CU_add_suite("under xl", NULL, NULL);

    CU_add_test(s, "names", test_names);
    CU_add_test(s, "what a killed backend left", test_leftovers);
}
