#include "bench/history.h"

#include <stdlib.h>
#include <string.h>

#include "bench/factors.h"
#include "bench/gate.h"
#include "bench/side.h"
#include "lib/cancel.h"
#include "report/beside.h"
#include "report/history.h"
#include "report/json.h"
#include "report/notes.h"
#include "report/output.h"
#include "report/text.h"
#include "xenometer.h"

/* Debian's suites with a Xen, oldest first; what a mirror has no more is left out. */
static const char *const debian[] = { "bullseye", "bookworm", "trixie", "sid" };

struct release {
    struct side side;
    struct results results;
    char *name;            /* "4.17.5 (bookworm)" */
};

int history_add(struct history_options *o, const char *kind, const char *what)
{
    if ( o->count == HISTORY_MOST )
    {
        message("%u Xens at most in one history", HISTORY_MOST);
        return STATUS_USAGE;
    }
    o->sides[o->count++] = xasprintf("%s:%s", kind, what);   /* stays to the end, like an argument */
    return STATUS_OK;
}

/* "4.20" as a number to sort by. */
static unsigned version(const struct release *r)
{
    unsigned major = 0, minor = 0, patch = 0;
    const char *xen = r->results.environment.xen;

    if ( xen )
        sscanf(xen, "%u.%u.%u", &major, &minor, &patch);
    return major << 20 | minor << 10 | patch;
}

/* By version; of one version, as they were named. */
static void sort(struct release *list, size_t count)
{
    for ( size_t i = 1; i < count; i++ )
        for ( size_t k = i; k && version(&list[k]) < version(&list[k - 1]); k-- )
        {
            struct release other = list[k];

            list[k] = list[k - 1];
            list[k - 1] = other;
        }
}

/* False: it is not to be had. */
static int measure(const struct history_options *o, const char *factor, struct release *r, bool *there)
{
    const char *what = strchr(factor, ':') + 1, *base = strrchr(what, '/');
    const struct environment *e = &r->results.environment;
    int status = side_parse(&o->run, factor, &r->side);

    *there = false;
    if ( status != STATUS_OK )
        return status;
    status = side_prepare(&r->side);
    if ( status == STATUS_ENVIRONMENT || status == STATUS_DEADLINE )
    {
        message("without %s: its lab is not to be had", factor);
        return STATUS_OK;
    }
    if ( status == STATUS_OK )
        status = side_measure(&o->run, &r->side, &r->results);
    *there = status == STATUS_OK;
    if ( *there )
        r->name = xasprintf("%s (%s)", e->xen ? e->xen : "?", base && base[1] ? base + 1 : what);
    return status;
}

static void release_free(struct release *r)
{
    side_free(&r->side);
    results_free(&r->results);
    free(r->name);
}

/* What changed most from one Xen to the next, and the functions. */
static int explain(const struct history_options *o, struct release *before, struct release *after)
{
    struct side sides[2] = { before->side, after->side };
    struct gate g = { .count = 0 };
    char *error = NULL;
    int status = STATUS_OK;

    if ( !comparison_make(&before->results, &after->results, &(struct allowance){ .percent = 1 },
                          &g.comparison, &error) )
    {
        message("%s and %s: %s", before->name, after->name, error);
        free(error);
        return STATUS_FAILED;
    }
    printf("\nFrom %s to %s: %zu of %zu figures moved by more than 1 %%, most of all:\n", before->name,
           after->name, g.comparison.beyond, g.comparison.count);
    fflush(stdout);
    status = gate_trace(sides, true, o->traces, &g);
    if ( status == STATUS_OK )
        gate_print_cells(stdout, &g, o->traces);
    gate_free(&g);   /* the results are the releases' own */
    return status;
}

static int draw(const char *path, const struct results *all, const char *const *names, size_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = notes_begin(&text, &size);
    int status;

    history_picture(out, all, names, count);
    fclose(out);
    status = output_write(path, text);
    free(text);
    return status;
}

static int show(const struct history_options *o, struct release *list, size_t count)
{
    struct results all[HISTORY_MOST];
    const char *names[HISTORY_MOST];
    int status = STATUS_OK;

    for ( size_t i = 0; i < count; i++ )
    {
        char *path = o->output ? factor_output(o->output, list[i].name) : NULL;

        all[i] = list[i].results;
        names[i] = list[i].name;
        if ( path && status == STATUS_OK )
            status = results_write(path, &list[i].results);
        free(path);
    }
    if ( status == STATUS_OK )
        beside_print(stdout, all, names, count);
    if ( status == STATUS_OK && o->svg )
        status = draw(o->svg, all, names, count);
    cancel_begin();
    for ( size_t i = 1; i < count && status == STATUS_OK && o->traces; i++ )
        status = explain(o, &list[i - 1], &list[i]);
    cancel_end();
    return status;
}

int history_run(struct history_options *o)
{
    struct release list[HISTORY_MOST] = { 0 };
    size_t count = 0;
    int status = suite_choose(&o->run.suite);

    if ( !o->count )
        for ( size_t i = 0; i < sizeof(debian) / sizeof(debian[0]); i++ )
            history_add(o, "suite", debian[i]);
    for ( size_t i = 0; i < o->count && status == STATUS_OK; i++ )
    {
        bool there;

        status = measure(o, o->sides[i], &list[count], &there);
        if ( there )
            count++;
        else
        {
            release_free(&list[count]);
            list[count] = (struct release){ .name = NULL };
        }
    }
    if ( status == STATUS_OK && count < 2 )
    {
        message("a history takes two Xens, and there %s", count ? "is one" : "is none");
        status = STATUS_ENVIRONMENT;
    }
    if ( status == STATUS_OK )
    {
        sort(list, count);
        status = show(o, list, count);
    }
    for ( size_t i = 0; i < HISTORY_MOST; i++ )
        release_free(&list[i]);
    return status;
}
