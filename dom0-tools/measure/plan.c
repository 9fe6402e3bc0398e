/*
 * The order of domain boots (plan.h).
 */
#include "measure/plan.h"
#include "statistics.h"

/* Fisher and Yates; the remainder favours the first few by less than 2^-50. */
static void shuffle(size_t *v, size_t count, uint64_t *state)
{
    for ( size_t i = count; i > 1; i-- )
    {
        size_t k = (size_t)(statistics_random(state) % i), last = v[i - 1];

        v[i - 1] = v[k];
        v[k] = last;
    }
}

void plan_order(size_t kinds, unsigned boots, uint64_t seed, size_t *order)
{
    for ( unsigned boot = 0; boot < boots; boot++ )
    {
        size_t *half = order + boot * kinds;

        for ( size_t i = 0; i < kinds; i++ )
            half[i] = boot % 2 ? order[boot * kinds - 1 - i] : i;
        if ( boot % 2 == 0 )
            shuffle(half, kinds, &seed);
    }
}
