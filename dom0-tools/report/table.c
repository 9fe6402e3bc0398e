/*
 * The comparison table on a terminal or in a text file (table.h).
 *
 * libsmartcols finds the widths over all lines; the lines are then printed
 * group by group, with the work they share as a title between.  The column
 * heads are a line of their own, so that the first title can follow them.
 */
#include <stdlib.h>
#include <string.h>

#include <libsmartcols/libsmartcols.h>

#include "report/layout.h"
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

static struct libscols_table *new_table(FILE *out, const struct layout *layout,
                                        bool colour)
{
    struct libscols_table *table = scols_new_table();

    if ( table == NULL )
    {
        message("out of memory");
        exit(STATUS_ENVIRONMENT);
    }
    scols_table_set_stream(table, out);
    scols_table_enable_noheadings(table, 1);
    scols_table_enable_colors(table, colour);
    /* Too wide for the window is better than cut off. */
    scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
    scols_table_set_column_separator(table, "  ");

    scols_table_new_column(table, "row", 0, 0);
    if ( layout->reaches )
        scols_table_new_column(table, "reaches", 0, 0);
    for ( unsigned c = 0; c < LAYOUT_MODES; c++ )
    {
        if ( layout->titles[c] == NULL )
            continue;
        scols_table_new_column(table, layout->titles[c], 0, SCOLS_FL_RIGHT);
        if ( layout->ratios[c] )
            scols_table_new_column(table, "ratio", 0, SCOLS_FL_RIGHT);
        if ( layout->spreads[c] )
            scols_table_new_column(table, "p99", 0, SCOLS_FL_RIGHT);
    }
    return table;
}

static void add_heads(struct libscols_table *table, const struct layout *layout,
                      bool utf8, const char *bold)
{
    struct cursor at = { scols_table_new_line(table, NULL), 0 };

    put(&at, "", NULL);
    if ( layout->reaches )
        put(&at, "reaches", bold);
    for ( unsigned c = 0; c < LAYOUT_MODES; c++ )
    {
        if ( layout->titles[c] == NULL )
            continue;
        put(&at, layout->titles[c], bold);
        if ( layout->ratios[c] )
            put(&at, utf8 ? "\u00d7" : "x", bold);
        if ( layout->spreads[c] )
            put(&at, "p99", bold);
    }
}

static void add_row(struct libscols_table *table, const struct layout *layout,
                    const struct layout_row *row, bool colour)
{
    struct cursor at = { scols_table_new_line(table, NULL), 0 };
    char *name = xasprintf("  %s", row->name);

    put(&at, name, NULL);
    free(name);
    if ( layout->reaches )
        put(&at, row->reaches, NULL);
    for ( unsigned c = 0; c < LAYOUT_MODES; c++ )
    {
        const struct layout_cell *cell = &row->cells[c];
        const char *paint = NULL;

        if ( layout->titles[c] == NULL )
            continue;
        if ( colour && cell->kind == CELL_BAD )
            paint = COLOUR_RED;
        else if ( colour && cell->cheapest )
            paint = COLOUR_GREEN;
        put(&at, cell->median, paint);
        if ( layout->ratios[c] )
            put(&at, cell->ratio, paint);
        if ( layout->spreads[c] )
            put(&at, cell->spread, NULL);
    }
}

/* Print `count` lines from line `first` on, without blanks at line ends. */
static void print_lines(FILE *out, struct libscols_table *table, size_t first,
                        size_t count)
{
    struct libscols_line *start = scols_table_get_line(table, first);
    struct libscols_line *end = scols_table_get_line(table, first + count - 1);
    char *text = NULL;

    if ( scols_table_print_range_to_string(table, start, end, &text) != 0 )
        return;
    for ( char *line = text, *next; line && *line; line = next )
    {
        size_t length = strcspn(line, "\n");

        next = line + length + (line[length] == '\n');
        while ( length > 0 && line[length - 1] == ' ' )
            length--;
        fprintf(out, "%.*s\n", (int)length, line);
    }
    free(text);
}

static void print_notes(FILE *out, char **notes, const char *first,
                        unsigned width)
{
    for ( char **n = notes; n && *n; n++ )
        text_wrap(out, first, *n, width);
    notes_free(notes);
}

void table_print(FILE *out, const struct results *results)
{
    struct style style = text_style(out);
    struct layout *layout = layout_make(results, style.utf8);
    struct libscols_table *table = new_table(out, layout, style.colour);
    const char *bold = style.colour ? COLOUR_BOLD : NULL;
    size_t line = 0;

    add_heads(table, layout, style.utf8, bold);
    for ( size_t g = 0; g < layout->count; g++ )
        for ( size_t i = 0; i < layout->groups[g].count; i++ )
            add_row(table, layout, &layout->groups[g].rows[i], style.colour);

    print_notes(out, notes_header(results), "", style.width);
    fputc('\n', out);
    print_lines(out, table, line++, 1);
    for ( size_t g = 0; g < layout->count; g++ )
    {
        fprintf(out, "%s%s%s\n", bold ? bold : "", layout->groups[g].work,
                bold ? COLOUR_NONE : "");
        print_lines(out, table, line, layout->groups[g].count);
        line += layout->groups[g].count;
    }
    fputc('\n', out);
    print_notes(out, notes_footer(results, style.utf8),
                style.utf8 ? "\u2022 " : "* ", style.width);
    scols_unref_table(table);
    layout_free(layout);
}
