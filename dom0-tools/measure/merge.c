/*
 * One result out of the boots of a row (merge.h).
 */
#include <stdlib.h>
#include <string.h>

#include "measure/merge.h"
#include "measure/summary.h"
#include "statistics.h"
#include "xenometer.h"

static bool same_cell(const struct record *a, const struct record *b)
{
    return a->row == b->row && a->column == b->column;
}

/* The record that decides: of the worst outcome, the first. */
static const struct record *find_worst(const struct record *const *boots, size_t count)
{
    const struct record *worst = boots[0];

    for ( size_t i = 1; i < count; i++ )
        if ( boots[i]->outcome > worst->outcome )
            worst = boots[i];
    return worst;
}

/* Median of one figure over the boots: the lower one of an even number. */
static uint64_t median_of(uint64_t *values, size_t count)
{
    statistics_sort(values, count);
    return statistics_percentile(values, count, 500);
}

/*
 * The boots' batches, each without its own empty row's loop.  No batch when any
 * boot has none: the row does something else between its samples.
 */
static void merge_batch(struct result *r, const struct record *const *boots, size_t count)
{
    uint64_t ticks = 0, empty = 0;

    for ( size_t i = 0; i < count; i++ )
    {
        if ( boots[i]->batch == 0 )
            return;
        ticks += boots[i]->batch;
        empty += boots[i]->baseline.turn * boots[i]->count;
    }
    r->has_batch = true;
    r->batch = summary_net(ticks, empty, (uint64_t)r->samples * r->operations);
}

/* Of one boot's raw samples, as all figures are. */
static uint64_t boot_median(const struct record *boot, uint64_t overhead,
                            uint32_t operations)
{
    uint64_t *copy = xcalloc(boot->count, sizeof(*copy)), median;

    memcpy(copy, boot->ticks, boot->count * sizeof(*copy));
    median = summary_net(median_of(copy, boot->count), overhead, operations);
    free(copy);
    return median;
}

static void merge_figures(struct result *r, const struct record *const *boots,
                          size_t count, bool keep_raw)
{
    uint64_t *scratch = xcalloc(count, sizeof(*scratch)), *raw, overhead;
    size_t total = 0, at = 0;

    for ( size_t i = 0; i < count; i++ )
    {
        scratch[i] = boots[i]->baseline.region;
        total += boots[i]->count;
    }
    overhead = median_of(scratch, count);
    for ( size_t i = 0; i < count; i++ )
        scratch[i] = boots[i]->first;
    r->first = summary_net(median_of(scratch, count), overhead, r->operations);
    free(scratch);

    r->boots = (uint32_t)count;
    r->boot_medians = xcalloc(count, sizeof(*r->boot_medians));
    raw = xcalloc(total, sizeof(*raw));
    for ( size_t i = 0; i < count; i++ )
    {
        r->boot_medians[i] = boot_median(boots[i], overhead, r->operations);
        memcpy(raw + at, boots[i]->ticks, boots[i]->count * sizeof(*raw));
        at += boots[i]->count;
        r->upcalls += boots[i]->upcalls;
        r->notifications += boots[i]->notifications;
        r->dom0_events += boots[i]->dom0_events;
        r->total += boots[i]->operations;
        r->stolen += boots[i]->stolen;
        if ( boots[i]->served[1] )
            memcpy(r->served, boots[i]->served, sizeof(r->served));
    }
    summarise(r, raw, total, overhead, r->operations);
    merge_batch(r, boots, count);
    if ( keep_raw )
    {
        r->raw = raw;
        r->raw_count = total;
    }
    else
        free(raw);
}

static void merge(struct results *results, const struct record *const *boots,
                  size_t count, unsigned asked, bool keep_raw)
{
    const struct record *worst = find_worst(boots, count);
    const struct image_row *row = worst->row;
    struct result *r = results_add(results);

    r->row = xstrdup(row->name);
    r->work = xstrdup(row->work);
    r->path = xstrdup(row->path);
    r->against = row->against && *row->against ? xstrdup(row->against) : NULL;
    r->column = worst->column;
    r->outcome = worst->outcome;
    r->dom0 = row->flags & ROW_DOM0;
    r->blocks = row->flags & ROW_BLOCKS;
    r->batches = row->flags & ROW_BATCHES;
    r->apic = row->flags & ROW_APIC;
    r->operations = row->operations ? row->operations : 1;
    r->bytes = row->bytes;
    if ( worst->outcome == OUTCOME_SUCCESS )
        merge_figures(r, boots, count, keep_raw);
    else if ( worst->reason && asked > 1 && worst->outcome != OUTCOME_SKIP )
        r->reason = xasprintf("%s (boot %u of %u)", worst->reason, worst->boot + 1, asked);
    else if ( worst->reason )
        r->reason = xstrdup(worst->reason);
}

void merge_records(const struct records *records, unsigned boots, bool keep_raw,
                   struct results *results)
{
    const struct record **found = xcalloc(records->count, sizeof(*found));
    bool *taken = xcalloc(records->count, sizeof(*taken));

    for ( size_t i = 0; i < records->count; i++ )
    {
        size_t count = 0;

        if ( taken[i] )
            continue;
        for ( size_t k = i; k < records->count; k++ )
            if ( same_cell(&records->list[k], &records->list[i]) )
            {
                found[count++] = &records->list[k];
                taken[k] = true;
            }
        merge(results, found, count, boots, keep_raw);
    }
    free(found);
    free(taken);
}
