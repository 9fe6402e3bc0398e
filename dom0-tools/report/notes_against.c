/*
 * Rows that do what another row does by other code: how many times as much they cost
 * (notes.h).  The table's own ratios are to the cheapest of a work, by whatever path.
 */
#include <stdlib.h>
#include <string.h>

#include "report/layout.h"
#include "report/notes.h"
#include "report/text.h"

/* The result of that row in the same column, if it has a figure. */
static const struct result *find(const struct results *results, const char *row,
                                 const struct column *column)
{
    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];

        if ( r->column == column && r->outcome == OUTCOME_SUCCESS && r->median != 0 &&
             strcmp(r->row, row) == 0 )
            return r;
    }
    return NULL;
}

void notes_against(struct notes *notes, const struct results *results, bool utf8)
{
    const char *row = "";
    char *text = NULL;
    size_t size;
    FILE *out = notes_begin(&text, &size);

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i], *other = NULL;
        char *figure, *ratio;
        bool again;

        if ( r->against && r->outcome == OUTCOME_SUCCESS )
            other = find(results, r->against, r->column);
        if ( other == NULL )
            continue;
        again = strcmp(row, r->row) == 0;
        figure = text_number(r->median);
        ratio = text_ratio(r->median, other->median, utf8);
        if ( again )
            fprintf(out, ", in %s %s, %s", r->column->title, figure, ratio);
        else
            fprintf(out, "%s%s in %s %s, %s that of %s", *row ? "; " : "", r->row,
                    r->column->title, figure, ratio, r->against);
        free(figure);
        free(ratio);
        row = r->row;
    }
    fclose(out);
    if ( *text )
        notes_add(notes, "The same by other code: %s.", text);
    free(text);
}
