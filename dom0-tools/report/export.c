/*
 * The formats are: our own tables and document; CSV (RFC 4180); Bencher Metric Format
 * (bencher.dev, "BMF JSON": benchmark, measure, value with lower and upper bound); and the list
 * of benchmark-action/github-action-benchmark's tool "customSmallerIsBetter".
 */
#include "report/export.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/modes.h"
#include "report/json.h"
#include "report/ratio.h"
#include "report/table.h"
#include "xenometer.h"

static void print_json(FILE *out, const struct results *results)
{
    char *text = results_to_json(results);

    fputs(text, out);
    free(text);
}

/* A field: in quotes where it has to be, quotes doubled. */
static void put_field(FILE *out, const char *text)
{
    if ( !text )
        return;
    if ( !*text || !text[strcspn(text, ",\"\r\n")] )
    {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for ( ; *text; text++ )
    {
        if ( *text == '"' )
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void print_csv(FILE *out, const struct results *results)
{
    struct ratio *ratios = ratios_make(results);

    fputs("row,work,path,mode,status,reason,unit,operations,bytes,samples,boots,first,min,median,"
          "p90,p99,p999,max,ci95_low,ci95_high,overhead,ratio,ratio_to,ratio_to_mode\r\n", out);
    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];
        const uint64_t figures[] = { r->first, r->min, r->median, r->p90, r->p99, r->p999, r->max,
                                     r->ci95[0], r->ci95[1], r->overhead };
        bool measured = r->outcome == OUTCOME_SUCCESS || r->samples;
        const char *texts[] = { r->row, r->work, r->path, r->column->name,
                                outcome_name(r->outcome), r->reason, results->environment.clock };

        for ( size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++ )
        {
            put_field(out, texts[k]);
            fputc(',', out);
        }
        fprintf(out, "%" PRIu32 ",", r->operations);
        if ( r->bytes )
            fprintf(out, "%" PRIu32, r->bytes);
        fprintf(out, ",%" PRIu32 ",%" PRIu32, r->samples, r->boots);
        for ( size_t k = 0; k < sizeof(figures) / sizeof(figures[0]); k++ )
        {
            fputc(',', out);
            /* What was not measured is empty, not 0. */
            if ( measured )
                fprintf(out, "%" PRIu64, figures[k]);
        }
        if ( ratios[i].to )
        {
            fprintf(out, ",%.6g,", ratios[i].value);
            put_field(out, ratios[i].to->row);
            fprintf(out, ",%s\r\n", ratios[i].to->column->name);
        }
        else
            fputs(",,,\r\n", out);
    }
    free(ratios);
}

static void dump(FILE *out, json_t *document)
{
    json_dumpf(document, out, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    fputc('\n', out);
    json_decref(document);
}

static json_t *ticks(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

/* "hypercall/null pv": a series of its own in either service. */
static char *series(const struct result *r)
{
    return xasprintf("%s %s", r->row, r->column->name);
}

static void print_bencher(FILE *out, const struct results *results)
{
    json_t *document = json_object();

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];
        char *name = series(r);

        if ( r->outcome == OUTCOME_SUCCESS )
            json_object_set_new(document, name, json_pack("{s:{s:o, s:o, s:o}}",
                results->environment.clock, "value", ticks(r->median),
                "lower_value", ticks(r->min), "upper_value", ticks(r->p99)));
        free(name);
    }
    dump(out, document);
}

static void print_github(FILE *out, const struct results *results)
{
    const struct environment *e = &results->environment;
    json_t *document = json_array();

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];
        char *name = series(r), *range, *extra;

        range = xasprintf("%" PRIu64 " to %" PRIu64, r->min, r->p99);
        extra = xasprintf("%s; %u samples; Xen %s, %s", r->path ? r->path : "", r->samples,
                          e->xen ? e->xen : "unknown", e->host ? e->host : "unknown host");
        if ( r->outcome == OUTCOME_SUCCESS )
            json_array_append_new(document, json_pack("{s:s, s:s, s:o, s:s, s:s}", "name", name,
                "unit", e->clock, "value", ticks(r->median), "range", range, "extra", extra));
        free(extra);
        free(range);
        free(name);
    }
    dump(out, document);
}

const struct export_format export_formats[] = {
    { "table", "the table for people, as wide as the window", table_print },
    { "wide", "every figure, a line for each row and mode", table_print_wide },
    { "markdown", "GitHub Markdown, for a README", table_print_markdown },
    { "csv", "a line for each row and mode, for spreadsheets", print_csv },
    { "json", "the document again, in this version's form", print_json },
    { "bencher", "Bencher Metric Format (JSON), for bencher.dev", print_bencher },
    { "github", "JSON for github-action-benchmark, tool customSmallerIsBetter", print_github },
    { NULL, NULL, NULL },
};

const struct export_format *export_find(const char *name)
{
    const struct export_format *f = export_formats;
    char *names = NULL, *longer;

    while ( f->name && strcmp(f->name, name) )
        f++;
    if ( f->name )
        return f;
    for ( f = export_formats; f->name; f++ )
    {
        longer = xasprintf("%s%s%s", names ? names : "", !names ? "" : f[1].name ? ", " : " or ",
                           f->name);
        free(names);
        names = longer;
    }
    message("--format=%s: must be %s", name, names);
    free(names);
    return NULL;
}
