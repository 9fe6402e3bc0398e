#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/published.h"
#include "measure/summary.h"
#include "report/json.h"
#include "report/layout.h"
#include "report/page.h"
#include "report/ratio.h"
#include "report/sweeps.h"
#include "report/text.h"
#include "report/trace_files.h"
#include "trace/trace.h"
#include "xenometer.h"

#define EXACT_VALUES 16u   /* a distribution of so many values is shown as it is */
#define FUNCTIONS    25u   /* of a trace in its table */
#define BINS         32u   /* a power of two: edge_ratio() */

/* Flags of a row in the data, in this order of bits. */
enum page_flags { PAGE_HEADLINE = 1, PAGE_DOM0 = 2, PAGE_BLOCKS = 4, PAGE_BATCHES = 8 };

/* A list of different strings, by number. */
struct strings {
    json_t *list, *index;
};

static struct strings strings_new(void)
{
    return (struct strings){ json_array(), json_object() };
}

static json_t *string_number(struct strings *strings, const char *text)
{
    json_t *plain = text_to_json(text ? text : ""), *known;

    known = json_object_get(strings->index, json_string_value(plain));
    if ( !known )
    {
        known = json_integer((json_int_t)json_array_size(strings->list));
        json_array_append(strings->list, plain);
        json_object_set_new(strings->index, json_string_value(plain), known);
    }
    json_decref(plain);
    return json_incref(known);
}

static json_t *number(uint64_t n)
{
    return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

/* ------------------------------------------------------------------ cells -- */

static json_t *exact_distribution(const struct result *r)
{
    json_t *list = json_array();

    for ( size_t i = 0; i < r->distinct; i++ )
        json_array_append_new(list, json_pack("[o,o]", number(r->distribution[i].value),
                                              number(r->distribution[i].count)));
    return list;
}

/* The BINS-th root of x, above 1: square roots of square roots, by Newton, without libm. */
static double edge_ratio(double x)
{
    for ( unsigned n = BINS; n > 1; n /= 2 )
    {
        double root = x;

        for ( double next = (x + 1) / 2; next < root; next = (root + x / root) / 2 )
            root = next;
        x = root;
    }
    return x;
}

json_t *page_distribution(const struct result *r)
{
    uint64_t low, high, counts[BINS] = { 0 };
    double ratio, edge;
    size_t bin = 0;
    json_t *list;

    if ( r->distinct == 0 )
        return json_null();
    if ( r->distinct <= EXACT_VALUES )
        return exact_distribution(r);
    low = r->distribution[0].value ? r->distribution[0].value : 1;
    high = r->distribution[r->distinct - 1].value;
    ratio = edge_ratio((double)high / (double)low);
    edge = (double)low * ratio;
    for ( size_t i = 0; i < r->distinct; i++ )
    {
        for ( ; bin + 1 < BINS && (double)r->distribution[i].value >= edge; bin++ )
            edge *= ratio;
        counts[bin] += r->distribution[i].count;
    }
    list = json_array();
    for ( size_t i = 0; i < BINS; i++ )
        json_array_append_new(list, number(counts[i]));
    return json_pack("[o,o,o]", number(low), number(high), list);
}

static json_t *layers_value(const struct result *r)
{
    json_t *list = json_array();

    if ( !r->has_layers )
    {
        json_decref(list);
        return json_null();
    }
    for ( int i = 0; i < LAYERS_OF_XEN; i++ )
        json_array_append_new(list, number(r->layers[i]));
    return list;
}

/* [row, column, status, reason], and with figures
 * samples, min, median, p90, p99, p999, max, ci low, ci high, first, overhead, interrupted, boots,
 * distribution, layers, ratio, the cell it is to. */
static json_t *cell_value(const struct results *results, size_t i, json_t *row, json_t *column,
                          struct strings *strings, const struct ratio *ratio)
{
    const struct result *r = &results->rows[i];
    const uint64_t figures[] = { r->samples, r->min, r->median, r->p90, r->p99, r->p999, r->max,
                                 r->ci95[0], r->ci95[1], r->first, r->overhead };
    json_t *cell = json_array();
    uint32_t interrupted;

    json_array_append_new(cell, row);
    json_array_append_new(cell, column);
    json_array_append_new(cell, json_integer(r->outcome));
    json_array_append_new(cell, string_number(strings, r->reason));
    if ( r->outcome != OUTCOME_SUCCESS )
        return cell;
    for ( size_t k = 0; k < sizeof(figures) / sizeof(figures[0]); k++ )
        json_array_append_new(cell, number(figures[k]));
    json_array_append_new(cell, summary_interrupted(&results->environment, r, &interrupted)
                          ? number(interrupted) : json_null());
    json_array_append_new(cell, number(r->boots));
    json_array_append_new(cell, page_distribution(r));
    json_array_append_new(cell, layers_value(r));
    json_array_append_new(cell, ratio->to ? json_real(ratio->value) : json_null());
    json_array_append_new(cell, ratio->to ? json_integer((json_int_t)(ratio->to - results->rows))
                                          : json_null());
    return cell;
}

/* ------------------------------------------------------------------- rows -- */

/* [cycles, what, on what, source] of each figure that others published of this work. */
static json_t *published_value(const char *row)
{
    json_t *list = json_array();
    const struct published *p;

    for ( size_t i = 0; (p = published_for(row, i)) != NULL; i++ )
        json_array_append_new(list, json_pack("[o,s,s,s]", number(p->cycles), p->what, p->on,
                                              p->source));
    return list;
}

/* What is told of a row once, whatever its columns. */
static json_t *row_value(const struct result *r, const struct image_row *known, bool headline,
                         struct strings *strings)
{
    int flags = (headline ? PAGE_HEADLINE : 0) | (r->dom0 ? PAGE_DOM0 : 0) |
                (r->blocks ? PAGE_BLOCKS : 0) | (r->batches ? PAGE_BATCHES : 0);

    return json_pack("[o,o,o,i,o,o,o,o,o,o]", text_to_json(r->row),
                     string_number(strings, work_of(r)), string_number(strings, r->path), flags,
                     number(r->operations), r->bytes ? number(r->bytes) : json_null(),
                     text_to_json(known ? known->help : ""),
                     text_to_json(known ? known->explanation : ""),
                     r->against ? text_to_json(r->against) : json_null(),
                     published_value(r->row));
}

/* Which of the results are shown on top: those of `make bench`, else all. */
static bool *choose_headline(const struct page_input *in)
{
    bool *headline = xcalloc(in->results->count + 1, sizeof(*headline)), any = false;

    for ( size_t i = 0; i < in->results->count; i++ )
    {
        const struct image_row *row = in->image ? image_find(in->image, in->results->rows[i].row)
                                                : NULL;

        headline[i] = row && (row->flags & ROW_HEADLINE) && !(row->flags & ROW_BASELINE);
        any |= headline[i] && in->results->rows[i].outcome == OUTCOME_SUCCESS;
    }
    for ( size_t i = 0; !any && i < in->results->count; i++ )
        headline[i] = true;
    return headline;
}

/* Columns in the order in which they appear, with what they are called. */
static json_t *add_column(json_t *columns, json_t *index, const struct column *column)
{
    const char *key = column->name;
    json_t *known = json_object_get(index, key);

    if ( !known )
    {
        known = json_integer((json_int_t)json_array_size(columns));
        json_object_set_new(index, key, known);
        json_array_append_new(columns, json_pack("{s:s, s:s}", "key", key, "title",
                                                 column->title));
    }
    return json_incref(known);
}

static void put_rows(json_t *data, const struct page_input *in)
{
    json_t *columns = json_array(), *column_index = json_object();
    json_t *rows = json_array(), *row_index = json_object(), *cells = json_array();
    struct strings strings = strings_new();
    struct ratio *ratios = ratios_make(in->results);
    bool *headline = choose_headline(in);

    for ( size_t i = 0; i < in->results->count; i++ )
    {
        const struct result *r = &in->results->rows[i];
        json_t *name = text_to_json(r->row);
        json_t *row = json_object_get(row_index, json_string_value(name));

        if ( !row )
        {
            row = json_integer((json_int_t)json_array_size(rows));
            json_object_set_new(row_index, json_string_value(name), row);
            json_array_append_new(rows, row_value(r, in->image ? image_find(in->image, r->row)
                                                               : NULL, headline[i], &strings));
        }
        json_array_append_new(cells, cell_value(in->results, i, json_incref(row),
                                                add_column(columns, column_index, r->column),
                                                &strings, &ratios[i]));
        json_decref(name);
    }
    json_object_set_new(data, "columns", columns);
    json_object_set_new(data, "rows", rows);
    json_object_set_new(data, "cells", cells);
    json_object_set_new(data, "strings", strings.list);
    json_decref(strings.index);
    json_decref(column_index);
    json_decref(row_index);
    free(headline);
    free(ratios);
}

/* ----------------------------------------------------------------- sweeps -- */

static json_t *line_value(const struct sweep_line *line)
{
    json_t *points = json_array();

    for ( size_t i = 0; i < line->count; i++ )
        json_array_append_new(points, json_pack("[o,o]", number(line->points[i].x),
                                                number(line->points[i].result->median)));
    return json_pack("[o,s,o]", text_to_json(line->name), line->column->name, points);
}

static json_t *sweeps_value(const struct results *results)
{
    struct sweeps sweeps = sweeps_find(results);
    json_t *list = json_array();

    for ( size_t s = 0; s < sweeps.count; s++ )
    {
        const struct sweep *sweep = &sweeps.all[s];
        json_t *lines = json_array();

        for ( size_t l = 0; l < sweep->count; l++ )
            json_array_append_new(lines, line_value(&sweep->lines[l]));
        json_array_append_new(list, json_pack("{s:o, s:s, s:o}", "group",
                                              text_to_json(sweep->group), "what", sweep->what,
                                              "lines", lines));
    }
    sweeps_free(&sweeps);
    return list;
}

/* ------------------------------------------------------------ environment -- */

static void put_pair(json_t *list, const char *name, const char *value)
{
    if ( value && *value )
        json_array_append_new(list, json_pack("[s,o]", name, text_to_json(value)));
}

json_t *page_environment(const struct environment *e)
{
    json_t *list = json_array();
    char *boots = e->boots ? xasprintf("%u of each kind of domain, seed %" PRIu64, e->boots, e->seed)
                           : NULL;
    char *hz = e->tsc_hz ? text_number(e->tsc_hz) : NULL;

    put_pair(list, "Measured on", !e->host ? NULL
             : !strcmp(e->host, "xen") ? "a Xen host"
             : !strcmp(e->host, "linux") ? "a Linux without Xen, by its CPU's cycles"
             : !strcmp(e->host, "lab-exact") && !e->xen && e->linux_system
             ? "the lab: a Linux without Xen in an emulated machine that counts every instruction "
               "(lab-exact)"
             : !strcmp(e->host, "lab-exact") ? "the lab: a real Xen and dom0 in an emulated machine "
                                               "that counts every instruction (lab-exact)"
             : e->host);
    put_pair(list, "Clock", e->clock);
    put_pair(list, "Hz of the time stamp counter", hz);
    put_pair(list, "Xen", e->xen);
    put_pair(list, "dom0's Linux", e->dom0_kernel);
    put_pair(list, "Linux without Xen", e->linux_system);
    put_pair(list, "QEMU", e->qemu);
    put_pair(list, "Bochs", e->bochs);
    put_pair(list, "Itself a guest of", e->below);
    put_pair(list, "CPU", e->cpu);
    put_pair(list, "Its virtualization", e->cpu_features);
    put_pair(list, "vCPUs", e->pinned);
    put_pair(list, "Mitigations", e->mitigations);
    put_pair(list, "Boots", boots);
    put_pair(list, "Started", e->started);
    put_pair(list, "xenometer", e->xenometer);
    put_pair(list, "Unikernel", e->image);
    free(boots);
    free(hz);
    return list;
}

/* Takes the notes. */
static json_t *notes_value(char **notes)
{
    json_t *list = json_array();

    for ( char **n = notes; n && *n; n++ )
        json_array_append_new(list, text_to_json(*n));
    notes_free(notes);
    return list;
}

/* What is to be known of the explanations: whose they are. */
static json_t *source_value(const struct page_input *in)
{
    const char *image = in->results->environment.image;
    char *text = NULL;
    json_t *value;

    if ( !in->image )
        text = xstrdup("Without explanations: the unikernel, which has them, was not beside the "
                       "program that made this report.");
    else if ( image && strcmp(image, in->image->build_id) )
        text = xasprintf("Explanations are those of unikernel %.12s, the figures of %.12s.",
                         in->image->build_id, image);
    value = text_to_json(text);
    free(text);
    return value;
}

/* Its functions are sorted, most first: a page shows the first of them. */
static json_t *trace_value(const struct trace *t)
{
    json_t *document = trace_document(t), *functions = json_object_get(document, "functions");

    while ( json_array_size(functions) > FUNCTIONS )
        json_array_remove(functions, json_array_size(functions) - 1);
    return document;
}

/* [id, claim, source, [[says, measured, verdict, why], …]] of those of which anything was measured. */
static void put_claims(json_t *data, const struct claims *claims)
{
    json_t *all = claims_json(claims), *list = json_array(), *claim, *part;
    char *sum = claims_sum(claims);
    size_t i, k;

    json_array_foreach(all, i, claim)
    {
        json_t *parts = json_array();

        json_array_foreach(json_object_get(claim, "parts"), k, part)
            json_array_append_new(parts, json_pack("[O,O,O,O]", json_object_get(part, "says"),
                                                   json_object_get(part, "measured"),
                                                   json_object_get(part, "verdict"),
                                                   json_object_get(part, "why")));
        if ( claims->all[i].measured )
            json_array_append_new(list, json_pack("[O,O,O,O]", json_object_get(claim, "id"),
                                                  json_object_get(claim, "claim"),
                                                  json_object_get(claim, "source"), parts));
        json_decref(parts);
    }
    json_object_set_new(data, "claims", list);
    json_object_set_new(data, "claimed", json_string(sum));
    json_decref(all);
    free(sum);
}

json_t *page_data(const struct page_input *in)
{
    json_t *data = json_object(), *traces = json_array();

    json_object_set_new(data, "kind", json_string("report"));
    json_object_set_new(data, "clock", text_to_json(in->results->environment.clock));
    put_rows(data, in);
    json_object_set_new(data, "sweeps", sweeps_value(in->results));
    for ( size_t i = 0; i < in->trace_count; i++ )
        json_array_append_new(traces, trace_value(&in->traces[i]));
    json_object_set_new(data, "traces", traces);
    if ( in->claims )
        put_claims(data, in->claims);
    json_object_set_new(data, "environment", page_environment(&in->results->environment));
    json_object_set_new(data, "about", notes_value(notes_header(in->results)));
    json_object_set_new(data, "notes", notes_value(notes_footer(in->results, true, NARROW_NOT)));
    json_object_set_new(data, "source", source_value(in));
    return data;
}
