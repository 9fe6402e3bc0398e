#include "report/across.h"

#include <stdlib.h>
#include <string.h>

#include "catalogue/modes.h"
#include "report/beside.h"
#include "report/lines.h"
#include "report/notes.h"
#include "report/ratio.h"
#include "report/text.h"
#include "trace/record.h"
#include "xenometer.h"

#define SHAPE_ROW "hypercall/null"   /* what a column's figures are told in */

/* One column of the table: results, and a column of theirs. */
struct place {
    const struct results *results;
    const struct column *column;
    const char *cpu;             /* NULL: no other has that column */
    uint64_t hypercall;          /* SHAPE_ROW there; 0: not measured */
};

struct across {
    const struct results *all;
    size_t count;
    struct place *places;
    size_t place_count;
    const struct result **rows;  /* each row once, by whatever results have it first */
    size_t row_count;
    size_t heads;                /* lines of them */
    size_t left_out;             /* rows whose work one instruction set only has */
    bool utf8, shortened, shapes, layers, skips;
};

bool across_is(const struct results *all, size_t count)
{
    for ( size_t i = 1; i < count; i++ )
        if ( !results_one_architecture(&all[0], &all[i]) )
            return true;
    return false;
}

static const struct result *find(const struct results *results, const char *row,
                                 const struct column *column)
{
    for ( size_t i = 0; i < results->count; i++ )
        if ( results->rows[i].column == column && !strcmp(results->rows[i].row, row) )
            return &results->rows[i];
    return NULL;
}

static bool measured(const struct result *r)
{
    return r && r->outcome == OUTCOME_SUCCESS;
}

/* ----------------------------------------------------------- what there is -- */

static bool has_figures(const struct results *results, const struct column *column)
{
    for ( size_t i = 0; i < results->count; i++ )
        if ( results->rows[i].column == column && measured(&results->rows[i]) )
            return true;
    return false;
}

static void add_places(struct across *a, const char *const *names)
{
    for ( size_t i = 0; i < a->count; i++ )
        FOR_EACH_COLUMN(c)
        {
            const struct result *shape = find(&a->all[i], SHAPE_ROW, c);
            bool again = false;

            /* A floor has no hypervisor below it, and counts its own instructions only. */
            if ( c->floor || !has_figures(&a->all[i], c) )
                continue;
            for ( size_t k = 0; k < a->count; k++ )
                again = again || (k != i && has_figures(&a->all[k], c));
            a->places = xrealloc(a->places, (a->place_count + 1) * sizeof(*a->places));
            a->places[a->place_count++] = (struct place){
                .results = &a->all[i], .column = c,
                .cpu = again ? names[i] : NULL,
                .hypercall = measured(shape) ? shape->median : 0 };
        }
}

/* Do two instruction sets have figures of that work? */
static bool is_shared(const struct across *a, const char *work)
{
    const struct results *first = NULL;

    for ( size_t i = 0; i < a->place_count; i++ )
        for ( size_t k = 0; k < a->places[i].results->count; k++ )
        {
            const struct result *r = &a->places[i].results->rows[k];

            if ( r->column != a->places[i].column || !measured(r) || strcmp(work_of(r), work) )
                continue;
            if ( first && !results_one_architecture(first, a->places[i].results) )
                return true;
            if ( !first )
                first = a->places[i].results;
        }
    return false;
}

static bool is_known(const struct across *a, const char *row)
{
    for ( size_t i = 0; i < a->row_count; i++ )
        if ( !strcmp(a->rows[i]->row, row) )
            return true;
    return false;
}

static void add_rows(struct across *a)
{
    for ( size_t i = 0; i < a->count; i++ )
        for ( size_t k = 0; k < a->all[i].count; k++ )
        {
            const struct result *r = &a->all[i].rows[k];

            if ( !measured(r) || r->column->floor || is_known(a, r->row) )
                continue;
            a->rows = xrealloc(a->rows, (a->row_count + 1) * sizeof(*a->rows));
            a->rows[a->row_count++] = r;
        }
}

/* ------------------------------------------------------------------- lines -- */

static void put(struct libscols_line *line, size_t column, char *text)
{
    scols_line_refer_data(line, column, text);
}

static struct libscols_line *new_line(struct libscols_table *table, const char *name)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);

    put(line, 0, xasprintf(" %s", name));
    return line;
}

static char *figure(struct across *a, const struct result *r)
{
    if ( measured(r) )
        return a->shortened ? text_short_number(r->median) : text_number(r->median);
    if ( r && r->outcome != OUTCOME_SKIP )
        return xstrdup(outcome_name(r->outcome));
    a->skips = true;
    return xstrdup(a->utf8 ? "\u2013" : "-");
}

/* Below ten with a digit behind the point. */
static char *in_hypercalls(const struct result *r, uint64_t hypercall)
{
    double times = (double)r->median / (double)hypercall;

    if ( times < 0.05 )
        return xstrdup("<0.1");
    return times < 9.95 ? xasprintf("%.1f", times) : text_number((uint64_t)(times + 0.5));
}

/* "1/35/49/15": parts of a hundred, of guest, Xen, dom0's kernel and its processes; what is idle
 * is none of theirs. */
static char *parts(const struct result *r)
{
    uint64_t sum = 0;
    char *text = xstrdup("");

    for ( int i = 0; i < LAYER_IDLE; i++ )
        sum += r->layers[i];
    for ( int i = 0; sum && i < LAYER_IDLE; i++ )
    {
        char *longer = xasprintf("%s%s%llu", text, i ? "/" : "",
                                 (unsigned long long)((r->layers[i] * 100 + sum / 2) / sum));

        free(text);
        text = longer;
    }
    return text;
}

static void add_row(struct across *a, struct libscols_table *table, const char *row)
{
    struct libscols_line *line = new_line(table, row), *shapes = NULL, *layers = NULL;

    for ( size_t i = 0; i < a->place_count; i++ )
    {
        const struct place *p = &a->places[i];
        const struct result *r = find(p->results, row, p->column);

        put(line, 1 + i, figure(a, r));
        if ( measured(r) && p->hypercall && strcmp(row, SHAPE_ROW) )
        {
            shapes = shapes ? shapes : new_line(table, "  in null hypercalls");
            put(shapes, 1 + i, in_hypercalls(r, p->hypercall));
            a->shapes = true;
        }
    }
    for ( size_t i = 0; i < a->place_count; i++ )
    {
        const struct result *r = find(a->places[i].results, row, a->places[i].column);

        if ( !measured(r) || !r->has_layers )
            continue;
        layers = layers ? layers : new_line(table, "  by layer, %");
        put(layers, 1 + i, parts(r));
        a->layers = true;
    }
}

/* In one line; shortened in two, the CPU below. */
static void add_heads(struct across *a, struct libscols_table *table)
{
    struct libscols_line *heads = scols_table_new_line(table, NULL);
    struct libscols_line *below = a->shortened ? scols_table_new_line(table, NULL) : NULL;

    put(heads, 0, xstrdup(""));
    if ( below )
        put(below, 0, xstrdup(""));
    for ( size_t i = 0; i < a->place_count; i++ )
    {
        const struct place *p = &a->places[i];
        bool both = p->cpu && !below;

        put(heads, 1 + i, xasprintf("%s%s%s", p->column->title, both ? " " : "", both ? p->cpu : ""));
        if ( below )
            put(below, 1 + i, xstrdup(p->cpu ? p->cpu : ""));
    }
    a->heads = scols_table_get_nlines(table);
}

static struct libscols_table *make_table(struct across *a, FILE *out, const char **works, size_t *ends,
                                         size_t *work_count)
{
    struct libscols_table *table = lines_table(out, "  ", false);

    scols_table_new_column(table, "row", 0, 0);
    for ( size_t i = 0; i < a->place_count; i++ )
        scols_table_new_column(table, "figure", 0, SCOLS_FL_RIGHT);
    add_heads(a, table);
    *work_count = a->left_out = 0;
    for ( size_t i = 0; i < a->row_count; i++ )
    {
        const char *work = work_of(a->rows[i]);
        bool done = false;

        for ( size_t k = 0; k < i; k++ )
            done = done || !strcmp(work_of(a->rows[k]), work);
        if ( !is_shared(a, work) )
            a->left_out++;
        else if ( !done )
        {
            for ( size_t k = i; k < a->row_count; k++ )
                if ( !strcmp(work_of(a->rows[k]), work) )
                    add_row(a, table, a->rows[k]->row);
            works[*work_count] = work;
            ends[(*work_count)++] = scols_table_get_nlines(table);
        }
    }
    return table;
}

/* ------------------------------------------------------------------- words -- */

static void print_head(FILE *out, const struct across *a, const char *const *names, unsigned width)
{
    text_wrap(out, "", notes_instructions(&a->all[0])
              ? "Medians; executed instructions per operation, not time." : "Medians.", width);
    text_wrap(out, "", "These are several instruction sets: a count of one says nothing of a count of another, "
              "so there is no ratio between them, and none is faster or slower. What is compared is shape, "
              "steps and order of magnitude.", width);
    beside_places(out, a->all, names, a->count, width);
    fputc('\n', out);
}

static void print_notes(FILE *out, const struct across *a, unsigned width)
{
    const char *first = a->utf8 ? "\u2022 " : "* ";
    char *text;

    fputc('\n', out);
    if ( a->shapes )
        text_wrap(out, first, "In null hypercalls: the figure above by " SHAPE_ROW " of the same column, the "
                  "cheapest way into that hypervisor and back.", width);
    if ( a->layers )
        text_wrap(out, first, "By layer: what guest, Xen, dom0's kernel and its processes execute of the median "
                  "sample, per cent.", width);
    if ( a->skips )
        text_wrap(out, first, a->utf8 ? "\u2013: not there; `xenometer explain ROW` says why."
                                      : "-: not there; `xenometer explain ROW` says why.", width);
    if ( a->left_out )
    {
        text = xasprintf("%zu %s work is done on one of the instruction sets only.", a->left_out,
                         a->left_out == 1 ? "row is left out: its" : "rows are left out: their");
        text_wrap(out, first, text, width);
        free(text);
    }
}

void across_print(FILE *out, const struct results *all, const char *const *names, size_t count)
{
    struct style style = text_style(out);
    struct across a = { .all = all, .count = count, .utf8 = style.utf8 };
    struct libscols_table *table;
    const char **works;
    size_t *ends, work_count, line;

    add_places(&a, names);
    add_rows(&a);
    works = xcalloc(a.row_count + 1, sizeof(*works));
    ends = xcalloc(a.row_count + 1, sizeof(*ends));
    table = make_table(&a, out, works, ends, &work_count);
    if ( lines_width(table) > style.table )
    {
        scols_unref_table(table);
        a.shortened = true;
        table = make_table(&a, out, works, ends, &work_count);
    }
    print_head(out, &a, names, style.width);
    lines_print(out, table, 0, line = a.heads);
    for ( size_t i = 0; i < work_count; i++ )
    {
        fprintf(out, "%s\n", works[i]);
        lines_print(out, table, line, ends[i] - line);
        line = ends[i];
    }
    print_notes(out, &a, style.width);
    scols_unref_table(table);
    free(a.places);
    free(a.rows);
    free(works);
    free(ends);
}
