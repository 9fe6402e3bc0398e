/*
 * Ratios of medians (ratio.h).
 */
#include <stdlib.h>
#include <string.h>

#include "report/ratio.h"
#include "statistics.h"
#include "xenometer.h"

const char *work_of(const struct result *r)
{
    return r->work && *r->work ? r->work : "other work";
}

/* The samples of a distribution, sorted; the caller's. */
static uint64_t *expand(const struct result *r)
{
    uint64_t *values = xcalloc(r->samples, sizeof(*values));
    size_t at = 0;

    for ( size_t i = 0; i < r->distinct; i++ )
        for ( uint32_t k = 0; k < r->distribution[i].count && at < r->samples; k++ )
            values[at++] = r->distribution[i].value;
    return values;
}

bool ratio_interval(const struct result *a, const struct result *b, double interval[2])
{
    uint64_t *x, *y;
    bool known;

    if ( a->distinct == 0 || b->distinct == 0 )
        return false;
    x = expand(a);
    y = expand(b);
    known = statistics_ratio_interval(x, a->samples, y, b->samples, interval);
    free(x);
    free(y);
    return known;
}

bool ratio_by_cpu(const struct results *results, const struct result *r)
{
    return r->apic && environment_has(&results->environment, "apic-register-virtualization");
}

/* One operation alone, or several that share what they cost: in flight at once, in a batch. */
static bool is_shared(const struct result *r)
{
    return r->operations > 1;
}

/* Orders pointers into an array of results: those of one work and shape are neighbours, in the
 * array's order. */
static int compare_work(const void *a, const void *b)
{
    const struct result *x = *(const struct result *const *)a;
    const struct result *y = *(const struct result *const *)b;
    int difference = strcmp(work_of(x), work_of(y));

    if ( difference == 0 )
        difference = is_shared(x) - is_shared(y);
    return difference ? difference : (x > y) - (x < y);
}

static bool same_work(const struct result *a, const struct result *b)
{
    return is_shared(a) == is_shared(b) && strcmp(work_of(a), work_of(b)) == 0;
}

/* The first of the cheapest of a group, but for columns that have a base; NULL when all cost the
 * same. */
static const struct result *find_cheapest(const struct result *const group[], size_t count)
{
    const struct result *cheapest = NULL;
    bool differ = false;

    for ( size_t i = 0; i < count; i++ )
    {
        if ( group[i]->column->base )
            continue;
        differ |= cheapest != NULL && group[i]->median != cheapest->median;
        if ( cheapest == NULL || group[i]->median < cheapest->median )
            cheapest = group[i];
    }
    return differ ? cheapest : NULL;
}

/* The figure of the same row in the column's base; NULL: there is none in its group. */
static const struct result *find_base(const struct result *const group[], size_t count,
                                      const struct result *of)
{
    for ( size_t i = 0; i < count; i++ )
        if ( !strcmp(group[i]->column->name, of->column->base) && !strcmp(group[i]->row, of->row) )
            return group[i];
    return NULL;
}

static void fill(struct ratio *ratio, const struct result *r, const struct result *to)
{
    ratio->to = to;
    ratio->value = (double)r->median / (double)to->median;
    if ( r == to )
    {
        ratio->has_interval = true;
        ratio->interval[0] = ratio->interval[1] = 1;
    }
    else
        ratio->has_interval = ratio_interval(r, to, ratio->interval);
}

struct ratio *ratios_make(const struct results *results)
{
    struct ratio *ratios = xcalloc(results->count, sizeof(*ratios));
    const struct result **sorted = xcalloc(results->count, sizeof(*sorted));
    size_t count = 0, next;

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];

        if ( r->outcome == OUTCOME_SUCCESS && !r->column->floor && !ratio_by_cpu(results, r) )
            sorted[count++] = r;
    }
    qsort(sorted, count, sizeof(*sorted), compare_work);
    for ( size_t at = 0; at < count; at = next )
    {
        const struct result *cheapest;

        for ( next = at + 1; next < count && same_work(sorted[at], sorted[next]); )
            next++;
        cheapest = find_cheapest(&sorted[at], next - at);
        for ( size_t i = at; i < next; i++ )
        {
            const struct result *r = sorted[i];
            const struct result *to = r->column->base ? find_base(&sorted[at], next - at, r) : cheapest;

            if ( to != NULL && to->median != 0 )
                fill(&ratios[r - results->rows], r, to);
        }
    }
    free(sorted);
    return ratios;
}
