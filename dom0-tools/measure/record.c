#include "record.h"

#include <stdlib.h>

#include "backend/keys.h"
#include "summary.h"
#include "xenometer.h"

struct result *record_add(struct results *results, const struct image_row *row,
                          enum mode mode, enum outcome outcome, const char *reason)
{
    struct result *r = results_add(results);

    r->row = xstrdup(row->name);
    r->work = xstrdup(row->work);
    r->path = xstrdup(row->path);
    r->mode = mode;
    r->outcome = outcome;
    r->reason = reason && *reason ? xstrdup(reason) : NULL;
    r->dom0 = row->flags & ROW_DOM0;
    r->blocks = row->flags & ROW_BLOCKS;
    r->operations = row->operations;
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
    struct result scratch = { .operations = 1 };

    summarise(&scratch, ticks, count, 0, 1);
    return scratch.median;
}

struct result *record_result(struct results *results, const struct image_row *row,
                             enum mode mode, const struct control_request *q,
                             uint64_t *ticks, uint64_t overhead, bool keep_raw)
{
    uint32_t operations = row->operations ? row->operations : 1;
    char reason[REASON_SIZE];
    struct result *result;

    keys_printable(reason, sizeof(reason), q->reason, sizeof(q->reason));
    result = record_add(results, row, mode, (enum outcome)q->outcome,
                        q->outcome == OUTCOME_SUCCESS ? NULL : reason);
    result->upcalls = q->upcalls;
    result->total = ((uint64_t)row->warmup + q->samples) * operations;
    if ( q->outcome == OUTCOME_SUCCESS )
    {
        if ( row->flags & ROW_BASELINE )
            overhead = 0;
        summarise(result, ticks, q->samples, overhead, operations);
        result->first = summary_net(q->first, overhead, operations);
        if ( keep_raw )
        {
            result->raw = ticks;
            result->raw_count = q->samples;
            return result;
        }
    }
    else if ( !result->reason )
        result->reason = xstrdup("the image gave no reason");
    free(ticks);
    return result;
}
