/*
 * Tables printed in groups of lines (lines.h).
 */
#include <stdlib.h>
#include <string.h>

#include "report/lines.h"
#include "report/text.h"
#include "xenometer.h"

struct libscols_table *lines_table(FILE *out, const char *separator, bool colour)
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
    scols_table_set_column_separator(table, separator);
    return table;
}

void lines_print(FILE *out, struct libscols_table *table, size_t first,
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

size_t lines_width(struct libscols_table *table)
{
    struct libscols_line *heads = scols_table_get_line(table, 0);
    char *text = NULL;
    size_t width = 0;

    if ( scols_table_print_range_to_string(table, heads, heads, &text) == 0 && text )
    {
        text[strcspn(text, "\n")] = '\0';
        width = text_columns(text);
    }
    free(text);
    return width;
}
