/*
 * Statistics over measured ticks (statistics.h).
 *
 * A resampled median is drawn without drawing the resample: n uniform draws
 * are split into those below and those above the middle of the index range
 * (the number below is the number of one bits among n random ones), then the
 * half that holds the median rank is split again, until one draw is left.
 * This has exactly the distribution of a bootstrapped median and takes about
 * 2n random bits instead of n draws and a sort, which matters in a dom0 that
 * runs on an emulated processor.
 */
#include "statistics.h"

#define RESAMPLES 2000u
#define SEED      0x78656e6f6d657465u   /* "xenomete" */

uint64_t statistics_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void sift_down(uint64_t *v, size_t root, size_t count)
{
    uint64_t value = v[root];

    for ( ;; )
    {
        size_t child = 2 * root + 1;

        if ( child >= count )
            break;
        if ( child + 1 < count && v[child + 1] > v[child] )
            child++;
        if ( v[child] <= value )
            break;
        v[root] = v[child];
        root = child;
    }
    v[root] = value;
}

/* Heapsort: in place, no recursion, no worst case. */
void statistics_sort(uint64_t *values, size_t count)
{
    size_t i;

    /* Exact clocks give equal samples: most inputs are sorted as they come. */
    for ( i = 1; i < count && values[i - 1] <= values[i]; i++ )
        ;
    if ( i >= count )
        return;

    for ( i = count / 2; i-- > 0; )
        sift_down(values, i, count);
    for ( i = count - 1; i > 0; i-- )
    {
        uint64_t largest = values[0];

        values[0] = values[i];
        values[i] = largest;
        sift_down(values, 0, i);
    }
}

/* Index of the nearest rank, from 0; count is not 0. */
static size_t rank_index(size_t count, unsigned per_mille)
{
    size_t whole = count / 1000, rest = count % 1000;
    size_t rank = whole * per_mille + (rest * per_mille + 999) / 1000;

    return rank == 0 ? 0 : rank - 1;
}

uint64_t statistics_percentile(const uint64_t *sorted, size_t count,
                               unsigned per_mille)
{
    if ( count == 0 )
        return 0;
    return sorted[rank_index(count, per_mille > 1000 ? 1000 : per_mille)];
}

/* How many of `draws` fair coins show heads. */
static size_t count_heads(uint64_t *state, size_t draws)
{
    size_t heads = 0;

    for ( ; draws >= 64; draws -= 64 )
        heads += (size_t)__builtin_popcountll(statistics_random(state));
    if ( draws > 0 )
        heads += (size_t)__builtin_popcountll(statistics_random(state) >>
                                              (64 - draws));
    return heads;
}

/* The median of one resample of `count` sorted values. */
static uint64_t resampled_median(const uint64_t *sorted, size_t count,
                                 uint64_t *state)
{
    /*
     * Every draw is a 64-bit fraction of the index range.  `place` holds the
     * leading bits, found so far, of the draw of rank `rank` among the `left`
     * draws that share them.
     */
    uint64_t place = 0;
    size_t left = count, rank = rank_index(count, 500);
    unsigned bit = 64;

    while ( left > 1 && bit > 0 )
    {
        size_t below = count_heads(state, left);

        bit--;
        if ( rank < below )
            left = below;
        else
        {
            rank -= below;
            left -= below;
            place |= (uint64_t)1 << bit;
        }
    }
    if ( bit > 0 )
        place |= statistics_random(state) >> (64 - bit);
    return sorted[(size_t)(((unsigned __int128)place * count) >> 64)];
}

struct statistics statistics_describe(uint64_t *values, size_t count)
{
    struct statistics s = { 0 };
    uint64_t medians[RESAMPLES], state = SEED;

    if ( count == 0 )
        return s;

    statistics_sort(values, count);
    s.min = values[0];
    s.median = statistics_percentile(values, count, 500);
    s.p90 = statistics_percentile(values, count, 900);
    s.p99 = statistics_percentile(values, count, 990);
    s.p999 = statistics_percentile(values, count, 999);
    s.max = values[count - 1];

    s.ci95[0] = s.ci95[1] = s.median;
    if ( s.min == s.max )
        return s;

    for ( unsigned i = 0; i < RESAMPLES; i++ )
        medians[i] = resampled_median(values, count, &state);
    statistics_sort(medians, RESAMPLES);
    s.ci95[0] = statistics_percentile(medians, RESAMPLES, 25);
    s.ci95[1] = statistics_percentile(medians, RESAMPLES, 975);
    return s;
}

/* a/b < c/d without losing a bit; b and d are not 0. */
static bool ratio_less(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return (unsigned __int128)a * d < (unsigned __int128)c * b;
}

static void sort_ratios(uint64_t (*ratio)[2], size_t count)
{
    /* Shell sort with Knuth's gaps: a few thousand entries, in place. */
    for ( size_t gap = 1093; gap > 0; gap /= 3 )
        for ( size_t i = gap; i < count; i++ )
        {
            uint64_t top = ratio[i][0], bottom = ratio[i][1];
            size_t k = i;

            for ( ; k >= gap && ratio_less(top, bottom, ratio[k - gap][0],
                                           ratio[k - gap][1]); k -= gap )
            {
                ratio[k][0] = ratio[k - gap][0];
                ratio[k][1] = ratio[k - gap][1];
            }
            ratio[k][0] = top;
            ratio[k][1] = bottom;
        }
}

bool statistics_ratio_interval(const uint64_t *a, size_t a_count,
                               const uint64_t *b, size_t b_count,
                               double interval[2])
{
    uint64_t ratio[RESAMPLES][2], state = SEED;
    size_t low = rank_index(RESAMPLES, 25), high = rank_index(RESAMPLES, 975);

    if ( a_count == 0 || b_count == 0 )
        return false;

    if ( a[0] == a[a_count - 1] && b[0] == b[b_count - 1] )
    {
        if ( b[0] == 0 )
            return false;
        interval[0] = interval[1] = (double)a[0] / (double)b[0];
        return true;
    }

    for ( unsigned i = 0; i < RESAMPLES; i++ )
    {
        ratio[i][0] = resampled_median(a, a_count, &state);
        ratio[i][1] = resampled_median(b, b_count, &state);
        if ( ratio[i][1] == 0 )
            return false;
    }
    sort_ratios(ratio, RESAMPLES);
    interval[0] = (double)ratio[low][0] / (double)ratio[low][1];
    interval[1] = (double)ratio[high][0] / (double)ratio[high][1];
    return true;
}
