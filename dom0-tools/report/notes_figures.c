/*
 * How good the figures are: do boots agree, how well are medians and ratios
 * known, what interrupted the samples (notes.h).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "measure/summary.h"
#include "report/layout.h"
#include "report/notes.h"
#include "report/ratio.h"
#include "report/text.h"
#include "xenometer.h"

/* Boots of a row that reaches dom0, or in cycles, may differ by that much. */
#define BOOTS_DIFFER 0.02

/* A list of rows in the making. */
struct list {
    FILE *out;
    char *text;
    size_t size, named, more;
};

static void list_begin(struct list *list)
{
    *list = (struct list){ 0 };
    list->out = notes_begin(&list->text, &list->size);
}

/* Shall the next row be named?  If so, its name is there already. */
static bool list_row(struct list *list, const struct result *r)
{
    if ( list->named == NAMED_ROWS )
    {
        list->more++;
        return false;
    }
    fprintf(list->out, "%s%s in %s", list->named++ ? "; " : "", r->row,
            r->column->title);
    return true;
}

static void list_number(struct list *list, const char *before, uint64_t number)
{
    char *text = text_number(number);

    fprintf(list->out, "%s%s", before, text);
    free(text);
}

/* The text, NULL when no row is in it; the caller's. */
static char *list_end(struct list *list)
{
    if ( list->more > 0 )
        fprintf(list->out, "; and %zu more", list->more);
    fclose(list->out);
    if ( list->named > 0 )
        return list->text;
    free(list->text);
    return NULL;
}

/* A row whose path is the same each time: guest, Xen and nobody else. */
static bool repeats(const struct results *results, const struct result *r)
{
    return notes_instructions(results) && !r->dom0 && !r->blocks;
}

/* ---------------------------------------------------------------- boots -- */

static bool boots_differ(const struct results *results, const struct result *r)
{
    uint64_t low = UINT64_MAX, high = 0;

    if ( r->outcome != OUTCOME_SUCCESS || r->boots < 2 )
        return false;
    for ( uint32_t i = 0; i < r->boots; i++ )
    {
        low = r->boot_medians[i] < low ? r->boot_medians[i] : low;
        high = r->boot_medians[i] > high ? r->boot_medians[i] : high;
    }
    return repeats(results, r) ? high != low
                               : (double)(high - low) > BOOTS_DIFFER * (double)high;
}

static void note_boots(struct notes *notes, const struct results *results)
{
    const struct environment *e = &results->environment;
    struct list list;
    char *text;

    if ( e->boots < 2 )
        return;
    list_begin(&list);
    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];

        if ( !boots_differ(results, r) || !list_row(&list, r) )
            continue;
        for ( uint32_t k = 0; k < r->boots && k < NAMED_ROWS; k++ )
            list_number(&list, k ? ", " : " ", r->boot_medians[k]);
        if ( r->boots > NAMED_ROWS )
            fputs(", ...", list.out);
    }
    text = list_end(&list);
    notes_add(notes, "%" PRIu32 " boots of each kind of domain, in ABBA order (seed %" PRIu64
              "), samples pooled. %s%s%s", e->boots, e->seed,
              text ? "Medians that differ between boots: "
                   : "No median differs between boots",
              text ? text
                   : notes_instructions(results) ? ", in rows that reach dom0 by more than 2 %"
                                                 : " by more than 2 %",
              ".");
    free(text);
}

/* ------------------------------------------------------------ intervals -- */

static double width(const struct result *r)
{
    return r->median ? (double)(r->ci95[1] - r->ci95[0]) / (double)r->median : 0;
}

static void note_intervals(struct notes *notes, const struct results *results, bool utf8)
{
    struct ratio *ratios = ratios_make(results);
    const struct result *widest = NULL;
    const struct ratio *loosest = NULL;
    size_t measured = 0, points = 0, at = 0;

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];
        const struct ratio *q = &ratios[i];

        if ( r->outcome != OUTCOME_SUCCESS || r->samples == 0 )
            continue;
        measured++;
        points += r->ci95[0] == r->ci95[1];
        if ( r->ci95[0] != r->ci95[1] && (widest == NULL || width(r) > width(widest)) )
            widest = r;
        if ( q->to != NULL && q->has_interval && q->interval[1] > q->interval[0] &&
             (loosest == NULL || (q->interval[1] - q->interval[0]) / q->value >
                                 (loosest->interval[1] - loosest->interval[0]) / loosest->value) )
        {
            loosest = q;
            at = i;
        }
    }
    if ( widest != NULL )
    {
        char *low = text_number(widest->ci95[0]), *high = text_number(widest->ci95[1]);
        char *ratio = loosest == NULL ? xstrdup("") :
            xasprintf(", of a ratio %s in %s, %.4g to %.4g%s", results->rows[at].row,
                      results->rows[at].column->title, loosest->interval[0],
                      loosest->interval[1], utf8 ? "\u00d7" : "x");

        notes_add(notes, "95 %% intervals (bootstrap): of %zu medians %zu are points; the "
                  "widest is that of %s in %s, %s to %s%s. --wide shows them all.",
                  measured, points, widest->row, widest->column->title, low, high,
                  ratio);
        free(low);
        free(high);
        free(ratio);
    }
    free(ratios);
}

/* -------------------------------------------------------- interruptions -- */

static void note_interrupted(struct notes *notes, const struct results *results)
{
    uint64_t samples = 0, interrupted = 0;
    size_t rows = 0, stolen = 0;
    char *text;

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];
        uint32_t count;

        if ( !summary_interrupted(&results->environment, r, &count) )
            continue;
        samples += r->samples;
        interrupted += count;
        rows += count != 0;
        stolen += count != 0 && r->stolen != 0;
    }
    if ( interrupted == 0 )
        return;
    text = text_number(samples);
    notes_add(notes, "Interrupted by Xen's timer, whose scheduler looks up after each 10 ms of a "
              "domain's time: %" PRIu64 " of %s samples between guest and Xen (cells: %zu, of "
              "which dom0 or another vCPU ran in %zu). None dropped; --wide counts them.",
              interrupted, text, rows, stolen);
    free(text);
}

/* Values that a row shows besides its median, interruptions aside. */
static void note_outliers(struct notes *notes, const struct results *results)
{
    struct list list;
    char *text;

    list_begin(&list);
    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];
        uint32_t interrupted;

        if ( r->outcome != OUTCOME_SUCCESS || r->p99 != r->median ||
             (r->min == r->median && r->max == r->median) )
            continue;
        /* What interrupted it has a note of its own. */
        if ( summary_interrupted(&results->environment, r, &interrupted) &&
             interrupted && r->min == r->median && r->distinct &&
             r->distribution[0].count + interrupted == r->samples )
            continue;
        if ( list_row(&list, r) )
        {
            list_number(&list, " ", r->min);
            list_number(&list, " to ", r->max);
        }
    }
    text = list_end(&list);
    if ( text != NULL )
        notes_add(notes, "Outliers, at most 1 sample in 100, none dropped: %s.", text);
    free(text);
}

/* ------------------------------------------------------------- stillness -- */

#define STILL_PERCENT 25u   /* of the median, that 99 of 100 samples lie above it at most */

/*
 * In cycles, does the spread say that nothing disturbed?  Of rows that cannot wait: what waits has a
 * spread of its own.  One in ten that has another one says that the machine is not still.
 */
static void note_stillness(struct notes *notes, const struct results *results)
{
    const char *clock = results->environment.clock;
    const char *which = results->environment.xen ? "that stay between guest and Xen" : "of rows that wait for nobody";
    size_t still = 0, all = 0;

    if ( !clock || strcmp(clock, "cycles") )
        return;
    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];

        if ( r->outcome != OUTCOME_SUCCESS || r->blocks || r->dom0 || r->samples < 100 )
            continue;
        all++;
        still += r->p99 - r->median <= r->median * STILL_PERCENT / 100;
    }
    if ( all && still * 10 >= all * 9 )
        notes_add(notes, "The machine was still: in %zu of the %zu figures %s, "
                  "99 of 100 samples lie at most %u %% above the median.", still, all, which, STILL_PERCENT);
    else if ( all )
        notes_add(notes, "The machine was not still, don't trust small differences: in only %zu of the %zu "
                  "figures %s, 99 of 100 samples lie at most %u %% above the "
                  "median. `xenometer doctor` says what disturbs.", still, all, which, STILL_PERCENT);
}

void notes_figures(struct notes *notes, const struct results *results, bool utf8)
{
    note_stillness(notes, results);
    note_boots(notes, results);
    note_intervals(notes, results, utf8);
    note_interrupted(notes, results);
    note_outliers(notes, results);
}
