#include "bench/claims.h"

#include <stdlib.h>
#include <string.h>

#include "bench/self.h"
#include "catalogue/select.h"
#include "lib/cancel.h"
#include "lib/words.h"
#include "report/claims.h"
#include "report/json.h"
#include "report/trace_files.h"
#include "xenometer.h"

/* What is to be measured, and what was. */
struct evidence {
    struct image *image;
    bool without_xen;            /* also what runs on a Linux without Xen */
    struct words rows;
    struct { char *row; const struct column *column; } *wanted;   /* traces */
    size_t wanted_count;
    struct results results;
    struct trace *traces;
    size_t trace_count;
};

/* Of the image or of dom0: those of the other system are a download of its own, and measured
 * where somebody asks for them. */
static void want_row(void *context, const char *name)
{
    struct evidence *e = context;
    const struct image_row *row = image_find(e->image, name);

    FOR_EACH_COLUMN(c)
        if ( row && columns_have(&row->columns, c) &&
             (c->home == HOME_XEN || c->home == HOME_DOM0 || (e->without_xen && c->program)) )
        {
            words_add(&e->rows, name);
            return;
        }
}

static void want_trace(void *context, const char *name, const struct column *column)
{
    struct evidence *e = context;

    if ( column->asked && !e->without_xen )
        return;
    e->wanted = xrealloc(e->wanted, (e->wanted_count + 1) * sizeof(*e->wanted));
    e->wanted[e->wanted_count].row = xstrdup(name);
    e->wanted[e->wanted_count++].column = column;
}

static int measure_rows(struct evidence *e)
{
    struct words w = { .count = 0 };
    char *text = NULL;
    size_t size;
    int status;

    words_add(&w, "run");
    words_add(&w, "--json");
    words_add(&w, "--boots=1");
    for ( size_t i = 0; i < e->rows.count; i++ )
        words_add(&w, e->rows.list[i]);
    status = self_run(words_argv(&w), &text, &size);
    if ( status == STATUS_OK )
        status = results_from_json(text, size, "the run's answer", &e->results);
    free(text);
    words_free(&w);
    return status;
}

static int measure_trace(struct evidence *e, const char *row, const struct column *column)
{
    struct words w = { .count = 0 };
    char *text = NULL;
    size_t size;
    int status;

    words_add(&w, "trace");
    words_add(&w, "--json");
    words_format(&w, "--mode=%s", column->name);
    words_add(&w, row);
    status = self_run(words_argv(&w), &text, &size);
    if ( status == STATUS_OK )
        status = trace_from_json(text, size, row, &e->traces[e->trace_count]);
    e->trace_count += status == STATUS_OK;
    free(text);
    words_free(&w);
    return status;
}

static int measure(struct evidence *e, const struct claims *claims)
{
    int status;

    e->image = select_catalogue(NULL);
    if ( !e->image )
        return STATUS_ENVIRONMENT;
    claims_each(claims, want_row, want_trace, e);
    if ( e->rows.count == 0 )
    {
        message("none of these claims is about a row that a run here has; `xenometer claims FILE` judges "
                "by results that are there");
        return STATUS_USAGE;
    }
    e->traces = xcalloc(e->wanted_count + 1, sizeof(*e->traces));
    cancel_begin();
    status = measure_rows(e);
    /* What counts single instructions is the exact lab alone. */
    for ( size_t i = 0; i < e->wanted_count && status == STATUS_OK &&
                        !strcmp(e->results.environment.host, "lab-exact"); i++ )
    {
        progress("%s in %s: a trace (%zu of %zu)", e->wanted[i].row, e->wanted[i].column->title, i + 1,
                 e->wanted_count);
        status = measure_trace(e, e->wanted[i].row, e->wanted[i].column);
        if ( status == STATUS_FAILED )   /* it has said why; the others may be judged */
            status = STATUS_OK;
    }
    cancel_end();
    return status;
}

static int take(struct evidence *e, const struct claims_options *o)
{
    int status = results_read(o->results, &e->results);

    e->traces = xcalloc(o->trace_count + 1, sizeof(*e->traces));
    while ( status == STATUS_OK && e->trace_count < o->trace_count )
    {
        status = trace_read(o->traces[e->trace_count], &e->traces[e->trace_count]);
        e->trace_count += status == STATUS_OK;
    }
    return status;
}

static void forget(struct evidence *e)
{
    while ( e->trace_count )
        trace_free(&e->traces[--e->trace_count]);
    while ( e->wanted_count )
        free(e->wanted[--e->wanted_count].row);
    free(e->traces);
    free(e->wanted);
    words_free(&e->rows);
    results_free(&e->results);
    image_free(e->image);
}

static void print(const struct claims_options *o, const struct claims *claims)
{
    json_t *list = o->json ? claims_json(claims) : NULL;

    if ( o->json )
    {
        json_dumpf(list, stdout, JSON_INDENT(1));
        putchar('\n');
        json_decref(list);
    }
    else
        claims_print(stdout, claims);
}

int claims_run(const struct claims_options *o)
{
    struct evidence e = { .without_xen = o->without_xen };
    struct claims claims;
    int status = claims_read(o->claims, &claims);

    if ( status != STATUS_OK )
        return status;
    if ( o->list )
        claims_list(stdout, &claims);
    else
        status = o->results ? take(&e, o) : measure(&e, &claims);
    if ( status == STATUS_OK && !o->list )
    {
        claims_judge(&claims, &e.results, e.traces, e.trace_count);
        print(o, &claims);
    }
    forget(&e);
    claims_free(&claims);
    return status;
}
