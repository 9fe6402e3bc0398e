#include "bench/preset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/trace.h"
#include "catalogue/select.h"
#include "report/isca16.h"
#include "xenometer.h"

#define MOST_ROWS 16u

struct preset {
    const char *name;
    const char *modes, *cpus;    /* as --modes and --cpu have them */
    const char *rows[MOST_ROWS];
};

static const struct preset presets[] = {
    { "isca16", "pv,pvh,kvm,arm64,kvmarm64", "amd,arm64,arm64-vhe",
      { ISCA16_ROWS, ISCA16_IO } },
};

int preset_choose(const char *name, const struct preset **preset)
{
    for ( size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++ )
        if ( !strcmp(presets[i].name, name) )
        {
            *preset = &presets[i];
            return STATUS_OK;
        }
    message("--preset=%s: there is isca16, the seven microbenchmarks of Dall and others", name);
    return STATUS_USAGE;
}

int preset_apply(struct run_options *o)
{
    const struct preset *p = o->preset;
    int status = STATUS_OK;

    static char cpus[32];        /* is cut up */

    if ( o->pattern_count || o->json || o->wide || o->save || o->layers || o->plan || o->cell ||
         o->factors.count || variant_is_own(&o->variant) || o->clock != LAB_EXACT ||
         (strcmp(o->host, "auto") && strcmp(o->host, "lab")) )
    {
        message("--preset=%s has its rows and its table, in the exact lab as it is: leave out rows, --json, --wide, "
                "--save, --layers, --plan, --factor, --xen, --clock and --host", p->name);
        return STATUS_USAGE;
    }
    o->host = "lab";
    o->patterns = (char **)p->rows;
    while ( o->pattern_count < MOST_ROWS && p->rows[o->pattern_count] )
        o->pattern_count++;
    if ( !columns_any(&o->columns) )
        status = parse_modes(p->modes, &o->columns);
    if ( !o->cpu )
        o->cpu = strcpy(cpus, p->cpus);
    return status;
}

/* The ways to dom0 and back of each column that has both, one trace each. */
static int find_ways(const struct run_options *o, const struct results *all, const char *const *models,
                     size_t count, struct isca16_ways *ways, size_t *way_count)
{
    int status = STATUS_OK;

    for ( size_t i = 0; i < count; i++ )
        for ( size_t k = 0; status == STATUS_OK && k < all[i].count && *way_count < ISCA16_MOST; k++ )
        {
            const struct result *r = &all[i].rows[k];
            const struct lab_options lab = { .clock = LAB_EXACT, .suite = o->suite, .cpu = models[i],
                                             .without = o->without };
            struct trace_ways found;

            if ( strcmp(r->row, ISCA16_IO) || r->outcome != OUTCOME_SUCCESS || !lab_cpu_traces(models[i]) )
                continue;
            message("%s: %s taken apart", r->column->name, ISCA16_IO);
            status = trace_ways(&lab, ISCA16_IO, r->column, &found);
            if ( status == STATUS_OK )
                ways[(*way_count)++] = (struct isca16_ways){ &all[i], r->column, found.out, found.in };
        }
    return status;
}

int preset_show(const struct run_options *o, const struct results *all, const char *const *names,
                const char *const *models, size_t count)
{
    struct isca16_ways ways[ISCA16_MOST];
    size_t way_count = 0;
    int status = find_ways(o, all, models, count, ways, &way_count);

    if ( status == STATUS_OK )
        isca16_print(stdout, all, names, count, ways, way_count);
    return status;
}
