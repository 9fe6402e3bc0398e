/*
 * `xenometer list`: the rows that can be measured, read out of the unikernel's
 * ELF file; needs no Xen.
 */
#include <argp.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <libsmartcols/libsmartcols.h>

#include "catalogue/select.h"
#include "machines/lab.h"
#include "report/text.h"
#include "xenometer.h"

struct arguments {
    const char *image;
    struct column_set columns;
    bool headline, json, column_list;
    char **patterns;
    size_t count;
};

enum { OPTION_HEADLINE = 0x100, OPTION_JSON, OPTION_IMAGE, OPTION_COLUMNS, OPTION_CPU };

static const struct argp_option options[] = {
    { "modes", 'm', "MODES", 0, "only rows that run in one of these: pv, pvh, "
      "hvm, bare, dom0, with commas between", 0 },
    { "columns", OPTION_COLUMNS, NULL, 0, "the columns instead: what --modes can name", 0 },
    { "headline", OPTION_HEADLINE, NULL, 0, "only the rows of `make bench`", 0 },
    { "json", OPTION_JSON, NULL, 0, "print JSON", 0 },
    { "cpu", OPTION_CPU, "CPU", 0, "those of that CPU's image: arm64 has one of its own", 0 },
    { "image", OPTION_IMAGE, "FILE", 0, "another unikernel than this "
      "program's own", 0 },
    { 0 }
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct arguments *a = state->input;
    char *image;
    int status;

    switch ( key )
    {
    case 'm':
        if ( parse_modes(text, &a->columns) != STATUS_OK )
            exit(STATUS_USAGE);
        return 0;
    case OPTION_HEADLINE:
        a->headline = true;
        return 0;
    case OPTION_COLUMNS:
        a->column_list = true;
        return 0;
    case OPTION_JSON:
        a->json = true;
        return 0;
    case OPTION_IMAGE:
        a->image = text;
        return 0;
    case OPTION_CPU:
        if ( (status = lab_cpu_image(text, &image)) != STATUS_OK )
            exit(status);
        a->image = image;   /* to the program's end */
        return 0;
    case ARGP_KEY_ARGS:
        a->patterns = state->argv + state->next;
        a->count = (size_t)(state->argc - state->next);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static json_t *row_value(const struct image_row *row)
{
    json_t *modes = json_array();

    FOR_EACH_COLUMN(c)
        if ( columns_have(&row->columns, c) )
            json_array_append_new(modes, json_string(c->name));
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:b, s:b, s:b, s:I, s:I, s:I, s:o}",
                     "row", row->name, "work", row->work, "path", row->path,
                     "help", row->help, "modes", modes,
                     "headline", (row->flags & ROW_HEADLINE) != 0,
                     "dom0", (row->flags & ROW_DOM0) != 0,
                     "blocks", (row->flags & ROW_BLOCKS) != 0,
                     "operations", (json_int_t)row->operations,
                     "samples", (json_int_t)row->samples,
                     "warmup", (json_int_t)row->warmup, "bytes",
                     row->bytes ? json_integer(row->bytes) : json_null());
}

static void print_json(const struct image *image,
                       const struct selection *selection)
{
    json_t *rows = json_array();
    json_t *root;

    for ( size_t i = 0; i < selection->count; i++ )
        json_array_append_new(rows, row_value(selection->rows[i]));
    root = json_pack("{s:s, s:o}", "image", image->build_id, "rows", rows);
    json_dumpf(root, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(root);
}

static int print_table(const struct selection *selection)
{
    struct libscols_table *table = scols_new_table();
    bool colour = text_style(stdout).colour;

    if ( table == NULL )
    {
        message("out of memory");
        return STATUS_ENVIRONMENT;
    }
    scols_table_enable_colors(table, colour);
    scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
    scols_table_set_column_separator(table, "  ");
    scols_table_new_column(table, "ROW", 0, 0);
    scols_table_new_column(table, "MODES", 0, 0);
    scols_table_new_column(table, "WHAT IT MEASURES", 0, 0);
    for ( size_t c = 0; colour && c < scols_table_get_ncols(table); c++ )
        scols_cell_set_color(scols_column_get_header(
                                 scols_table_get_column(table, c)),
                             COLOUR_BOLD);
    for ( size_t i = 0; i < selection->count; i++ )
    {
        const struct image_row *row = selection->rows[i];
        struct libscols_line *line = scols_table_new_line(table, NULL);
        /* Those of an application run in all columns that have one. */
        struct column_set app;
        char *modes = columns_named("app", &app) && columns_equal(&row->columns, &app)
                          ? xstrdup("app") : columns_text(&row->columns, " ");

        scols_line_set_data(line, 0, row->name);
        scols_line_set_data(line, 1, modes);
        scols_line_set_data(line, 2, row->help);
        free(modes);
    }
    scols_print_table(table);
    scols_unref_table(table);
    return STATUS_OK;
}

static int print_columns(bool json)
{
    json_t *list = json_array();

    FOR_EACH_COLUMN(c)
        if ( json )
            json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", c->name,
                                                  "title", c->title, "what", c->what));
        else
            printf("%-13s%s\n", c->name, c->what);
    if ( json )
    {
        json_dumpf(list, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(list);
    return STATUS_OK;
}

int command_list(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse_option, "[PATTERN...]",
        "Show the rows that can be measured.\v"
        "A PATTERN is a row, a group, or has wildcards:\n"
        "  xenometer list\n"
        "  xenometer list 'exit/*' port\n"
        "  xenometer list --modes=pv --json\n"
        "`xenometer explain ROW` tells more about one.",
        NULL, NULL, NULL
    };
    struct arguments a = { .columns = columns_every() };
    struct selection selection, shown;
    struct image *image;
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    if ( a.column_list )
        return print_columns(a.json);
    image = select_catalogue(a.image);
    if ( image == NULL )
        return STATUS_ENVIRONMENT;
    status = select_rows(image, a.patterns, a.count, &a.columns, a.headline,
                         &selection);
    if ( status == STATUS_OK )
    {
        /* What runs in none of the modes asked for is not shown. */
        shown = selection;
        shown.count = 0;
        for ( size_t i = 0; i < selection.count; i++ )
        {
            struct column_set common = columns_common(&selection.rows[i]->columns, &a.columns);

            if ( columns_any(&common) )
                shown.rows[shown.count++] = selection.rows[i];
        }
        if ( a.json )
            print_json(image, &shown);
        else
            status = print_table(&shown);
        selection_free(&selection);
    }
    image_free(image);
    return status;
}
