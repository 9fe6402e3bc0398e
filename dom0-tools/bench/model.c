#include "bench/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/self.h"
#include "lib/cancel.h"
#include "lib/files.h"
#include "lib/words.h"
#include "report/json.h"
#include "report/rates.h"
#include "xenometer.h"

static int take_rates(const struct model_options *o, struct model_workload *w)
{
    size_t size;
    char *text, *what;
    int status;

    if ( !o->from )
        return STATUS_OK;
    text = read_whole_file(o->from, &size);
    if ( !text )
    {
        message("%s: %s", o->from, strerror(errno));
        return STATUS_USAGE;
    }
    /* First whether it is one of the files: of another, seconds would be no help. */
    status = rates_read(text, size, o->from, o->seconds == 0 ? 1 : o->seconds, w->rate, &what);
    if ( status == STATUS_OK && o->seconds == 0 )
    {
        message("%s counts, and does not say for how long: --seconds=N", o->from);
        status = STATUS_USAGE;
    }
    else if ( status == STATUS_OK )
        progress("%s: %s", o->from, what);
    free(what);
    free(text);
    return status;
}

static void add_row(void *context, const char *name)
{
    words_add(context, name);
}

static int measure(const struct model_workload *w, struct results *results)
{
    struct words words = { .count = 0 };
    char *text = NULL;
    size_t size;
    int status;

    words_add(&words, "run");
    words_add(&words, "--json");
    words_add(&words, "--boots=1");
    words_add(&words, "--modes=pv,pvh,hvm,bare,kvm");
    model_rows(w, add_row, &words);
    cancel_begin();
    status = self_run(words_argv(&words), &text, &size);
    if ( status == STATUS_OK )
        status = results_from_json(text, size, "the run's answer", results);
    cancel_end();
    free(text);
    words_free(&words);
    return status;
}

/* The unit of what was given must be that of the figures. */
static int check_unit(const struct model_options *o, const struct results *results)
{
    if ( !o->unit || !strcmp(o->unit, results->environment.clock) )
        return STATUS_OK;
    message("these figures are %s, and --%s says nothing about them: give --%s, or figures of the other clock",
            results->environment.clock, o->unit, results->environment.clock);
    return STATUS_USAGE;
}

static void print(const struct model_options *o, const struct model *model)
{
    json_t *document = o->json ? model_json(model) : NULL;

    if ( o->json )
    {
        json_dumpf(document, stdout, JSON_INDENT(1));
        putchar('\n');
        json_decref(document);
    }
    else
        model_print(stdout, model);
}

int model_run(const struct model_options *o)
{
    struct model_workload w = o->workload;
    struct results results = { .count = 0 };
    struct model model;
    bool any = false;
    int status = take_rates(o, &w);

    for ( enum model_kind k = 0; k < MODEL_KINDS; k++ )
        any |= w.rate[k] > 0;
    if ( status == STATUS_OK && !any )
    {
        message("a workload that never crosses: give --exits, --hypercalls, --timer-hz, --requests or --from");
        return STATUS_USAGE;
    }
    if ( status == STATUS_OK )
        status = o->results ? results_read(o->results, &results) : measure(&w, &results);
    if ( status == STATUS_OK )
        status = check_unit(o, &results);
    if ( status == STATUS_OK )
    {
        model_make(&w, &results, &model);
        print(o, &model);
        status = model.best ? STATUS_OK : STATUS_FAILED;
        model_free(&model);
    }
    results_free(&results);
    return status;
}
