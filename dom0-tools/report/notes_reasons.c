/*
 * Why cells have no figure (notes.h).
 */
#include <stdlib.h>
#include <string.h>

#include "report/layout.h"
#include "report/notes.h"
#include "xenometer.h"

/* With more reasons than that, they are told column by column. */
#define FEW_REASONS 8u

static bool same_reason(const struct result *a, const struct result *b)
{
    return a->outcome == b->outcome &&
           strcmp(a->reason ? a->reason : "", b->reason ? b->reason : "") == 0;
}

/* One note for all rows that share an outcome and its reason. */
static void note_reason(struct notes *notes, const struct results *results,
                        size_t first, const char *mark)
{
    const struct result *pattern = &results->rows[first];
    struct column_set columns = { { false } };
    size_t named = 0, more = 0, size;
    char *text = NULL;
    FILE *out;

    for ( size_t i = 0; i < first; i++ )
        if ( same_reason(&results->rows[i], pattern) )
            return;   /* told already */

    out = notes_begin(&text, &size);
    for ( size_t i = first; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];
        bool seen = false;

        if ( !same_reason(r, pattern) )
            continue;
        columns_add(&columns, r->column);
        for ( size_t k = first; k < i && !seen; k++ )
            seen = same_reason(&results->rows[k], pattern) &&
                   strcmp(results->rows[k].row, r->row) == 0;
        if ( seen )
            continue;
        if ( named < NAMED_ROWS )
            fprintf(out, "%s%s", named++ ? ", " : "", r->row);
        else
            more++;
    }
    if ( more > 0 )
        fprintf(out, " and %zu more", more);
    fprintf(out, " in ");
    notes_put_columns(out, &columns);
    fclose(out);
    notes_add(notes, "%s %s: %s", mark, text,
        pattern->reason && *pattern->reason ? pattern->reason
                                            : "no reason given");
    free(text);
}

static void note_reasons(struct notes *notes, const struct results *results,
                         enum outcome outcome, const char *mark)
{
    for ( size_t i = 0; i < results->count; i++ )
        if ( results->rows[i].outcome == outcome )
            note_reason(notes, results, i, mark);
}

void notes_failed(struct notes *notes, const struct results *results)
{
    note_reasons(notes, results, OUTCOME_FAILURE, "failure");
    note_reasons(notes, results, OUTCOME_ERROR, "error");
}

/* ---------------------------------------------------- a whole catalogue -- */

static bool skipped_in(const struct result *r, const struct column *column)
{
    return r->outcome == OUTCOME_SKIP && r->column == column;
}

static bool same_group(const struct result *a, const struct result *b)
{
    size_t length = strcspn(a->row, "/");

    return strcspn(b->row, "/") == length && !strncmp(a->row, b->row, length);
}

/* "exit, mmio": the groups that share a column and a reason with result `first`,
 * its first. */
static void put_groups(FILE *out, const struct results *results, size_t first)
{
    const struct result *pattern = &results->rows[first];

    for ( size_t i = first; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];
        bool seen = false;

        if ( r->column != pattern->column || !same_reason(r, pattern) )
            continue;
        for ( size_t k = first; k < i && !seen; k++ )
            seen = results->rows[k].column == r->column &&
                   same_reason(&results->rows[k], r) && same_group(&results->rows[k], r);
        if ( !seen )
            fprintf(out, "%s%.*s", i == first ? "" : ", ", (int)strcspn(r->row, "/"), r->row);
    }
}

/* One note for a column: each reason, and the groups of rows it holds for. */
static void note_column(struct notes *notes, const struct results *results,
                        const struct column *column, const char *mark)
{
    size_t count = 0, size;
    char *text = NULL;
    FILE *out = notes_begin(&text, &size);

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];
        bool told = false;

        if ( !skipped_in(r, column) )
            continue;
        for ( size_t k = 0; k < i && !told; k++ )
            told = skipped_in(&results->rows[k], column) && same_reason(&results->rows[k], r);
        if ( !told )
        {
            fputs(count ? "; " : "", out);
            fprintf(out, "%s (", r->reason && *r->reason ? r->reason : "no reason given");
            put_groups(out, results, i);
            fputc(')', out);
        }
        count++;
    }
    fclose(out);
    if ( count > 0 )
        notes_add(notes, "%s %s, %zu rows: %s.", mark, column->title, count, text);
    free(text);
}

static size_t count_reasons(const struct results *results)
{
    size_t count = 0;

    for ( size_t i = 0; i < results->count; i++ )
    {
        bool seen = results->rows[i].outcome != OUTCOME_SKIP;

        for ( size_t k = 0; k < i && !seen; k++ )
            seen = same_reason(&results->rows[k], &results->rows[i]);
        count += !seen;
    }
    return count;
}

void notes_skipped(struct notes *notes, const struct results *results, bool utf8)
{
    const char *mark = utf8 ? "\u2013" : "-";

    if ( count_reasons(results) <= FEW_REASONS )
        note_reasons(notes, results, OUTCOME_SKIP, mark);
    else
        FOR_EACH_COLUMN(c)
            note_column(notes, results, c, mark);
}
