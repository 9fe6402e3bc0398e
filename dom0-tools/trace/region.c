#include "trace/region.h"

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

static uint64_t ticks_between(const struct record *r, size_t begin, size_t end)
{
    return event_ticks(&r->events[end]) - event_ticks(&r->events[begin]);
}

/* The event that ends a region of so many ticks begun at `begin`; event_count:
 * none does. */
static size_t region_end(const struct record *r, size_t begin, uint64_t ticks)
{
    if ( !is_end(r, begin) )
        for ( size_t e = begin + 1; e < r->event_count && e <= begin + 1 + NESTED; e++ )
            if ( is_end(r, e) &&
                 ticks_between(r, begin, e) == ticks )
                return e;
    return r->event_count;
}

/*
 * Regions one after the other from event `begin` on, each of `more` ticks than its
 * sample.  Not always by the same two
 * instructions: a compiler may make two of a loop whose iterations differ.
 */
static bool match_from(const struct record *r, size_t begin, const uint64_t *raw, size_t count,
                       uint64_t more, size_t sample, size_t *first, size_t *last)
{
    for ( size_t i = 0; i < count; i++ )
    {
        size_t limit = i ? begin + NESTED : begin, end = r->event_count;

        for ( ; end == r->event_count && begin <= limit && begin < r->event_count; begin++ )
            end = region_end(r, begin, raw[i] + more);
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
            if ( match_from(r, begin, part, length, 0, at, first, last) )
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
            if ( match_from(r, (from + tried) % r->event_count, part, length, 0, at, first,
                            last) )
                return true;
    }
    return false;
}

/* Regions from `begin` on that end where handlers are entered, each as much longer than
 * its sample. */
static bool match_entries(const struct record *r, size_t begin, const uint64_t *raw,
                          size_t count, size_t sample, size_t *first, size_t *last)
{
    for ( size_t e = begin + 1; e < r->event_count && e <= begin + 1 + NESTED; e++ )
    {
        uint64_t ticks = ticks_between(r, begin, e);

        if ( r->markers[r->events[e].marker].is_entry && ticks > raw[0] &&
             match_from(r, begin, raw, count, ticks - raw[0], sample, first, last) )
            return true;
    }
    return false;
}

/*
 * A deadline is set at one reading, so far ahead, and a handler notes when it runs:
 * the time ahead is what each region has more than its sample.  Of several readings
 * before the handler the first.
 */
static bool find_deadline(const struct record *r, const uint64_t *raw, size_t count,
                          size_t sample, size_t *first, size_t *last)
{
    size_t begin = r->event_count;

    while ( begin-- > 0 )
        if ( match_entries(r, begin, raw, count, sample, first, last) )
        {
            while ( begin-- > 0 && !is_end(r, begin) &&
                    match_entries(r, begin, raw, count, sample, first, last) )
                ;
            return true;
        }
    return false;
}

/* Do `count` iterations of `length` readings each end before event `end`? */
static bool is_periodic(const struct record *r, size_t end, size_t length, size_t count)
{
    if ( end < length * count || is_end(r, end - length) || !is_end(r, end - 1) )
        return false;
    for ( size_t i = end - length; i-- > end - length * count; )
        if ( r->events[i].marker != r->events[i + length].marker )
            return false;
    return true;
}

/* The last readings that repeat as often as the row's iterations, other than those of the
 * empty row, which runs in the same domain. */
static bool find_iterations(const struct record *r, size_t count, size_t warmup,
                            uint64_t overhead, size_t sample, size_t *first, size_t *last)
{
    for ( size_t end = r->event_count; end > 0; end-- )
        for ( size_t length = 2; length <= NESTED; length++ )
            if ( is_periodic(r, end, length, count + warmup) &&
                 ticks_between(r, end - length, end - 1) > overhead )
            {
                *first = end - (count - sample) * length;
                *last = *first + length - 1;
                return true;
            }
    return false;
}

enum region region_find_any(const struct record *r, const uint64_t *raw, size_t count,
                            size_t warmup, uint64_t overhead, size_t sample, size_t *first,
                            size_t *last)
{
    if ( region_find_last(r, raw, count, sample, first, last) )
        return REGION_EXACT;
    if ( count < FEW )
        return REGION_NONE;
    if ( find_deadline(r, raw, count, sample, first, last) )
        return REGION_DEADLINE;
    return find_iterations(r, count, warmup, overhead, sample, first, last) ? REGION_AROUND
                                                                            : REGION_NONE;
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
    size_t from = 0;

    if ( r->event_count == 0 )
        return;
    /* Columns ran one after the other, and in each the rows in the table's order:
     * so each is looked for behind the one before; once around, if that is not so. */
    FOR_EACH_COLUMN(c)
        for ( size_t i = 0; i < results->count; i++ )
        {
            struct result *result = &results->rows[i];
            size_t first, last;

            if ( result->column != c || !result->raw_count || result->has_layers ||
                 !find_next(r, from, result->raw, result->raw_count,
                            region_median(result->raw, result->raw_count), &first, &last) )
                continue;
            from = last;
            result->has_layers = true;
            for ( int k = 0; k < LAYERS_OF_XEN; k++ )
                result->layers[k] = r->events[last].count[k] - r->events[first].count[k];
        }
}
