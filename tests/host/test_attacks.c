/*
 * catalogue/attacks.c: every case of a hostile peer by its id, and what a row's explanation says
 * must come of it.
 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "catalogue/attacks.h"
#include "suites.h"

static const struct attack *by_id(const char *id)
{
    for ( size_t i = 0; i < attack_count; i++ )
        if ( !strcmp(attacks[i].id, id) )
            return &attacks[i];
    return NULL;
}

/* 42 of frontends, 15 of backends, each once and in order, and all told in words. */
static void test_complete(void)
{
    CU_ASSERT_EQUAL(attack_count, 57);
    for ( unsigned i = 0; i < attack_count; i++ )
    {
        char id[16];

        snprintf(id, sizeof(id), i < 42 ? "F%u" : "B%u", i < 42 ? i + 1 : i - 41);
        CU_ASSERT_STRING_EQUAL(attacks[i].id, id);
        CU_ASSERT(*attacks[i].attacker && *attacks[i].defence && *attacks[i].must);
        CU_ASSERT_EQUAL(attack_by_backend(&attacks[i]), i >= 42);
    }
}

static void test_rows(void)
{
    const struct attack *f1 = by_id("F1"), *f15 = by_id("F15"), *b1 = by_id("B1");

    CU_ASSERT(attack_has_row(f1, "hostile/f1-runs-away"));
    CU_ASSERT(attack_has_row(f15, "hostile/net-f8-f15-f16-requests"));
    CU_ASSERT(attack_has_row(f1, "broken-net/f1-transmit"));
    CU_ASSERT(attack_has_row(b1, "evil/b1-runs-away"));
    /* Another's id, another side's, and what scripts run. */
    CU_ASSERT_FALSE(attack_has_row(f1, "hostile/f15-something"));
    CU_ASSERT_FALSE(attack_has_row(f1, "evil/f1-runs-away"));
    CU_ASSERT_FALSE(attack_has_row(b1, "hostile/b1-runs-away"));
    CU_ASSERT_FALSE(attack_has_row(by_id("F14"), "hostile/long-f14-partial-map"));
    CU_ASSERT_FALSE(attack_has_row(by_id("F24"), "read-only/disk-f24-write"));
    CU_ASSERT_FALSE(attack_has_row(f1, "f1"));
    CU_ASSERT(attack_row_alone("broken-disk/f3-indices"));
    CU_ASSERT_FALSE(attack_row_alone("hostile/f1-runs-away"));
}

static void right(const char *text, const char *outcome, const char *reason, const char *says)
{
    struct attack_right r = attack_right(text);

    CU_ASSERT_STRING_EQUAL(r.outcome, outcome);
    CU_ASSERT_STRING_EQUAL(r.reason ? r.reason : "", reason);
    CU_ASSERT_STRING_EQUAL(r.says ? r.says : "", says);
    attack_right_free(&r);
    CU_ASSERT_PTR_NULL(r.outcome);
}

static void test_right(void)
{
    right("success", "success", "", "");
    right("failure: ", "failure", "", "");
    right("error: ring", "error", "ring", "");
    right("success; says cannot map: no such page", "success", "", "cannot map: no such page");
    right("error: a; says b", "error", "a", "b");
}

void suite_attacks(void)
{
    CU_pSuite suite = CU_add_suite("attacks", NULL, NULL);

    CU_add_test(suite, "57 cases", test_complete);
    CU_add_test(suite, "rows of a case", test_rows);
    CU_add_test(suite, "what must come of a row", test_right);
}
