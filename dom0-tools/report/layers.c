#include "report/layers.h"

#include <stdlib.h>
#include <string.h>

#include <libsmartcols/libsmartcols.h>

#include "report/notes.h"
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
    scols_cell_set_data(scols_line_get_cell(line, 1), r->column->name);
    for ( int i = 0; i < LAYERS_OF_XEN; i++ )
    {
        put(line, 2 + (size_t)i, r->layers[i]);
        sum += r->layers[i];
    }
    put(line, 2 + LAYERS_OF_XEN, sum);
}

/* Rows with figures and without layers, each once: "a, b and 3 more"; NULL: there are
 * none.  The caller's. */
static char *left_out(const struct results *results)
{
    const char *last = "";
    size_t size, named = 0, more = 0;
    char *text;
    FILE *out = notes_begin(&text, &size);

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];

        if ( r->outcome != OUTCOME_SUCCESS || r->has_layers || !strcmp(r->row, last) )
            continue;
        last = r->row;
        if ( named < NAMED_ROWS )
            fprintf(out, "%s%s", named++ ? ", " : "", r->row);
        else
            more++;
    }
    if ( more )
        fprintf(out, " and %zu more", more);
    fclose(out);
    if ( named )
        return text;
    free(text);
    return NULL;
}

static void print_note(FILE *out, const char *text, const struct style *style)
{
    text_wrap(out, style->utf8 ? "\u2022 " : "* ", text, style->width);
}

/* The table; false: it would be empty. */
static bool print_table(FILE *out, const struct results *results)
{
    static const char *const heads[] = { "row", "mode", "guest", "Xen", "dom0 kernel", "dom0 user",
                                         "idle", "sample" };
    struct libscols_table *table = scols_new_table();
    char *text = NULL;
    bool any = false;

    scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
    scols_table_set_column_separator(table, "  ");
    for ( size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++ )
        scols_table_new_column(table, heads[i], 0, i < 2 ? 0 : SCOLS_FL_RIGHT);
    for ( size_t i = 0; i < results->count; i++ )
        if ( results->rows[i].has_layers )
        {
            add(table, &results->rows[i]);
            any = true;
        }
    if ( any && scols_print_table_to_string(table, &text) == 0 )
        fprintf(out, "\n%s%s\n", text, text[strlen(text) - 1] == '\n' ? "" : "\n");
    free(text);
    scols_unref_table(table);
    return any;
}

void layers_print(FILE *out, const struct results *results)
{
    struct style style = text_style(out);
    char *rest = left_out(results), *note;

    if ( !print_table(out, results) )
        fputc('\n', out);
    else
        print_note(out, "Executed instructions of the median sample, whole: with what measures "
                   "it, and of all its operations. Idle: ticks in which nobody executed anything. "
                   "`xenometer trace` tells the functions.", &style);
    if ( !rest )
        return;
    note = xasprintf("No layers of %s: the samples are not the ticks of one region on one CPU.",
                     rest);
    print_note(out, note, &style);
    free(note);
    free(rest);
}
