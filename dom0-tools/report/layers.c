#include "report/layers.h"

#include <stdlib.h>
#include <string.h>

#include <libsmartcols/libsmartcols.h>

#include "report/text.h"
#include "trace/trace.h"
#include "xenometer.h"

static void put(struct libscols_line *line, size_t column, uint64_t number)
{
    char *text = text_number(number);

    scols_cell_set_data(scols_line_get_cell(line, column), text);
    free(text);
}

static void add(struct libscols_table *table, const struct result *r)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    uint64_t sum = 0;

    scols_cell_set_data(scols_line_get_cell(line, 0), r->row);
    scols_cell_set_data(scols_line_get_cell(line, 1), mode_name(r->mode));
    for ( int i = 0; i < LAYERS; i++ )
    {
        put(line, 2 + (size_t)i, r->layers[i]);
        sum += r->layers[i];
    }
    put(line, 2 + LAYERS, sum);
}

void layers_print(FILE *out, const struct results *results)
{
    static const char *const heads[] = { "row", "mode", "guest", "Xen", "dom0 kernel", "dom0 user",
                                         "idle", "sample" };
    struct libscols_table *table = scols_new_table();
    struct style style = text_style(out);
    char *text = NULL;
    size_t count = 0;

    scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
    scols_table_set_column_separator(table, "  ");
    for ( size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++ )
        scols_table_new_column(table, heads[i], 0, i < 2 ? 0 : SCOLS_FL_RIGHT);
    for ( size_t i = 0; i < results->count; i++ )
        if ( results->rows[i].has_layers )
        {
            add(table, &results->rows[i]);
            count++;
        }
    if ( count && scols_print_table_to_string(table, &text) == 0 )
    {
        fprintf(out, "\n%s", text);
        if ( text[strlen(text) - 1] != '\n' )
            fputc('\n', out);
        fputc('\n', out);
        text_wrap(out, style.utf8 ? "\u2022 " : "* ", "Executed instructions of the median sample, whole: with "
                  "what measures it, and of all its operations. Idle: ticks in which nobody executed "
                  "anything. `xenometer trace` tells the functions.", style.width);
    }
    free(text);
    scols_unref_table(table);
}
