#include "bench/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/preset.h"
#include "bench/run_parts.h"
#include "catalogue/catalogue.h"
#include "lib/lab_clock.h"
#include "lib/stage.h"
#include "measure/environment.h"
#include "report/json.h"
#include "report/layers.h"
#include "report/output.h"
#include "report/store.h"
#include "report/table.h"
#include "xenometer.h"

/* Announce the choice of host: the first line of every run. */
static void announce(const struct run_options *o, const char *text)
{
    if ( o->json )
    {
        /* The lab's own answer to run_in_dom0(): that one has announced it. */
        if ( !getenv(LAB_VARIABLE) )
            message("%s", text);
    }
    else
    {
        printf("%s\n", text);
        fflush(stdout);
    }
}

static const char *clock_text(enum lab_clock clock)
{
    switch ( clock )
    {
    case LAB_EXACT: return "counting executed instructions exactly";
    case LAB_FAST:  return "multi-threaded, for function, not for figures";
    case LAB_KVM:   return "nested KVM, cycles";
    }
    return "";
}

/* Nothing of it is Xen's: all guests are programs of a Linux without Xen. */
static bool is_linux(const struct column_set *columns)
{
    FOR_EACH_COLUMN(c)
        if ( columns_have(columns, c) && !c->alone )
            return false;
    return columns_any(columns);
}

static char *choose_host(const struct run_options *o, bool *lab)
{
    char *why_not;
    bool xen = environment_is_xen(&why_not);
    char *text;

    *lab = !strcmp(o->host, "lab") || (!strcmp(o->host, "auto") && !xen);
    if ( !strcmp(o->host, "this") )
        text = xstrdup("Host: this machine's Linux, by its own CPU's cycles (asked for with --host=this)");
    else if ( !*lab )
        text = xasprintf("Host: this machine's Xen (%s)",
                         xen ? "it is a Xen dom0" : "asked for with --host=xen");
    else
        text = xasprintf("Host: the lab, %s%s%s in %s%s%s%s, %s (%s)",
                         is_linux(&o->columns) ? "Linux without Xen" : "real Xen and dom0",
                         o->suite ? " from Debian's " : "", o->suite ? o->suite : "",
                         lab_cpu_emulator(o->cpu), o->cpu ? " (" : "", o->cpu ? o->cpu : "", o->cpu ? ")" : "",
                         clock_text(o->clock),
                         xen ? "asked for with --host=lab" : why_not);
    free(why_not);
    return text;
}

int run_exit_status(const struct results *results)
{
    return results_worst(results) >= OUTCOME_ERROR ? STATUS_FAILED : STATUS_OK;
}

/* Print and write what was measured; also after trouble, when there is some. */
static int hand_over(const struct run_options *o, const struct results *results)
{
    int status = STATUS_OK;

    if ( o->json )
    {
        char *text = results_to_json(results);

        fputs(text, stdout);
        free(text);
    }
    else
    {
        if ( o->wide )
            table_print_wide(stdout, results);
        else
            table_print(stdout, results);
        if ( o->layers )
            layers_print(stdout, results);
    }
    if ( o->output )
        status = results_write(o->output, results);
    if ( o->save && status == STATUS_OK )
        status = store_save(o->save, results);
    return status ? status : run_exit_status(results);
}

void run_finish(const struct run_options *o, const struct image *image,
                   struct results *results)
{
    free(results->environment.image);
    results->environment.image = *image->build_id ? xstrdup(image->build_id) : NULL;
    free(results->environment.architecture);
    results->environment.architecture = xstrdup(image->architecture);
    results->environment.boots = o->boots;
    results->environment.seed = o->seed;
    results_sort(results, image);
}

uint32_t run_deadline(const char *cpu)
{
    return lab_cpu_slow(cpu) ? RUN_DEADLINE_BOCHS : RUN_DEADLINE;
}

uint32_t run_boots(const char *cpu)
{
    return lab_cpu_slow(cpu) ? RUN_BOOTS_BOCHS : RUN_BOOTS;
}

uint32_t run_row_deadline(const char *cpu, bool exact_lab)
{
    return lab_cpu_slow(cpu) ? RUN_ROW_DEADLINE_BOCHS : exact_lab ? RUN_ROW_DEADLINE_EXACT : RUN_ROW_DEADLINE;
}

int run_load_image(const struct run_options *o, char **elf, char **configs, struct image **image)
{
    const char *how = "";
    char *error = NULL;

    *elf = o->image ? xstrdup(o->image) : lab_cpu_file(o->cpu, "xenometer.elf", &how);
    *configs = o->configs ? xstrdup(o->configs) : data_file("configs");
    if ( !*elf || !*configs )
    {
        message("%s not found beside the program: run `%s`", *elf ? "configs/" : "xenometer.elf",
                *elf ? "make" : how);
        return STATUS_ENVIRONMENT;
    }
    *image = catalogue_load(*elf, &error);
    if ( *image )
        return STATUS_OK;
    message("%s", error);
    free(error);
    return STATUS_USAGE;
}

/* What was not asked for; of several CPUs each has its own. */
static void set_defaults(struct run_options *o, bool several, bool lab)
{
    if ( !o->deadline && !several )
        o->deadline = run_deadline(o->cpu);
    if ( !o->row_deadline && !several )
        o->row_deadline = run_row_deadline(o->cpu, lab && o->clock == LAB_EXACT);
    if ( !o->boots && !several )
        o->boots = run_boots(o->cpu);
    if ( o->layers )
        o->boots = 1;   /* they are looked up by raw samples, of one boot */
}

/* Can every selected row of that column be had in one of these as well? */
static bool covered(const struct selection *s, const struct column *column, const struct column_set *by)
{
    for ( size_t i = 0; i < s->count; i++ )
    {
        struct column_set other = columns_common(&s->rows[i]->columns, by);

        if ( columns_have(&s->rows[i]->columns, column) && !columns_any(&other) )
            return false;
    }
    return true;
}

/*
 * Of columns that nobody asked for, those that only a lab has show on this machine's Xen that they
 * are not there, in each row: left out, but where a row would have no cell then.
 */
static void leave_out_lab_columns(struct selection *s)
{
    struct column_set kept = { { false } };

    FOR_EACH_COLUMN(c)
        if ( columns_have(&s->columns, c) && !(c->home == HOME_BESIDE && c->impossible(NULL)) )
            columns_add(&kept, c);
    FOR_EACH_COLUMN(c)
        if ( columns_have(&s->columns, c) && !columns_have(&kept, c) && !covered(s, c, &kept) )
            return;
    s->columns = kept;
}

int run_rows(struct run_options *o)
{
    struct run_cpus cpus = { .count = 0 };
    struct results results = { 0 };
    struct selection selection = { 0 };
    struct session_options session;
    struct image *image = NULL;
    char *elf = NULL, *configs = NULL, *host = NULL;
    bool lab, several, suite_given = o->suite && *o->suite, columns_given;
    int status = STATUS_OK;

    if ( o->preset && (status = preset_apply(o)) != STATUS_OK )
        return status;
    columns_given = columns_any(&o->columns);
    if ( o->cpu && (status = run_choose_cpus(o->cpu, &cpus)) != STATUS_OK )
        return status;
    /* QEMU's when there are several: what is asked for must be possible there, too. */
    several = cpus.count > 1 || o->preset;
    o->cpu = several ? NULL : (char *)cpus.models[0];
    if ( suite_choose(&o->suite) )
        return STATUS_USAGE;

    if ( !several )
    {
        status = run_load_image(o, &elf, &configs, &image);
        if ( status == STATUS_OK )
            status = select_rows(image, o->patterns, o->pattern_count,
                                 columns_any(&o->columns) ? &o->columns : NULL, true, &selection);
        if ( status != STATUS_OK )
            goto out;
        o->columns = selection.columns;
    }
    if ( o->output )
        status = output_writable(o->output);
    if ( status != STATUS_OK )
        goto out;

    host = choose_host(o, &lab);
    if ( suite_given && !lab )
    {
        message("--lab-suite=%s is for the lab, and this run uses this machine's Xen: add "
                "--host=lab", o->suite);
        status = STATUS_USAGE;
    }
    else
        status = run_check(o, &cpus, lab);
    if ( status != STATUS_OK )
        goto out;
    announce(o, host);

    if ( !lab && !columns_given && strcmp(o->host, "this") && !several )
    {
        leave_out_lab_columns(&selection);
        o->columns = selection.columns;
    }
    set_defaults(o, several, lab);
    session = (struct session_options){
        .image = image, .elf = elf, .config_dir = configs, .samples = o->samples,
        .boots = o->boots, .seed = o->seed, .bridge = o->bridge, .kernel = o->kernel,
        .keep_raw = o->raw || o->layers, .row_deadline = o->row_deadline,
        .domain_deadline = lab_clock_is_exact() ? RUN_DOMAIN_DEADLINE_EXACT : RUN_DOMAIN_DEADLINE,
        .until = o->deadline ? now_ms() + 1000ull * o->deadline : 0,
    };
    if ( several )
    {
        status = run_on_cpus(o, &cpus, &session);
        goto out;
    }
    status = lab ? run_lab(o, &session, &selection, &results)
                 : !strcmp(o->host, "this") ? run_this(&session, &selection, &results)
                 : run_here(&session, &selection, &results);
    run_finish(o, image, &results);
    if ( status == STATUS_OK )
        status = hand_over(o, &results);
    else if ( results.count )
        hand_over(o, &results);
out:
    results_free(&results);
    selection_free(&selection);
    image_free(image);
    free(host);
    free(elf);
    free(configs);
    return status;
}
