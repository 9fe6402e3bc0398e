/*
 * The CPUs a lab can have, by the names that users give them (lab.h).
 */
#include <stdlib.h>
#include <string.h>

#include "machines/bochs/models.h"
#include "machines/emulator.h"
#include "machines/lab.h"
#include "xenometer.h"

static const struct {
    const char *name, *model;
} cpus[] = {
    { "amd",       NULL },
    { "intel",     BOCHS_INTEL },
    { "amd-bochs", BOCHS_AMD },
};
#define CPUS (sizeof(cpus) / sizeof(cpus[0]))

static bool among(const char *list, const char *word)
{
    char *spaced = xasprintf(" %s ", word), *whole = xasprintf("%s ", list);
    bool found = strstr(whole, spaced) != NULL;

    free(whole);
    free(spaced);
    return found;
}

static int check_model(const char *model)
{
    const char *why = bochs_no_xen(model);
    char *list;
    int status = emulator_bochs.require(&(struct lab_options){ .cpu = model });

    if ( status != STATUS_OK )
        return status;
    list = bochs_models();
    if ( list == NULL )
        return STATUS_ENVIRONMENT;
    if ( !among(list, model) )
    {
        message("--cpu=%s: must be amd, intel, amd-bochs, or a model of Bochs:%s", model, list);
        status = STATUS_USAGE;
    }
    else if ( why )
    {
        message("--cpu=%s: it %s", model, why);
        status = STATUS_USAGE;
    }
    free(list);
    return status;
}

int lab_cpu_choose(const char *text, const char **cpu)
{
    for ( size_t i = 0; i < CPUS; i++ )
        if ( !strcmp(text, cpus[i].name) )
        {
            *cpu = cpus[i].model;
            return STATUS_OK;
        }
    *cpu = text;
    return check_model(text);
}

const char *lab_cpu_no_hvm(const char *cpu)
{
    return cpu ? bochs_no_hvm(cpu) : NULL;
}

bool lab_cpu_smp(const char *cpu)
{
    return emulator_of(&(struct lab_options){ .cpu = cpu })->two_cpus;
}
