/*
 * The wide table: a line for each row and mode, with every figure (table.h).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/modes.h"
#include "measure/summary.h"
#include "report/layout.h"
#include "report/lines.h"
#include "report/ratio.h"
#include "report/table.h"
#include "report/text.h"
#include "xenometer.h"

enum field {
    ROW, MODE, SAMPLES, FIRST, MIN, MEDIAN, INTERVAL, P90, P99, P999, MAX, BATCH, RATIO,
    RATIO_INTERVAL, INTERRUPTED, STOLEN, COLUMNS,
};

static const char *const titles[COLUMNS] = {
    "", "mode", "samples", "first", "min", "median", "95 %", "p90", "p99", "p99.9", "max",
    "batch", "ratio", "95 %", "interrupted", "stolen ns",
};

static void put(struct libscols_line *line, enum field column, char *text)
{
    scols_line_set_data(line, column, text);
    free(text);
}

static void put_number(struct libscols_line *line, enum field column, uint64_t number)
{
    put(line, column, text_number(number));
}

static void put_interval(struct libscols_line *line, const struct result *r)
{
    char *low = text_number(r->ci95[0]), *high = text_number(r->ci95[1]);

    put(line, INTERVAL, r->ci95[0] == r->ci95[1] ? xstrdup("=")
                                                 : xasprintf("%s to %s", low, high));
    free(low);
    free(high);
}

static void put_ratio(struct libscols_line *line, const struct ratio *ratio)
{
    if ( ratio->to == NULL )
        return;
    put(line, RATIO, xasprintf("%.3g", ratio->value));
    if ( !ratio->has_interval )
        return;
    put(line, RATIO_INTERVAL, ratio->interval[0] == ratio->interval[1] ? xstrdup("=")
            : xasprintf("%.4g to %.4g", ratio->interval[0], ratio->interval[1]));
}

static void put_figures(struct libscols_line *line, const struct results *results,
                        const struct result *r, const struct ratio *ratio)
{
    uint32_t interrupted;

    put_number(line, SAMPLES, r->samples);
    put_number(line, FIRST, r->first);
    put_number(line, MIN, r->min);
    put_number(line, MEDIAN, r->median);
    put_interval(line, r);
    put_number(line, P90, r->p90);
    put_number(line, P99, r->p99);
    put_number(line, P999, r->p999);
    put_number(line, MAX, r->max);
    if ( r->has_batch )
        put_number(line, BATCH, r->batch);
    put_ratio(line, ratio);
    if ( summary_interrupted(&results->environment, r, &interrupted) )
        put_number(line, INTERRUPTED, interrupted);
    if ( r->column->home == HOME_XEN )
        put_number(line, STOLEN, r->stolen);
}

static struct libscols_table *new_table(FILE *out)
{
    struct libscols_table *table = lines_table(out, "  ", false);
    struct libscols_line *heads;

    for ( unsigned c = 0; c < COLUMNS; c++ )
        scols_table_new_column(table, titles[c], 0, c > MODE ? SCOLS_FL_RIGHT : 0);
    heads = scols_table_new_line(table, NULL);
    for ( unsigned c = 0; c < COLUMNS; c++ )
        scols_line_set_data(heads, c, titles[c]);
    return table;
}

/* A row is named on the first of its lines. */
static void add_row(struct libscols_table *table, const struct results *results,
                    const struct ratio *ratios, const struct layout_row *row)
{
    bool named = false;

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];
        struct libscols_line *line;

        if ( strcmp(r->row, row->name) != 0 || r->outcome == OUTCOME_SKIP )
            continue;
        line = scols_table_new_line(table, NULL);
        put(line, ROW, named ? xstrdup("") : xasprintf("  %s", r->row));
        put(line, MODE, xstrdup(r->column->title));
        named = true;
        if ( r->outcome == OUTCOME_SUCCESS )
            put_figures(line, results, r, &ratios[i]);
        else
            put(line, MEDIAN, xstrdup(outcome_name(r->outcome)));
    }
}

void table_print_wide(FILE *out, const struct results *results)
{
    struct style style = text_style(out);
    struct layout *layout = layout_make(results, style.utf8, NARROW_NOT);
    struct libscols_table *table = new_table(out);
    struct ratio *ratios = ratios_make(results);
    size_t *ends = xcalloc(layout->count, sizeof(*ends)), line = 1;

    for ( size_t g = 0; g < layout->count; g++ )
    {
        for ( size_t i = 0; i < layout->groups[g].count; i++ )
            add_row(table, results, ratios, &layout->groups[g].rows[i]);
        ends[g] = scols_table_get_nlines(table);
    }
    notes_print(out, notes_header(results), "", style.width);
    fputc('\n', out);
    lines_print(out, table, 0, 1);
    for ( size_t g = 0; g < layout->count; g++ )
    {
        if ( ends[g] == line )
            continue;   /* nothing but skips */
        fprintf(out, "%s\n", layout->groups[g].work);
        lines_print(out, table, line, ends[g] - line);
        line = ends[g];
    }
    fputc('\n', out);
    notes_print(out, notes_wide(results), style.utf8 ? "\u2022 " : "* ", style.width);
    free(ends);
    free(ratios);
    scols_unref_table(table);
    layout_free(layout);
}
