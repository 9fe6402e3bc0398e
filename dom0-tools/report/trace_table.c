#include "report/trace_table.h"

#include <stdlib.h>
#include <string.h>

#include <libsmartcols/libsmartcols.h>

#include "report/text.h"
#include "xenometer.h"

static struct libscols_table *new_table(FILE *out, const char *const *heads,
                                        const char *right, bool colour)
{
    struct libscols_table *table = scols_new_table();

    if ( !table )
    {
        message("out of memory");
        exit(STATUS_ENVIRONMENT);
    }
    scols_table_set_stream(table, out);
    scols_table_enable_colors(table, colour);
    scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
    scols_table_set_column_separator(table, "  ");
    for ( size_t i = 0; heads[i]; i++ )
        scols_table_new_column(table, heads[i], 0, right[i] == 'r' ? SCOLS_FL_RIGHT : 0);
    return table;
}

static void put(struct libscols_line *line, size_t column, const char *text)
{
    scols_cell_set_data(scols_line_get_cell(line, column), text);
}

static void put_number(struct libscols_line *line, size_t column, uint64_t number)
{
    char *text = text_number(number);

    put(line, column, text);
    free(text);
}

static void put_share(struct libscols_line *line, size_t column, uint64_t part, uint64_t whole)
{
    char *text = xasprintf("%.1f%%", whole ? 100.0 * (double)part / (double)whole : 0);

    put(line, column, text);
    free(text);
}

/* Without blanks at line ends. */
static void print_table(FILE *out, struct libscols_table *table)
{
    char *text = NULL;

    if ( scols_print_table_to_string(table, &text) == 0 )
        for ( char *line = text, *next; line && *line; line = next )
        {
            size_t length = strcspn(line, "\n");

            next = line + length + (line[length] == '\n');
            while ( length > 0 && line[length - 1] == ' ' )
                length--;
            fprintf(out, "%.*s\n", (int)length, line);
        }
    free(text);
    scols_unref_table(table);
}

static void print_layers(FILE *out, const struct trace *t, bool colour)
{
    static const char *const heads[] = { "layer", "instructions", "share", NULL };
    static const enum layer order[] = { LAYER_GUEST, LAYER_XEN, LAYER_KERNEL, LAYER_USER,
                                        LAYER_IDLE };
    struct libscols_table *table = new_table(out, heads, "lrr", colour);
    struct libscols_line *line;

    for ( int i = 0; i < LAYERS; i++ )
        for ( size_t k = 0; k < t->place_count; k++ )
        {
            const struct place *p = &t->places[k];

            if ( p->layer != order[i] || !p->count )
                continue;
            line = scols_table_new_line(table, NULL);
            if ( p->layer == LAYER_USER )
            {
                char *name = xasprintf("dom0 %s", p->name);

                put(line, 0, name);
                free(name);
            }
            else
                put(line, 0, p->name);
            put_number(line, 1, p->count);
            put_share(line, 2, p->count, t->total);
        }
    line = scols_table_new_line(table, NULL);
    put(line, 0, "total");
    put_number(line, 1, t->total);
    print_table(out, table);
}

static void print_stages(FILE *out, const struct trace *t, bool colour)
{
    static const char *const heads[] = { "stage", "at", "instructions", "", "where", "what",
                                         NULL };
    struct libscols_table *table = new_table(out, heads, "rrrlll", colour);

    for ( size_t i = 0; i < t->stage_count; i++ )
    {
        const struct stage *g = &t->stages[i];
        struct libscols_line *line = scols_table_new_line(table, NULL);

        put_number(line, 0, i + 1);
        put_number(line, 1, g->at);
        put_number(line, 2, g->count);
        put(line, 3, g->tail ? "tail" : "");
        put(line, 4, t->places[g->place].name);
        put(line, 5, g->what ? g->what : "");
    }
    fputc('\n', out);
    print_table(out, table);
}

static void print_functions(FILE *out, const struct trace *t, uint32_t limit, bool colour)
{
    static const char *const heads[] = { "instructions", "share", "with callees", "calls",
                                         "where", "function", NULL };
    struct libscols_table *table = new_table(out, heads, "rrrrll", colour);
    size_t shown = limit && limit < t->function_count ? limit : t->function_count;
    uint64_t rest = 0;

    for ( size_t i = 0; i < t->function_count; i++ )
    {
        const struct function *f = &t->functions[i];
        struct libscols_line *line;

        if ( i >= shown )
        {
            rest += f->own;
            continue;
        }
        line = scols_table_new_line(table, NULL);
        put_number(line, 0, f->own);
        put_share(line, 1, f->own, t->total);
        put_number(line, 2, f->with_callees);
        put_number(line, 3, f->calls);
        put(line, 4, t->places[f->place].name);
        put(line, 5, f->name);
    }
    if ( rest )
    {
        struct libscols_line *line = scols_table_new_line(table, NULL);
        char *text = xasprintf("%zu more functions (--functions=all)", t->function_count - shown);

        put_number(line, 0, rest);
        put_share(line, 1, rest, t->total);
        put(line, 5, text);
        free(text);
    }
    fputc('\n', out);
    print_table(out, table);
}

void trace_print(FILE *out, const struct trace *t, const struct trace_view *view)
{
    struct style style = text_style(out);
    char *total = text_number(t->total);

    fprintf(out, "%s in %s: %s instructions in sample %u of %u\n\n", t->row, mode_name(t->mode),
            total, t->sample, t->samples);
    free(total);
    print_layers(out, t, style.colour);
    if ( view->stages )
        print_stages(out, t, style.colour);
    if ( view->functions )
        print_functions(out, t, view->limit, style.colour);
}
