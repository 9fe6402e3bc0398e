/*
 * bench/batch.c: the stream of records an image sends out of a port.
 */
#include <CUnit/CUnit.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "bench/batch.h"
#include "suites.h"

#define SAMPLES 3u

struct stream {
    struct control_request record;
    uint64_t ticks[SAMPLES];
    struct control_request last;
};

static void fill(struct stream *s)
{
    memset(s, 0, sizeof(*s));
    s->record.kind = s->last.kind = CONTROL_RESULT;
    s->record.id = 1;
    s->record.samples = SAMPLES;
    for ( unsigned i = 0; i < SAMPLES; i++ )
        s->ticks[i] = 100 + i;
    s->last.id = 2;
    s->last.outcome = OUTCOME_SKIP;
    memset(s->last.reason, 'r', sizeof(s->last.reason));   /* no NUL */
}

static void test_records(void)
{
    struct control_request record;
    struct stream s;
    uint64_t *ticks;
    size_t offset = 0;

    fill(&s);
    CU_ASSERT_TRUE_FATAL(batch_next(&s, sizeof(s), &offset, &record, &ticks));
    CU_ASSERT_EQUAL(record.id, 1);
    CU_ASSERT_EQUAL(record.samples, SAMPLES);
    CU_ASSERT_EQUAL(memcmp(ticks, s.ticks, sizeof(s.ticks)), 0);
    free(ticks);
    CU_ASSERT_TRUE_FATAL(batch_next(&s, sizeof(s), &offset, &record, &ticks));
    CU_ASSERT_EQUAL(record.id, 2);
    CU_ASSERT_EQUAL(record.samples, 0);
    CU_ASSERT_EQUAL(strlen(record.reason), REASON_SIZE - 1);
    free(ticks);
    CU_ASSERT_EQUAL(offset, sizeof(s));
    CU_ASSERT_FALSE(batch_next(&s, sizeof(s), &offset, &record, &ticks));
}

/* An image that died half way: whole records only. */
static void test_cut_off(void)
{
    struct stream s;

    fill(&s);
    for ( size_t size = 0; size < sizeof(s); size++ )
    {
        /* A copy of that size: the sanitizer sees a step too far. */
        char *copy = malloc(size + 1);
        struct control_request record;
        unsigned records = 0;
        size_t offset = 0;
        uint64_t *ticks;

        CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
        memcpy(copy, &s, size);
        while ( batch_next(copy, size, &offset, &record, &ticks) )
        {
            records++;
            free(ticks);
        }
        CU_ASSERT_EQUAL(records, size >= offsetof(struct stream, last) ? 1 : 0);
        free(copy);
    }
}

static void test_claims(void)
{
    struct control_request record;
    struct stream s;
    uint64_t *ticks;
    size_t offset = 0;

    fill(&s);
    s.record.samples = UINT32_MAX;
    CU_ASSERT_FALSE(batch_next(&s, sizeof(s), &offset, &record, &ticks));
    CU_ASSERT_EQUAL(offset, 0);
    offset = sizeof(s) + 1;
    CU_ASSERT_FALSE(batch_next(&s, sizeof(s), &offset, &record, &ticks));
}

void suite_batch(void)
{
    CU_pSuite suite = CU_add_suite("batch", NULL, NULL);

    CU_add_test(suite, "records and samples", test_records);
    CU_add_test(suite, "cut off anywhere", test_cut_off);
    CU_add_test(suite, "records that claim too much", test_claims);
}
