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

/* One operation alone, or several that share what they cost: in flight at once, in a batch. */
static bool same_shape(const struct result *a, const struct result *b)
{
    return (a->operations > 1) == (b->operations > 1);
}

bool ratio_by_cpu(const struct results *results, const struct result *r)
{
    return !strcmp(r->row, "mmio/xen-lapic") &&
           environment_has(&results->environment, "apic-register-virtualization");
}

/* The first of the cheapest results of the same work and shape; NULL when all cost the same. */
static const struct result *find_cheapest(const struct results *results,
                                          const struct result *like)
{
    const struct result *cheapest = NULL;
    bool differ = false;

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];

        if ( r->outcome != OUTCOME_SUCCESS || r->column->floor || ratio_by_cpu(results, r) ||
             r->column->base || !same_shape(r, like) || strcmp(work_of(r), work_of(like)) != 0 )
            continue;
        differ |= cheapest != NULL && r->median != cheapest->median;
        if ( cheapest == NULL || r->median < cheapest->median )
            cheapest = r;
    }
    return differ ? cheapest : NULL;
}

/* The figure of the same row in the column's base; NULL: there is none. */
static const struct result *find_base(const struct results *results, const struct result *of)
{
    for ( size_t i = 0; i < results->count; i++ )
        if ( results->rows[i].outcome == OUTCOME_SUCCESS &&
             !strcmp(results->rows[i].column->name, of->column->base) &&
             !strcmp(results->rows[i].row, of->row) )
            return &results->rows[i];
    return NULL;
}

struct ratio *ratios_make(const struct results *results)
{
    struct ratio *ratios = xcalloc(results->count, sizeof(*ratios));

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i], *to;
        struct ratio *ratio = &ratios[i];

        if ( r->outcome != OUTCOME_SUCCESS || r->column->floor || ratio_by_cpu(results, r) )
            continue;
        to = r->column->base ? find_base(results, r) : find_cheapest(results, r);
        if ( to == NULL || to->median == 0 )
            continue;
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
    return ratios;
}
