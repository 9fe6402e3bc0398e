#include "region.h"

#include <stdlib.h>
#include <string.h>

#include "xenometer.h"

#define NESTED      8u   /* events that may stand inside a timed region, or between two */
#define FEW         3u   /* less samples than that could be anybody's */
#define MAX_DOMAINS 8u   /* whose samples stand behind each other in a result */

uint64_t event_ticks(const struct record_event *event)
{
    uint64_t ticks = 0;

    for ( int i = 0; i < LAYERS; i++ )
        ticks += event->count[i];
    return ticks;
}

static bool is_end(const struct record *r, size_t event)
{
    return r->markers[r->events[event].marker].is_end;
}

/* The event that ends a region of so many ticks begun at `begin`; event_count:
 * none does. */
static size_t region_end(const struct record *r, size_t begin, uint64_t ticks)
{
    if ( !is_end(r, begin) )
        for ( size_t e = begin + 1; e < r->event_count && e <= begin + 1 + NESTED; e++ )
            if ( is_end(r, e) &&
                 event_ticks(&r->events[e]) - event_ticks(&r->events[begin]) == ticks )
                return e;
    return r->event_count;
}

/*
 * Regions one after the other from event `begin` on.  Not always by the same two
 * instructions: a compiler may make two of a loop whose iterations differ.
 */
static bool match_from(const struct record *r, size_t begin, const uint64_t *raw, size_t count,
                       size_t sample, size_t *first, size_t *last)
{
    for ( size_t i = 0; i < count; i++ )
    {
        size_t limit = i ? begin + NESTED : begin, end = r->event_count;

        for ( ; end == r->event_count && begin <= limit && begin < r->event_count; begin++ )
            end = region_end(r, begin, raw[i]);
        if ( end == r->event_count )
            return false;
        if ( i == sample )
        {
            *first = begin - 1;
            *last = end;
        }
        begin = end + 1;
    }
    return true;
}

/* The samples of several domains may follow each other: those of the one that
 * `*sample` is of, when there are `domains`.  False: they do not divide so. */
static bool one_domain(size_t domains, const uint64_t **raw, size_t *count, size_t *sample)
{
    if ( *count % domains || (domains > 1 && *count / domains < FEW) )
        return false;
    *count /= domains;
    *raw += *sample / *count * *count;
    *sample %= *count;
    return true;
}

bool region_find_last(const struct record *r, const uint64_t *raw, size_t count, size_t sample,
                      size_t *first, size_t *last)
{
    for ( size_t domains = 1; domains <= MAX_DOMAINS && domains <= count; domains++ )
    {
        const uint64_t *part = raw;
        size_t length = count, at = sample;

        if ( !one_domain(domains, &part, &length, &at) )
            continue;
        for ( size_t begin = r->event_count; begin-- > 0; )
            if ( match_from(r, begin, part, length, at, first, last) )
                return true;
    }
    return false;
}

/* The first from event `from` on, then from the beginning. */
static bool find_next(const struct record *r, size_t from, const uint64_t *raw, size_t count,
                      size_t sample, size_t *first, size_t *last)
{
    for ( size_t domains = 1; domains <= MAX_DOMAINS && domains <= count; domains++ )
    {
        const uint64_t *part = raw;
        size_t length = count, at = sample;

        if ( !one_domain(domains, &part, &length, &at) )
            continue;
        for ( size_t tried = 0; tried < r->event_count; tried++ )
            if ( match_from(r, (from + tried) % r->event_count, part, length, at, first, last) )
                return true;
    }
    return false;
}

struct sample {
    uint64_t ticks;
    size_t index;
};

static int compare(const void *a, const void *b)
{
    const struct sample *x = a, *y = b;

    if ( x->ticks != y->ticks )
        return x->ticks < y->ticks ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

size_t region_median(const uint64_t *raw, size_t count)
{
    struct sample *sorted = xcalloc(count, sizeof(*sorted));
    size_t middle = (count - 1) / 2, index;

    for ( size_t i = 0; i < count; i++ )
        sorted[i] = (struct sample){ raw[i], i };
    qsort(sorted, count, sizeof(*sorted), compare);
    /* The first of those that took as long. */
    while ( middle > 0 && sorted[middle - 1].ticks == sorted[middle].ticks )
        middle--;
    index = sorted[middle].index;
    free(sorted);
    return index;
}

void region_layers(const struct record *r, struct results *results)
{
    static const enum mode modes[] = { MODE_PV, MODE_PVH, MODE_HVM, MODE_BARE };
    size_t from = 0;

    if ( r->event_count == 0 )
        return;
    /* Modes ran one after the other, and in each the rows in the table's order:
     * so each is looked for behind the one before; once around, if that is not so. */
    for ( size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++ )
        for ( size_t i = 0; i < results->count; i++ )
        {
            struct result *result = &results->rows[i];
            size_t first, last;

            if ( result->mode != modes[m] || !result->raw_count || result->has_layers ||
                 !find_next(r, from, result->raw, result->raw_count,
                            region_median(result->raw, result->raw_count), &first, &last) )
                continue;
            from = last;
            result->has_layers = true;
            for ( int k = 0; k < LAYERS; k++ )
                result->layers[k] = r->events[last].count[k] - r->events[first].count[k];
        }
}
