/*
 * The comparison table as GitHub Markdown, for a README (table.h).  One column
 * per mode: "6,588 (20.5×, p99 +3%)".
 */
#include <stdlib.h>

#include "report/layout.h"
#include "report/table.h"
#include "report/text.h"

/* Text from a guest must not end a cell or start markup. */
static void put_escaped(FILE *out, const char *text)
{
    for ( ; *text; text++ )
    {
        if ( *text == '|' || *text == '\\' || *text == '`' || *text == '*' ||
             *text == '<' || *text == '_' )
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void put_notes(FILE *out, char **notes, const char *first,
                      const char *last)
{
    for ( char **n = notes; n && *n; n++ )
    {
        fputs(first, out);
        put_escaped(out, *n);
        fputs(last, out);
    }
    notes_free(notes);
}

static void put_cell(FILE *out, const struct layout_cell *cell)
{
    const char *mark = cell->cheapest ? "**" : "";

    fputs(" | ", out);
    if ( cell->kind == CELL_EMPTY )
        return;
    fprintf(out, "%s%s%s", mark, cell->median, mark);
    if ( cell->ratio != NULL && cell->spread != NULL )
        fprintf(out, " (%s, p99 %s)", cell->ratio, cell->spread);
    else if ( cell->ratio != NULL )
        fprintf(out, " (%s)", cell->ratio);
    else if ( cell->spread != NULL )
        fprintf(out, " (p99 %s)", cell->spread);
}

void table_print_markdown(FILE *out, const struct results *results)
{
    struct layout *layout = layout_make(results, true, NARROW_NOT);

    put_notes(out, notes_header(results), "", "\n\n");
    fputs("| row | reaches", out);
    FOR_EACH_COLUMN(c)
        if ( columns_have(&layout->columns, c) )
            fprintf(out, " | %s", c->title);
    fputs(" |\n|---|---", out);
    FOR_EACH_COLUMN(c)
        if ( columns_have(&layout->columns, c) )
            fputs("|--:", out);
    fputs("|\n", out);

    for ( size_t g = 0; g < layout->count; g++ )
    {
        const struct layout_group *group = &layout->groups[g];

        fputs("| **", out);
        put_escaped(out, group->work);
        fputs("** |", out);
        FOR_EACH_COLUMN(c)
            if ( columns_have(&layout->columns, c) )
                fputs(" |", out);
        fputs(" |\n", out);
        for ( size_t i = 0; i < group->count; i++ )
        {
            fprintf(out, "| `%s` | %s", group->rows[i].name,
                    group->rows[i].reaches);
            FOR_EACH_COLUMN(c)
                if ( columns_have(&layout->columns, c) )
                    put_cell(out, &group->rows[i].cells[column_place(c)]);
            fputs(" |\n", out);
        }
    }
    fputc('\n', out);
    put_notes(out, notes_footer(results, true, NARROW_NOT), "- ", "\n");
    layout_free(layout);
}
