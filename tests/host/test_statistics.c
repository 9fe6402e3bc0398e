/*
 * shared/statistics.c and measure/summary.c against known values and against a
 * second, simple implementation.
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include <statistics.h>

#include "measure/summary.h"
#include "suites.h"

static uint64_t random_state;

static uint64_t random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Nearest rank, told naively: the first value that p of all reach. */
static uint64_t percentile_model(const uint64_t *sorted, size_t count,
                                 unsigned per_mille)
{
    for ( size_t i = 0; i < count; i++ )
        if ( (i + 1) * 1000 >= count * per_mille )
            return sorted[i];
    return sorted[count - 1];
}

static void test_known(void)
{
    uint64_t ten[] = { 10, 3, 7, 1, 9, 2, 8, 5, 6, 4 };
    uint64_t hundred[100], one[] = { 42 }, two[] = { 9, 5 };
    struct statistics s = statistics_describe(ten, 10);

    CU_ASSERT_EQUAL(s.min, 1);
    CU_ASSERT_EQUAL(s.median, 5);
    CU_ASSERT_EQUAL(s.p90, 9);
    CU_ASSERT_EQUAL(s.p99, 10);
    CU_ASSERT_EQUAL(s.p999, 10);
    CU_ASSERT_EQUAL(s.max, 10);

    for ( uint64_t i = 0; i < 100; i++ )
        hundred[i] = 100 - i;
    s = statistics_describe(hundred, 100);
    CU_ASSERT_EQUAL(s.median, 50);
    CU_ASSERT_EQUAL(s.p90, 90);
    CU_ASSERT_EQUAL(s.p99, 99);
    CU_ASSERT_EQUAL(s.p999, 100);

    s = statistics_describe(one, 1);
    CU_ASSERT_EQUAL(s.min, 42);
    CU_ASSERT_EQUAL(s.median, 42);
    CU_ASSERT_EQUAL(s.p999, 42);
    CU_ASSERT_EQUAL(s.ci95[0], 42);
    CU_ASSERT_EQUAL(s.ci95[1], 42);

    s = statistics_describe(two, 2);
    CU_ASSERT_EQUAL(s.median, 5);   /* an observed value: the lower one */
    CU_ASSERT_EQUAL(s.max, 9);

    s = statistics_describe(NULL, 0);
    CU_ASSERT_EQUAL(s.max, 0);
    CU_ASSERT_EQUAL(statistics_percentile(NULL, 0, 500), 0);
}

static void test_extremes(void)
{
    uint64_t huge[] = { UINT64_MAX, 0, UINT64_MAX, UINT64_MAX - 1, 1 };
    struct statistics s = statistics_describe(huge, 5);

    CU_ASSERT_EQUAL(s.min, 0);
    CU_ASSERT_EQUAL(s.median, UINT64_MAX - 1);
    CU_ASSERT_EQUAL(s.max, UINT64_MAX);
    CU_ASSERT_EQUAL(statistics_percentile(huge, 5, 0), 0);
    CU_ASSERT_EQUAL(statistics_percentile(huge, 5, 1000), UINT64_MAX);
    CU_ASSERT_EQUAL(statistics_percentile(huge, 5, 5000), UINT64_MAX);
}

static void test_against_model(void)
{
    static const unsigned wanted[] = { 1, 25, 100, 500, 501, 900, 990, 999 };
    uint64_t values[1500], sorted[1500];
    unsigned wrong = 0;

    random_state = 1;
    for ( unsigned round = 0; round < 300; round++ )
    {
        size_t count = 1 + random_number() % 1500;
        uint64_t range = 1 + random_number() % 5000;

        for ( size_t i = 0; i < count; i++ )
            sorted[i] = values[i] = random_number() % range;
        qsort(sorted, count, sizeof(sorted[0]), compare);
        statistics_sort(values, count);
        wrong += memcmp(values, sorted, count * sizeof(values[0])) != 0;
        for ( size_t k = 0; k < sizeof(wanted) / sizeof(wanted[0]); k++ )
            wrong += statistics_percentile(values, count, wanted[k]) !=
                     percentile_model(sorted, count, wanted[k]);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* The textbook bootstrap: draw n with replacement, sort, take the median. */
static void bootstrap_model(const uint64_t *values, size_t count,
                            uint64_t interval[2])
{
    enum { RESAMPLES = 2000 };
    uint64_t *draw = calloc(count, sizeof(*draw));
    uint64_t *median = calloc(RESAMPLES, sizeof(*median));

    for ( unsigned i = 0; i < RESAMPLES; i++ )
    {
        for ( size_t k = 0; k < count; k++ )
            draw[k] = values[random_number() % count];
        qsort(draw, count, sizeof(*draw), compare);
        median[i] = draw[(count + 1) / 2 - 1];
    }
    qsort(median, RESAMPLES, sizeof(*median), compare);
    interval[0] = median[RESAMPLES * 25 / 1000 - 1];
    interval[1] = median[RESAMPLES * 975 / 1000 - 1];
    free(draw);
    free(median);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

static void test_bootstrap(void)
{
    static const size_t counts[] = { 3, 10, 51, 200, 777 };
    uint64_t values[777], model[2];
    struct statistics s;

    random_state = 2;
    for ( size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++ )
    {
        size_t n = counts[c];
        uint64_t slack;

        /* The values are their ranks: differences are ranks, too. */
        for ( size_t i = 0; i < n; i++ )
            values[i] = i * 1000;
        s = statistics_describe(values, n);
        bootstrap_model(values, n, model);
        /* Two runs of 2,000 resamples differ by a fraction of a deviation
         * (half the square root of n, in ranks). */
        slack = n < 20 ? 1000 : n / 50 * 1000 + 2000;
        CU_ASSERT_TRUE(distance(s.ci95[0], model[0]) <= slack);
        CU_ASSERT_TRUE(distance(s.ci95[1], model[1]) <= slack);
        CU_ASSERT_TRUE(s.ci95[0] <= s.median && s.median <= s.ci95[1]);
        CU_ASSERT_TRUE(s.ci95[0] >= s.min && s.ci95[1] <= s.max);
    }
}

static void test_bootstrap_is_deterministic(void)
{
    uint64_t a[501], b[501];
    struct statistics x, y;

    random_state = 3;
    for ( size_t i = 0; i < 501; i++ )
        a[i] = b[500 - i] = random_number() % 100000;
    x = statistics_describe(a, 501);
    y = statistics_describe(b, 501);
    CU_ASSERT_EQUAL(memcmp(&x, &y, sizeof(x)), 0);
    CU_ASSERT_TRUE(x.ci95[0] < x.ci95[1]);
}

/* Does the interval hold the true median as often as it promises? */
static void test_bootstrap_covers(void)
{
    uint64_t values[99];
    unsigned covered = 0;

    random_state = 4;
    for ( unsigned round = 0; round < 200; round++ )
    {
        struct statistics s;

        for ( size_t i = 0; i < 99; i++ )
            values[i] = random_number() % 1000001;   /* median 500,000 */
        s = statistics_describe(values, 99);
        covered += s.ci95[0] <= 500000 && 500000 <= s.ci95[1];
    }
    CU_ASSERT_TRUE(covered >= 180 && covered <= 200);
}

static void test_all_equal(void)
{
    enum { MANY = 8192 };
    uint64_t *values = calloc(MANY, sizeof(*values));
    struct statistics s;

    for ( size_t i = 0; i < MANY; i++ )
        values[i] = 321;
    s = statistics_describe(values, MANY);
    CU_ASSERT_EQUAL(s.min, 321);
    CU_ASSERT_EQUAL(s.max, 321);
    CU_ASSERT_EQUAL(s.ci95[0], 321);
    CU_ASSERT_EQUAL(s.ci95[1], 321);

    /* One sample with an interrupt in it moves the maximum, nothing else. */
    values[17] = 5000;
    s = statistics_describe(values, MANY);
    CU_ASSERT_EQUAL(s.max, 5000);
    CU_ASSERT_EQUAL(s.p999, 321);
    CU_ASSERT_EQUAL(s.ci95[1], 321);
    free(values);
}

static void test_ratio(void)
{
    uint64_t a[400], b[400], zero[3] = { 0, 0, 0 }, constant[2] = { 10, 10 };
    double x[2], y[2];

    random_state = 5;
    for ( size_t i = 0; i < 400; i++ )
    {
        a[i] = 20000 + random_number() % 1000;
        b[i] = 1000 + random_number() % 50;
    }
    statistics_sort(a, 400);
    statistics_sort(b, 400);
    CU_ASSERT_TRUE_FATAL(statistics_ratio_interval(a, 400, b, 400, x));
    CU_ASSERT_TRUE(x[0] < x[1]);
    CU_ASSERT_TRUE(x[0] > 19.5 && x[1] < 20.5);
    CU_ASSERT_TRUE(x[0] <= (double)a[199] / (double)b[199]);
    CU_ASSERT_TRUE(x[1] >= (double)a[199] / (double)b[199]);
    CU_ASSERT_TRUE(statistics_ratio_interval(a, 400, b, 400, y));
    CU_ASSERT_TRUE(x[0] == y[0] && x[1] == y[1]);

    CU_ASSERT_TRUE(statistics_ratio_interval(a, 1, constant, 2, x));
    CU_ASSERT_TRUE(x[0] == x[1] && x[0] == (double)a[0] / 10);
    CU_ASSERT_FALSE(statistics_ratio_interval(a, 400, zero, 3, x));
    CU_ASSERT_FALSE(statistics_ratio_interval(a, 400, b, 0, x));
    CU_ASSERT_FALSE(statistics_ratio_interval(a, 0, b, 400, x));
    CU_ASSERT_FALSE(statistics_ratio_interval(constant, 2, zero, 3, x));
}

static void test_net(void)
{
    CU_ASSERT_EQUAL(summary_net(326, 5, 1), 321);
    CU_ASSERT_EQUAL(summary_net(5, 5, 1), 0);
    CU_ASSERT_EQUAL(summary_net(4, 5, 1), 0);   /* never below nothing */
    CU_ASSERT_EQUAL(summary_net(105, 5, 32), 3);     /* 3.125 */
    CU_ASSERT_EQUAL(summary_net(117, 5, 32), 4);     /* 3.5 rounds up */
    CU_ASSERT_EQUAL(summary_net(116, 5, 32), 3);     /* 3.47 */
    CU_ASSERT_EQUAL(summary_net(6, 0, 3), 2);
    CU_ASSERT_EQUAL(summary_net(UINT64_MAX, 0, 1), UINT64_MAX);
    CU_ASSERT_EQUAL(summary_net(UINT64_MAX, 0, 2), UINT64_C(1) << 63);
    CU_ASSERT_EQUAL(summary_net(5, 0, UINT32_MAX), 0);
}

static void test_summarise(void)
{
    static const uint64_t ticks[] = { 105, 69, 101, 4, 2005 };
    struct result r = { .first = 77, .upcalls = 3 };

    summarise(&r, ticks, 5, 5, 32);
    CU_ASSERT_EQUAL(r.samples, 5);
    CU_ASSERT_EQUAL(r.operations, 32);
    CU_ASSERT_EQUAL(r.overhead, 5);
    CU_ASSERT_EQUAL(r.min, 0);
    CU_ASSERT_EQUAL(r.median, 3);
    CU_ASSERT_EQUAL(r.max, 63);    /* 62.5 */
    CU_ASSERT_EQUAL(r.first, 77);
    CU_ASSERT_EQUAL(r.upcalls, 3);
    CU_ASSERT_EQUAL(ticks[3], 4);  /* raw samples stay as they are */
    /* 0, 2, 3, 3, 63 */
    CU_ASSERT_EQUAL_FATAL(r.distinct, 4);
    CU_ASSERT_EQUAL(r.distribution[2].value, 3);
    CU_ASSERT_EQUAL(r.distribution[2].count, 2);
    CU_ASSERT_EQUAL(r.distribution[3].value, 63);
    CU_ASSERT_EQUAL(r.distribution[3].count, 1);
    free(r.distribution);

    r = (struct result){ 0 };
    summarise(&r, NULL, 0, 5, 1);
    CU_ASSERT_EQUAL(r.samples, 0);
    CU_ASSERT_EQUAL(r.median, 0);
    CU_ASSERT_EQUAL(r.distinct, 0);
    free(r.distribution);
}

void suite_statistics(void)
{
    CU_pSuite suite = CU_add_suite("statistics", NULL, NULL);

    CU_add_test(suite, "known values", test_known);
    CU_add_test(suite, "extremes", test_extremes);
    CU_add_test(suite, "percentiles against a model", test_against_model);
    CU_add_test(suite, "bootstrap against the textbook's", test_bootstrap);
    CU_add_test(suite, "bootstrap is deterministic",
                test_bootstrap_is_deterministic);
    CU_add_test(suite, "bootstrap covers the true median",
                test_bootstrap_covers);
    CU_add_test(suite, "equal samples", test_all_equal);
    CU_add_test(suite, "interval of a ratio", test_ratio);
    CU_add_test(suite, "net cost of an operation", test_net);
    CU_add_test(suite, "summary of a row", test_summarise);
}
