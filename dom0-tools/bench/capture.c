#include "bench/capture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/batch.h"
#include "bench/run.h"
#include "catalogue/modes.h"
#include "guests/domain.h"
#include "lib/child.h"
#include "report/json.h"
#include "trace/markers.h"
#include "trace/region.h"
#include "xenometer.h"

#define FEW_SAMPLES 101u   /* enough for a median that is the row's */

/* One run with the plugin: what the row took, and the plugin's record. */
struct run {
    struct results results;
    struct record record;
};

static void run_free(struct run *run)
{
    results_free(&run->results);
    record_free(&run->record);
}

/* ------------------------------------------------------------------ runs -- */

/* The same job as `xenometer run` has: this program in the lab's dom0. */
static int run_domain(const struct capture_options *o, const struct lab_options *lab,
                      uint32_t samples, struct results *results)
{
    char *config = xasprintf("%s/%s.cfg", o->config_dir, o->column->name);
    char *config_name = xasprintf("%s.cfg", o->column->name);
    char *mode = xasprintf("--modes=%s", o->column->name);
    char *count = xasprintf("--samples=%u", samples), *program, *flat = domain_image(o->elf);
    int status = lab_program(lab, &program);
    const char *argv[] = { "./xenometer", "run", "--host=xen", "--image=xenometer.elf",
                           "--configs=.", "--json", "--raw", "--row-deadline=" TEXT_OF(RUN_ROW_DEADLINE_EXACT),
                           "--boots=1", mode, count,
                           o->row->name, NULL };
    const struct lab_file push[] = {
        { .host_path = program, .name = "xenometer" },
        { .host_path = o->elf, .name = "xenometer.elf" },
        { .host_path = config, .name = config_name },
        { .host_path = flat, .name = "xenometer.image" },   /* of ARM64, the last */
    };
    size_t push_count = sizeof(push) / sizeof(push[0]) - (access(flat, R_OK) != 0);
    int inner = 0, out = memory_file("results", 0);
    int err = verbose ? STDERR_FILENO : memory_file("errors", 0);
    char *text;
    size_t length;

    if ( out < 0 || err < 0 )
        status = STATUS_ENVIRONMENT;
    if ( status == STATUS_OK )
        status = lab_run(lab, &(struct lab_job){
            .argv = argv, .push = push, .push_count = push_count,
            .stdout_fd = out, .stderr_fd = err, .deadline_seconds = o->deadline }, &inner);
    if ( status == STATUS_OK && inner > STATUS_FAILED )
    {
        text = verbose ? xstrdup("") : memory_file_text(err, NULL);
        fputs(text, stderr);
        free(text);
        status = inner;
    }
    if ( status == STATUS_OK )
    {
        text = memory_file_text(out, &length);
        status = results_from_json(text, length, "the lab's answer", results)
            ? STATUS_ENVIRONMENT : STATUS_OK;
        free(text);
    }
    if ( out >= 0 )
        close(out);
    if ( err >= 0 && err != STDERR_FILENO )
        close(err);
    free(program);
    free(config);
    free(config_name);
    free(flat);
    free(mode);
    free(count);
    return status;
}

static int run_beside(const struct capture_options *o, const struct lab_options *lab,
                      uint32_t samples, struct results *results)
{
    const struct session_options session = {
        .image = o->image, .elf = o->elf, .samples = samples, .boots = 1, .keep_raw = true,
        .domain_deadline = o->deadline,
    };
    const struct image_row *row = o->row;
    const struct selection selection = { .rows = &row, .count = 1,
                                         .columns = columns_only(o->column) };

    return batch_run(o->column, lab, &session, &selection, results);
}

/* The row's result, when the row succeeded. */
static const struct result *succeeded(const struct capture_options *o,
                                      const struct results *results, int *status)
{
    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];

        if ( strcmp(r->row, o->row->name) || r->column != o->column )
            continue;
        if ( r->outcome == OUTCOME_SUCCESS && r->raw_count )
            return r;
        message("%s in %s: %s: %s", r->row, r->column->name, outcome_name(r->outcome),
                r->reason ? r->reason : "no samples");
        *status = r->outcome == OUTCOME_SKIP ? STATUS_USAGE : STATUS_FAILED;
        return NULL;
    }
    message("%s in %s: no result", o->row->name, o->column->name);
    *status = STATUS_FAILED;
    return NULL;
}

static int run(const struct capture_options *o, int library, uint32_t samples, uint64_t first,
               uint64_t last, struct run *run)
{
    struct lab_plugin plugin = { .library = library, .record = memory_file("record", 0) };
    struct lab_options lab = *o->lab;
    char *error;
    int status;

    *run = (struct run){ 0 };
    if ( plugin.record < 0 )
        return STATUS_ENVIRONMENT;
    lab.plugin = &plugin;
    status = markers_ask(o->elf, first, last, plugin.record);
    if ( status == STATUS_OK )
        status = o->column->home == HOME_BESIDE ? run_beside(o, &lab, samples, &run->results)
                                                : run_domain(o, &lab, samples, &run->results);
    if ( status == STATUS_OK && succeeded(o, &run->results, &status) )
    {
        error = record_read(plugin.record, &run->record);
        if ( error )
        {
            message("no trace: %s", error);
            status = STATUS_ENVIRONMENT;
        }
        free(error);
    }
    close(plugin.record);
    if ( status != STATUS_OK )
        run_free(run);
    return status;
}

/* -------------------------------------------------- which sample is where -- */

static uint32_t choose(const struct capture_options *o, const uint64_t *raw, uint32_t count)
{
    uint32_t chosen = 0;

    if ( o->choice == SAMPLE_NUMBER )
        return o->number;
    if ( o->choice == SAMPLE_MEDIAN )
        return (uint32_t)region_median(raw, count);
    for ( uint32_t i = 1; i < count; i++ )
        if ( o->choice == SAMPLE_MIN ? raw[i] < raw[chosen] : raw[i] > raw[chosen] )
            chosen = i;
    return chosen;
}

/* ---------------------------------------------------------------- the two -- */

static void take_environment(struct environment *to, struct environment *from)
{
    *to = *from;
    *from = (struct environment){ 0 };
}

static int take(const struct capture_options *o, int library, struct capture *c)
{
    uint32_t samples = o->samples ? o->samples : o->row->samples;
    const struct record_event *begin, *end;
    const struct result *r, *again;
    struct run one, two;
    size_t first = 0, last = 0;
    uint64_t ticks = 0;
    int status;

    if ( !o->samples && samples > FEW_SAMPLES )
        samples = FEW_SAMPLES;
    status = run(o, library, samples, RECORD_NO_EVENT, RECORD_NO_EVENT, &one);
    if ( status != STATUS_OK )
        return status;
    r = succeeded(o, &one.results, &status);
    c->samples = (uint32_t)r->raw_count;
    c->sample = choose(o, r->raw, c->samples);
    if ( c->sample >= c->samples )
    {
        message("--sample=%u: there are %u samples, from 0", c->sample, c->samples);
        status = STATUS_USAGE;
    }
    else if ( (c->region = region_find_any(&one.record, r->raw, r->raw_count, o->row->warmup,
                                           r->overhead, c->sample, &first, &last)) == REGION_NONE ||
              one.record.events[first].trapped )
    {
        message("%s in %s: its samples are not the ticks of one timed region each%s",
                r->row, o->column->name,
                c->region ? ": its readings of the TSC trap themselves" : "");
        status = STATUS_FAILED;
    }
    else
        ticks = event_ticks(&one.record.events[last]) - event_ticks(&one.record.events[first]);
    if ( status == STATUS_OK )
        status = run(o, library, samples, first, last, &two);
    if ( status == STATUS_OK )
    {
        again = succeeded(o, &two.results, &status);
        c->ticks = ticks;
        c->raw = r->raw[c->sample];
        c->overhead = r->overhead;
        if ( last >= two.record.event_count || again->raw_count != r->raw_count ||
             again->raw[c->sample] != c->raw ||
             event_ticks(&two.record.events[last]) - event_ticks(&two.record.events[first]) != c->ticks )
        {
            message("%s in %s: two runs from one snapshot differ", r->row, o->column->name);
            status = STATUS_FAILED;
        }
        else
        {
            begin = &two.record.events[first];
            end = &two.record.events[last];
            for ( int i = 0; i < LAYERS; i++ )
                c->count[i] = end->count[i] - begin->count[i];
            c->record = two.record;
            two.record = (struct record){ 0 };
            take_environment(&c->environment, &two.results.environment);
        }
        run_free(&two);
    }
    run_free(&one);
    return status;
}

int capture_library(void)
{
    char *path = data_file("trace-plugin.so");
    int library = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if ( library < 0 )
        message("trace-plugin.so not found beside the program: run `make`");
    free(path);
    return library;
}

int capture_take(const struct capture_options *o, struct capture *c)
{
    int library = capture_library(), status = STATUS_ENVIRONMENT;

    *c = (struct capture){ 0 };
    if ( library >= 0 )
    {
        status = take(o, library, c);
        close(library);
    }
    return status;
}
