#include "measure/record.h"

#include <stdlib.h>
#include <string.h>

#include "backend/keys.h"
#include "statistics.h"
#include "xenometer.h"

void records_free(struct records *records)
{
    for ( size_t i = 0; i < records->count; i++ )
    {
        free(records->list[i].reason);
        free(records->list[i].ticks);
    }
    free(records->list);
    *records = (struct records){ 0 };
}

enum outcome records_worst(const struct records *records)
{
    enum outcome worst = OUTCOME_SUCCESS;

    for ( size_t i = 0; i < records->count; i++ )
        if ( records->list[i].outcome > worst )
            worst = records->list[i].outcome;
    return worst;
}

struct record *record_add(struct records *records, const struct image_row *row,
                          const struct column *column, unsigned boot, enum outcome outcome,
                          const char *reason)
{
    struct record *r;

    if ( records->count == records->capacity )
    {
        records->capacity = records->capacity ? 2 * records->capacity : 64;
        records->list = xrealloc(records->list,
                                 records->capacity * sizeof(*records->list));
    }
    r = &records->list[records->count++];
    *r = (struct record){
        .row = row, .column = column, .boot = boot, .outcome = outcome,
        .reason = reason && *reason ? xstrdup(reason) : NULL,
    };
    return r;
}

const char *record_nonsense(const struct control_request *q, uint32_t id, uint32_t samples)
{
    if ( q->kind != CONTROL_RESULT )
        return "the domain sent no result but something else";
    if ( q->id != id )
        return "the domain answered another command than the last";
    if ( q->outcome > OUTCOME_FAILURE )
        return "the domain reported an impossible outcome";
    if ( q->samples > samples )
        return "the domain reported more samples than were asked for";
    if ( q->outcome == OUTCOME_SUCCESS && q->samples == 0 )
        return "the domain reported success without a sample";
    return NULL;
}

uint64_t record_overhead(const uint64_t *ticks, uint32_t count)
{
    uint64_t *sorted = xcalloc(count, sizeof(*sorted)), median = 0;

    if ( count )
    {
        memcpy(sorted, ticks, count * sizeof(*sorted));
        statistics_sort(sorted, count);
        median = statistics_percentile(sorted, count, 500);
    }
    free(sorted);
    return median;
}

struct baseline record_baseline(const struct control_request *q, const uint64_t *ticks)
{
    struct baseline b = { .region = record_overhead(ticks, q->samples) };

    if ( q->samples )
        b.turn = (q->batch + q->samples / 2) / q->samples;
    return b;
}

struct record *record_result(struct records *records, const struct image_row *row,
                             const struct column *column, unsigned boot,
                             const struct control_request *q, uint64_t *ticks,
                             struct baseline baseline)
{
    char reason[REASON_SIZE];
    struct record *r;

    keys_printable(reason, sizeof(reason), q->reason, sizeof(q->reason));
    r = record_add(records, row, column, boot, (enum outcome)q->outcome,
                   q->outcome == OUTCOME_SUCCESS ? NULL : reason);
    r->upcalls = q->upcalls;
    r->notifications = q->notifications;
    r->operations = ((uint64_t)row->warmup + q->samples) * (row->operations ? row->operations : 1);
    r->stolen = q->stolen;
    if ( q->outcome != OUTCOME_SUCCESS )
    {
        free(ticks);
        if ( !r->reason )
            r->reason = xstrdup("the image gave no reason");
        return r;
    }
    r->ticks = ticks;
    r->count = q->samples;
    r->first = q->first;
    r->batch = q->batch;
    if ( !(row->flags & ROW_BASELINE) )
        r->baseline = baseline;
    return r;
}
