#include <stdlib.h>
#include <string.h>

#include "bench/preset.h"
#include "bench/run_parts.h"
#include "lib/stage.h"
#include "report/across.h"
#include "report/beside.h"
#include "report/json.h"
#include "xenometer.h"

int run_choose_cpus(char *text, struct run_cpus *cpus)
{
    char *name;
    int status = STATUS_OK;

    while ( status == STATUS_OK && (name = strsep(&text, ",")) != NULL )
    {
        if ( cpus->count == RUN_MAX_CPUS )
        {
            message("--cpu: %u CPUs at most", RUN_MAX_CPUS);
            return STATUS_USAGE;
        }
        for ( size_t i = 0; i < cpus->count; i++ )
            if ( !strcmp(cpus->names[i], name) )
            {
                message("--cpu: %s is named twice", name);
                return STATUS_USAGE;
            }
        cpus->names[cpus->count] = name;
        status = lab_cpu_choose(name, &cpus->models[cpus->count++]);
    }
    return status;
}

/* "out.json" for one of several CPUs: "out-intel.json"; the caller's. */
static char *output_for(const char *output, const char *cpu)
{
    const char *dot = strrchr(output, '.'), *slash = strrchr(output, '/');

    if ( dot == NULL || (slash && dot < slash) )
        dot = output + strlen(output);
    return xasprintf("%.*s-%s%s", (int)(dot - output), output, cpu, dot);
}

/* What one of several CPUs runs: images are built by architecture, each with rows of its own. */
struct side {
    char *elf, *configs;
    struct image *image;
    struct selection selection;  /* no rows: none of what was asked for is in that image */
};

static void sides_free(struct side *sides, size_t count)
{
    for ( size_t i = 0; i < count; i++ )
    {
        selection_free(&sides[i].selection);
        image_free(sides[i].image);
        free(sides[i].elf);
        free(sides[i].configs);
    }
    free(sides);
}

static bool matches(const struct image *image, const char *pattern)
{
    for ( size_t i = 0; i < image->count; i++ )
        if ( row_matches(pattern, image->rows[i].name) )
            return true;
    return false;
}

/* Of the patterns those that this image has rows for; what none of the images has is refused as it is for
 * one CPU, by the first. */
static int select_side(const struct run_options *o, struct side *sides, size_t count, size_t number)
{
    char **patterns = xcalloc(o->pattern_count + 1, sizeof(*patterns));
    size_t kept = 0;
    int status = STATUS_OK;

    for ( size_t k = 0; k < o->pattern_count; k++ )
    {
        bool here = matches(sides[number].image, o->patterns[k]), elsewhere = false;

        for ( size_t i = 0; i < count; i++ )
            elsewhere = elsewhere || matches(sides[i].image, o->patterns[k]);
        if ( here || !elsewhere )
            patterns[kept++] = o->patterns[k];
    }
    if ( kept || !o->pattern_count )
        status = select_rows(sides[number].image, patterns, kept,
                             columns_any(&o->columns) ? &o->columns : NULL, true,
                             &sides[number].selection);
    free(patterns);
    return status;
}

static int load_sides(const struct run_options *o, const struct run_cpus *cpus, struct side *sides)
{
    int status = STATUS_OK;

    for ( size_t i = 0; status == STATUS_OK && i < cpus->count; i++ )
    {
        struct run_options one = *o;

        one.cpu = (char *)cpus->models[i];
        if ( o->image && strcmp(lab_cpu_architecture(cpus->models[i]), lab_cpu_architecture(cpus->models[0])) )
        {
            message("--image is of one architecture, and %s and %s are of two: leave it out, or name one CPU",
                    cpus->names[0], cpus->names[i]);
            return STATUS_USAGE;
        }
        status = run_load_image(&one, &sides[i].elf, &sides[i].configs, &sides[i].image);
    }
    for ( size_t i = 0; status == STATUS_OK && i < cpus->count; i++ )
        status = select_side(o, sides, cpus->count, i);
    return status;
}

/* One of them, in a lab of its own. */
static int run_side(const struct run_options *o, const struct run_cpus *cpus, size_t number,
                    const struct session_options *session, const struct side *side, struct results *results)
{
    struct run_options one = *o;
    struct session_options own = *session;
    char *output = o->output ? output_for(o->output, cpus->names[number]) : NULL;
    int status;

    own.image = side->image;
    own.elf = side->elf;
    own.config_dir = side->configs;
    one.columns = side->selection.columns;
    one.cpu = (char *)cpus->models[number];
    if ( !o->deadline )
        one.deadline = run_deadline(one.cpu);
    if ( !o->boots )
        one.boots = own.boots = run_boots(one.cpu);
    if ( !o->row_deadline )
        one.row_deadline = own.row_deadline = run_row_deadline(one.cpu, true);
    own.until = now_ms() + 1000ull * one.deadline;
    message("%s: %s", cpus->names[number], one.cpu ? one.cpu : "in QEMU");
    status = run_lab(&one, &own, &side->selection, results);
    run_finish(&one, side->image, results);
    if ( status == STATUS_OK && output )
        status = results_write(output, results);
    free(output);
    return status;
}

static int show(const struct run_options *o, const struct results *all, const char *const *names,
                const char *const *models, size_t count)
{
    if ( o->preset )
        return preset_show(o, all, names, models, count);
    if ( across_is(all, count) )
        across_print(stdout, all, names, count);
    else if ( count )
        beside_print(stdout, all, names, count);
    return STATUS_OK;
}

/* One after another. */
int run_on_cpus(const struct run_options *o, const struct run_cpus *cpus,
                const struct session_options *session)
{
    struct side *sides = xcalloc(cpus->count, sizeof(*sides));
    struct results all[RUN_MAX_CPUS] = { 0 };
    const char *names[RUN_MAX_CPUS], *models[RUN_MAX_CPUS];
    int status = load_sides(o, cpus, sides), worst = STATUS_OK;
    size_t count = 0;

    for ( size_t i = 0; status == STATUS_OK && i < cpus->count; i++ )
    {
        if ( !sides[i].selection.count )
        {
            message("%s: its image has none of these rows", cpus->names[i]);
            continue;
        }
        names[count] = cpus->names[i];
        models[count] = cpus->models[i];
        status = run_side(o, cpus, i, session, &sides[i], &all[count]);
        if ( status == STATUS_OK && run_exit_status(&all[count]) )
            worst = run_exit_status(&all[count]);
        count++;
    }
    if ( status == STATUS_OK )
        status = show(o, all, names, models, count);
    for ( size_t i = 0; i < RUN_MAX_CPUS; i++ )
        results_free(&all[i]);
    sides_free(sides, cpus->count);
    return status ? status : worst;
}
