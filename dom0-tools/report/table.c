/*
 * The comparison table on a terminal or in a text file (table.h).
 *
 * libsmartcols finds the widths over all lines; the lines are then printed
 * group by group, with the work they share as a title between.  The column
 * heads are a line of their own, so that the first title can follow them.
 *
 * One blank between columns; those that begin something new have another.
 *
 * Where the terminal has no room for all of it, what matters least goes first
 * (enum narrowing).
 */
#include <stdlib.h>

#include "report/layout.h"
#include "report/lines.h"
#include "report/table.h"
#include "report/text.h"
#include "xenometer.h"

/* A table in the making: which of its columns is next, in the current line. */
struct cursor {
    struct libscols_line *line;
    size_t column;
};

static void put(struct cursor *at, const char *text, const char *colour)
{
    struct libscols_cell *cell = scols_line_get_cell(at->line, at->column++);

    scols_cell_set_data(cell, text ? text : "");
    if ( colour != NULL )
        scols_cell_set_color(cell, colour);
}

/* In a column that begins something new. */
static void put_apart(struct cursor *at, const char *text, const char *colour)
{
    char *apart = xasprintf(" %s", text ? text : "");

    put(at, apart, colour);
    free(apart);
}

/* The columns have no names: older versions of the library make room for them, shown or not. */
static struct libscols_table *new_table(FILE *out, const struct layout *layout,
                                        bool colour)
{
    struct libscols_table *table = lines_table(out, " ", colour);

    scols_table_new_column(table, "", 0, 0);
    if ( layout->reaches )
        scols_table_new_column(table, "", 0, 0);
    FOR_EACH_COLUMN(c)
    {
        if ( !columns_have(&layout->columns, c) )
            continue;
        scols_table_new_column(table, "", 0, SCOLS_FL_RIGHT);
        if ( columns_have(&layout->ratios, c) )
            scols_table_new_column(table, "", 0, SCOLS_FL_RIGHT);
        if ( columns_have(&layout->spreads, c) )
            scols_table_new_column(table, "", 0, SCOLS_FL_RIGHT);
    }
    return table;
}

static void add_heads(struct libscols_table *table, const struct layout *layout,
                      bool utf8, enum narrowing narrowing, const char *bold)
{
    struct cursor at = { scols_table_new_line(table, NULL), 0 };

    put(&at, "", NULL);
    if ( layout->reaches )
        put_apart(&at, narrowing < NARROW_REACHES ? "reaches" : "", bold);
    FOR_EACH_COLUMN(c)
    {
        if ( !columns_have(&layout->columns, c) )
            continue;
        put_apart(&at, c->title, bold);
        if ( columns_have(&layout->ratios, c) )
            put(&at, utf8 ? "\u00d7" : "x", bold);
        if ( columns_have(&layout->spreads, c) )
            put(&at, "p99", bold);
    }
}

static void add_row(struct libscols_table *table, const struct layout *layout,
                    const struct layout_row *row, bool named, bool colour)
{
    struct cursor at = { scols_table_new_line(table, NULL), 0 };
    char *name = named ? xasprintf(" %s", row->name) : xstrdup(" ");

    put(&at, name, NULL);
    free(name);
    if ( layout->reaches )
        put_apart(&at, row->reaches, NULL);
    FOR_EACH_COLUMN(c)
    {
        const struct layout_cell *cell = &row->cells[column_place(c)];
        const char *paint = NULL;

        if ( !columns_have(&layout->columns, c) )
            continue;
        if ( colour && cell->kind == CELL_BAD )
            paint = COLOUR_RED;
        else if ( colour && cell->cheapest )
            paint = COLOUR_GREEN;
        put_apart(&at, cell->median, paint);
        if ( columns_have(&layout->ratios, c) )
            put(&at, cell->ratio, paint);
        if ( columns_have(&layout->spreads, c) )
            put(&at, cell->spread, NULL);
    }
}

/* Heads and rows. */
static struct libscols_table *fill_table(FILE *out, const struct layout *layout,
                                         enum narrowing narrowing, const struct style *style)
{
    struct libscols_table *table = new_table(out, layout, style->colour);

    add_heads(table, layout, style->utf8, narrowing, style->colour ? COLOUR_BOLD : NULL);
    for ( size_t g = 0; g < layout->count; g++ )
        for ( size_t i = 0; i < layout->groups[g].count; i++ )
            add_row(table, layout, &layout->groups[g].rows[i],
                    narrowing < NARROW_NAMES, style->colour);
    return table;
}

#define HEADS_EVERY 40u   /* lines: then the heads have scrolled away */

/* The lines of one group, from `first` on. */
static void print_group(FILE *out, struct libscols_table *table, size_t first,
                        const struct layout_group *group, bool named)
{
    if ( named )
        lines_print(out, table, first, group->count);
    for ( size_t i = 0; !named && i < group->count; i++ )
    {
        fprintf(out, " %s\n", group->rows[i].name);
        lines_print(out, table, first + i, 1);
    }
}

void table_print(FILE *out, const struct results *results)
{
    struct style style = text_style(out);
    enum narrowing narrowing = NARROW_NOT;
    struct layout *layout = layout_make(results, style.utf8, narrowing);
    struct libscols_table *table = fill_table(out, layout, narrowing, &style);
    const char *bold = style.colour ? COLOUR_BOLD : NULL;
    size_t line = 1, since = 0;

    while ( lines_width(table) > style.table && narrowing < NARROW_NAMES )
    {
        scols_unref_table(table);
        layout_free(layout);
        narrowing++;
        layout = layout_make(results, style.utf8, narrowing);
        table = fill_table(out, layout, narrowing, &style);
    }
    notes_print(out, notes_header(results), "", style.width);
    fputc('\n', out);
    lines_print(out, table, 0, 1);
    for ( size_t g = 0; g < layout->count; g++ )
    {
        if ( since >= HEADS_EVERY )
        {
            lines_print(out, table, 0, 1);
            since = 0;
        }
        since += 1 + layout->groups[g].count;
        fprintf(out, "%s%s%s\n", bold ? bold : "", layout->groups[g].work,
                bold ? COLOUR_NONE : "");
        print_group(out, table, line, &layout->groups[g], narrowing < NARROW_NAMES);
        line += layout->groups[g].count;
    }
    fputc('\n', out);
    notes_print(out, notes_footer(results, style.utf8, narrowing),
                style.utf8 ? "\u2022 " : "* ", style.width);
    scols_unref_table(table);
    layout_free(layout);
}
