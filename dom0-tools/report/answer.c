#include "report/answer.h"

#include <stdlib.h>
#include <string.h>

#include "report/layout.h"
#include "report/notes.h"
#include "report/ratio.h"
#include "report/text.h"
#include "xenometer.h"

#define MOST_COLUMNS 8u

/* A column's cheapest figure of one work. */
struct cheapest {
    const struct column *column;
    const struct result *result;   /* NULL: none of this work */
};

struct work {
    const char *name;
    struct cheapest columns[MOST_COLUMNS];   /* in the order of the results */
    size_t count;
};

/* Of guests on a hypervisor: neither below it nor processes. */
static bool is_guest(const struct column *column)
{
    return !column->floor && column->mode;
}

static void consider(struct work *work, const struct result *r, bool counts)
{
    struct cheapest *column = work->columns;

    while ( column < work->columns + work->count && column->column != r->column )
        column++;
    if ( column == work->columns + MOST_COLUMNS )
        return;
    if ( column == work->columns + work->count )
        work->columns[work->count++] = (struct cheapest){ r->column, NULL };
    if ( counts && (!column->result || r->median < column->result->median) )
        column->result = r;
}

/* Columns without a figure go. */
static void drop_empty(struct work *work)
{
    size_t kept = 0;

    for ( size_t c = 0; c < work->count; c++ )
        if ( work->columns[c].result )
            work->columns[kept++] = work->columns[c];
    work->count = kept;
}

static struct work cheapest_of(const struct results *results, const char *name)
{
    struct work work = { .name = name };

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];

        if ( is_guest(r->column) )
            consider(&work, r, r->outcome == OUTCOME_SUCCESS && r->operations <= 1 &&
                               !strcmp(work_of(r), name));
    }
    drop_empty(&work);
    return work;
}

/* The work that has most figures. */
static const char *commonest(const struct results *results)
{
    const char *best = NULL;
    size_t most = 0;

    for ( size_t i = 0; i < results->count; i++ )
    {
        size_t count = 0;

        for ( size_t k = i; k < results->count; k++ )
            count += results->rows[k].outcome == OUTCOME_SUCCESS &&
                     results->rows[k].operations <= 1 && is_guest(results->rows[k].column) &&
                     !strcmp(work_of(&results->rows[k]), work_of(&results->rows[i]));
        if ( count > most )
        {
            most = count;
            best = work_of(&results->rows[i]);
        }
        if ( i > 2000 )
            break;   /* enough of them to tell */
    }
    return best;
}

/* "207 as PV, 671 as PVH and 677 as HVM" */
static void put_columns(FILE *out, const struct work *work, const char *unit)
{
    for ( size_t c = 0; c < work->count; c++ )
    {
        char *number = text_number(work->columns[c].result->median);

        fprintf(out, "%s%s%s as %s", !c ? "" : c + 1 < work->count ? ", " : " and ", number,
                c ? "" : unit, work->columns[c].column->title);
        free(number);
    }
}

char *answer_sentence(const struct results *results)
{
    static const char *const asked[] = { "enter the hypervisor and return",
                                         "ask a dom0 process and get its answer" };
    struct work works[2];
    size_t count = 0;
    char *text = NULL, *unit;
    size_t size;
    FILE *out;

    for ( size_t i = 0; i < 2; i++ )
    {
        works[count] = cheapest_of(results, asked[i]);
        count += works[count].count > 0;
    }
    if ( !count && commonest(results) )
        works[count++] = cheapest_of(results, commonest(results));
    if ( !count )
        return xstrdup("Nothing was measured in a guest.");
    unit = xasprintf(" %s", results->environment.clock ? results->environment.clock : "ticks");
    out = notes_begin(&text, &size);
    for ( size_t i = 0; i < count; i++ )
    {
        fprintf(out, "%s %s takes a guest ", i ? "; to" : "To", works[i].name);
        put_columns(out, &works[i], i ? "" : unit);
    }
    fputs(count > 1 ? ", each by its cheapest path." : ", by the cheapest path.", out);
    fclose(out);
    free(unit);
    return text;
}
