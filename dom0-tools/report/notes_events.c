/*
 * What batching and the rings' event indices leave of the events (notes.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/layout.h"
#include "report/notes.h"
#include "report/text.h"

static bool same_events(const struct result *a, const struct result *b)
{
    return a->total == b->total && a->notifications == b->notifications &&
           a->upcalls == b->upcalls;
}

/* One row's events, for the columns in which they are those of `pattern`. */
static void put_events(FILE *out, const struct results *results,
                       const struct result *pattern, bool name)
{
    double total = (double)pattern->total;
    struct column_set columns = { { false } };
    bool others = false;

    for ( const struct result *r = results->rows; r < results->rows + results->count; r++ )
    {
        if ( strcmp(r->row, pattern->row) != 0 || r->outcome != OUTCOME_SUCCESS )
            continue;
        if ( same_events(r, pattern) )
            columns_add(&columns, r->column);
        else
            others = true;
    }
    if ( name )
        fprintf(out, "%s ", pattern->row);
    fprintf(out, "%.3f", (double)pattern->notifications / total);
    if ( pattern->upcalls != pattern->notifications )
        fprintf(out, " (%.3f)", (double)pattern->upcalls / total);
    if ( others )
    {
        fprintf(out, " in ");
        notes_put_columns(out, &columns);
    }
}

static void note_sharing(struct notes *notes, const struct results *results)
{
    const char *separator = "", *row = "";
    char *text = NULL;
    size_t size;
    FILE *out = notes_begin(&text, &size);

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];
        bool told = false;

        if ( !r->batches || r->outcome != OUTCOME_SUCCESS || r->total == 0 )
            continue;
        for ( size_t k = 0; k < i && !told; k++ )
            told = results->rows[k].outcome == OUTCOME_SUCCESS &&
                   strcmp(results->rows[k].row, r->row) == 0 &&
                   same_events(&results->rows[k], r);
        if ( told )
            continue;
        fprintf(out, "%s", separator);
        put_events(out, results, r, strcmp(row, r->row) != 0);
        row = r->row;
        separator = ", ";
    }
    fclose(out);
    if ( *text )
        notes_add(notes, "Notifications per operation (upcalls or interrupts, where they are not as many): "
            "%s.", text);
    free(text);
}

/* What a row moves for an instruction: the inverse of its figure, comparable over sizes. */
static void note_bytes(struct notes *notes, const struct results *results)
{
    const char *separator = "", *row = "";
    char *text = NULL;
    size_t size;
    FILE *out = notes_begin(&text, &size);

    for ( const struct result *r = results->rows; r < results->rows + results->count; r++ )
    {
        if ( r->outcome != OUTCOME_SUCCESS || r->bytes == 0 || r->median == 0 )
            continue;
        if ( strcmp(row, r->row) != 0 )
            fprintf(out, "%s%s", separator, r->row);
        fprintf(out, "%s %.3f", strcmp(row, r->row) != 0 ? "" : ",",
                (double)r->bytes / (double)r->median);
        row = r->row;
        separator = "; ";
    }
    fclose(out);
    if ( *text )
        /* "instructions", of which one. */
        notes_add(notes, "Bytes moved per %.*s, in the order of the columns: %s.",
                  (int)strlen(results->environment.clock) - 1, results->environment.clock,
                  text);
    free(text);
}

/* An event is a bit: what is sent before the last was taken is one with it. */
static void note_coalescing(struct notes *notes, const struct results *results)
{
    const char *separator = "";
    char *text = NULL, *sent, *taken;
    size_t size;
    FILE *out = notes_begin(&text, &size);

    for ( const struct result *r = results->rows; r < results->rows + results->count; r++ )
    {
        if ( r->outcome != OUTCOME_SUCCESS || r->dom0_events == 0 )
            continue;
        sent = text_number(r->total);
        taken = text_number(r->dom0_events);
        fprintf(out, "%s%s in %s %s sent, %s taken", separator, r->row,
                r->column->title, sent, taken);
        separator = "; ";
        free(sent);
        free(taken);
    }
    fclose(out);
    if ( *text )
        notes_add(notes, "Events sent, and how many dom0's process took them for: %s.", text);
    free(text);
}

void notes_events(struct notes *notes, const struct results *results)
{
    note_sharing(notes, results);
    note_coalescing(notes, results);
    note_bytes(notes, results);
}
