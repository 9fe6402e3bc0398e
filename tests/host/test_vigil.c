/* When the backend stays awake after a request (backend/vigil.h). */
#include <CUnit/CUnit.h>

#include "backend/vigil.h"
#include "suites.h"

/* Events that pass before it is worth it, which the last one is. */
static unsigned passed(struct vigil_habit *h)
{
    unsigned n = 0;

    while ( !vigil_worth(h) )
        n++;
    return n;
}

static void test_worth_while_they_come(void)
{
    struct vigil_habit h = { 0 };

    for ( unsigned i = 0; i < 1000; i++ )
    {
        CU_ASSERT_EQUAL(passed(&h), 0);
        vigil_learn(&h, true);
    }
}

/* Nothing came: ever more seldom, but never no more. */
static void test_seldom(void)
{
    struct vigil_habit h = { 0 };
    unsigned before = 0, now;

    CU_ASSERT_EQUAL(passed(&h), 0);
    for ( unsigned i = 0; i < 100; i++ )
    {
        vigil_learn(&h, false);
        now = passed(&h);
        CU_ASSERT(now == (before ? 2 * before : 1) || (now == before && i >= 6));
        before = now;
    }
    CU_ASSERT_EQUAL(before, 64);
}

/* One that pays is enough. */
static void test_again(void)
{
    struct vigil_habit h = { 0 };

    for ( unsigned i = 0; i < 10; i++ )
    {
        vigil_learn(&h, false);
        passed(&h);
    }
    vigil_learn(&h, true);
    CU_ASSERT_EQUAL(passed(&h), 0);
    vigil_learn(&h, false);
    CU_ASSERT_EQUAL(passed(&h), 1);
}

void suite_vigil(void)
{
    CU_pSuite s = CU_add_suite("vigil", NULL, NULL);

    CU_add_test(s, "worth it while requests come", test_worth_while_they_come);
    CU_add_test(s, "seldom where none come", test_seldom);
    CU_add_test(s, "again when one comes", test_again);
}
