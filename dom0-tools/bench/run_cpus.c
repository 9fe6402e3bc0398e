#include <stdlib.h>
#include <string.h>

#include "bench/run_parts.h"
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
    for ( size_t i = 0; status == STATUS_OK && i < cpus->count; i++ )
        if ( lab_cpu_architecture(cpus->models[i]) != lab_cpu_architecture(cpus->models[0]) )
        {
            message("--cpu: %s and %s are of two architectures, each with an image of its own: run "
                    "one after the other with --output", cpus->names[0], cpus->names[i]);
            status = STATUS_USAGE;
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

/* One after another, each in a lab of its own. */
int run_on_cpus(const struct run_options *o, const struct run_cpus *cpus,
                const struct session_options *session, const struct selection *selection)
{
    struct results all[RUN_MAX_CPUS] = { 0 };
    int status = STATUS_OK, worst = STATUS_OK;

    for ( size_t i = 0; status == STATUS_OK && i < cpus->count; i++ )
    {
        struct run_options one = *o;
        struct session_options own = *session;
        char *output = o->output ? output_for(o->output, cpus->names[i]) : NULL;

        one.cpu = (char *)cpus->models[i];
        if ( !o->deadline )
            one.deadline = run_deadline(one.cpu);
        if ( !o->boots )
            one.boots = own.boots = run_boots(one.cpu);
        if ( !o->row_deadline )
            one.row_deadline = own.row_deadline = run_row_deadline(one.cpu, true);
        message("%s: %s", cpus->names[i], one.cpu ? one.cpu : "in QEMU");
        status = run_lab(&one, &own, selection, &all[i]);
        run_finish(&one, session->image, &all[i]);
        if ( status == STATUS_OK && output )
            status = results_write(output, &all[i]);
        if ( status == STATUS_OK && run_exit_status(&all[i]) )
            worst = run_exit_status(&all[i]);
        free(output);
    }
    if ( status == STATUS_OK )
        beside_print(stdout, all, cpus->names, cpus->count);
    for ( size_t i = 0; i < RUN_MAX_CPUS; i++ )
        results_free(&all[i]);
    return status ? status : worst;
}
