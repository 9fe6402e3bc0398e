/*
 * measure/plan.c: the order of domain boots is balanced, random and repeatable.
 */
#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <string.h>

#include "measure/plan.h"
#include "suites.h"

#define KINDS 5u
#define BOOTS 8u

/* Is every kind there once? */
static bool is_permutation(const size_t *order, size_t kinds)
{
    unsigned seen = 0;

    for ( size_t i = 0; i < kinds; i++ )
        seen |= 1u << order[i];
    return seen == (1u << kinds) - 1;
}

/* ABBA: each second boot of all kinds mirrors the one before. */
static void test_blocks(void)
{
    for ( unsigned seed = 0; seed < 50; seed++ )
    {
        size_t order[KINDS * BOOTS];

        plan_order(KINDS, BOOTS, seed, order);
        for ( unsigned boot = 0; boot < BOOTS; boot++ )
            CU_ASSERT_TRUE(is_permutation(order + boot * KINDS, KINDS));
        for ( unsigned block = 0; block < BOOTS / 2; block++ )
            for ( unsigned i = 0; i < KINDS; i++ )
                CU_ASSERT_EQUAL(order[2 * block * KINDS + i],
                                order[2 * (block + 1) * KINDS - 1 - i]);
    }
}

/* So no kind comes earlier than another on average: a steady drift cancels. */
static void test_balance(void)
{
    size_t order[KINDS * BOOTS], sum[KINDS] = { 0 };

    plan_order(KINDS, BOOTS, 3, order);
    for ( size_t i = 0; i < KINDS * BOOTS; i++ )
        sum[order[i]] += i;
    for ( size_t k = 1; k < KINDS; k++ )
        CU_ASSERT_EQUAL(sum[k], sum[0]);
}

static void test_random(void)
{
    size_t order[KINDS * BOOTS], again[KINDS * BOOTS], first[KINDS] = { 0 };
    bool blocks_differ = false;

    plan_order(KINDS, BOOTS, 1, order);
    plan_order(KINDS, BOOTS, 1, again);
    CU_ASSERT_EQUAL(memcmp(order, again, sizeof(order)), 0);
    for ( unsigned block = 1; block < BOOTS / 2; block++ )
        blocks_differ |= memcmp(order, order + 2 * block * KINDS,
                                KINDS * sizeof(*order)) != 0;
    CU_ASSERT_TRUE(blocks_differ);

    /* Over many seeds each kind is first about equally often. */
    for ( unsigned seed = 0; seed < 1000; seed++ )
    {
        plan_order(KINDS, 1, seed, order);
        first[order[0]]++;
    }
    for ( size_t k = 0; k < KINDS; k++ )
        CU_ASSERT_TRUE(first[k] > 140 && first[k] < 260);
}

/* An odd number ends with half a block; one kind and no kind are no trouble. */
static void test_edges(void)
{
    size_t order[3 * KINDS];

    plan_order(KINDS, 3, 9, order);
    CU_ASSERT_TRUE(is_permutation(order + 2 * KINDS, KINDS));
    plan_order(1, 3, 9, order);
    CU_ASSERT_TRUE(order[0] == 0 && order[1] == 0 && order[2] == 0);
    plan_order(0, 3, 9, NULL);
}

void suite_plan(void)
{
    CU_pSuite suite = CU_add_suite("plan", NULL, NULL);

    CU_add_test(suite, "blocks of ABBA", test_blocks);
    CU_add_test(suite, "a drift falls on all alike", test_balance);
    CU_add_test(suite, "random and repeatable", test_random);
    CU_add_test(suite, "odd numbers and few kinds", test_edges);
}
