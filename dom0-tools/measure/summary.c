/*
 * From raw ticks to the figures of a result (summary.h).
 */
#include <stdlib.h>
#include <string.h>

#include "measure/summary.h"
#include "statistics.h"
#include "xenometer.h"

uint64_t summary_net(uint64_t ticks, uint64_t overhead, uint64_t operations)
{
    uint64_t net = ticks > overhead ? ticks - overhead : 0;
    uint64_t quotient = net / operations, rest = net % operations;

    return quotient + (rest >= operations - rest ? 1 : 0);
}

/* Sorted values, counted. */
static void tally(struct result *r, const uint64_t *sorted, size_t count)
{
    size_t distinct = 0;

    for ( size_t i = 0; i < count; i++ )
        distinct += i == 0 || sorted[i] != sorted[i - 1];
    r->distribution = xcalloc(distinct, sizeof(*r->distribution));
    for ( size_t i = 0; i < count; i++ )
    {
        if ( i == 0 || sorted[i] != sorted[i - 1] )
            r->distribution[r->distinct++].value = sorted[i];
        r->distribution[r->distinct - 1].count++;
    }
}

void summarise(struct result *r, const uint64_t *ticks, size_t count,
               uint64_t overhead, uint32_t operations)
{
    uint64_t *net = xcalloc(count, sizeof(*net));
    struct statistics s;

    for ( size_t i = 0; i < count; i++ )
        net[i] = summary_net(ticks[i], overhead, operations);
    s = statistics_describe(net, count);   /* sorts them */
    tally(r, net, count);
    free(net);

    r->samples = (uint32_t)count;
    r->operations = operations;
    r->overhead = overhead;
    r->min = s.min;
    r->median = s.median;
    r->p90 = s.p90;
    r->p99 = s.p99;
    r->p999 = s.p999;
    r->max = s.max;
    r->ci95[0] = s.ci95[0];
    r->ci95[1] = s.ci95[1];
}

/*
 * Values that a tenth of the samples have are steady: the ways of the path
 * itself.  The ways of one path differ by less than this, and no interrupt gets
 * through Xen with less: the cheapest in samples of hypercall/null (`run --raw`) takes 888 in Xen 4.17.
 */
#define STEADY_SHARE 10u
#define INTERRUPT    500u   /* instructions in a sample */

bool summary_interrupted(const struct environment *e, const struct result *r,
                         uint32_t *count)
{
    uint64_t steady = r->median;

    *count = 0;
    if ( !e->clock || strcmp(e->clock, "instructions") || r->dom0 || r->blocks || !r->column->mode ||
         r->outcome != OUTCOME_SUCCESS || r->distinct == 0 )
        return false;
    for ( size_t i = 0; i < r->distinct; i++ )
        if ( r->distribution[i].count >= r->samples / STEADY_SHARE &&
             r->distribution[i].value > steady )
            steady = r->distribution[i].value;
    for ( size_t i = 0; i < r->distinct; i++ )
    {
        const struct tally *t = &r->distribution[i];

        if ( t->value > steady && (t->value - steady) * r->operations >= INTERRUPT )
            *count += t->count;
    }
    return true;
}
