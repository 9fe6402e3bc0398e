/*
 * The CPUs a lab can have, by the names that users give them (lab.h).
 */
#include <string.h>

#include "machines/emulator.h"
#include "machines/lab.h"
#include "xenometer.h"

static const struct emulator *emulator_of_cpu(const char *cpu)
{
    return emulator_of(&(struct lab_options){ .cpu = cpu });
}

int lab_cpu_choose(const char *text, const char **cpu)
{
    const struct emulator *e, *other = NULL;

    for ( e = emulator_next(NULL); e; e = emulator_next(e) )
    {
        for ( const struct emulator_cpu *c = e->cpus; c->name; c++ )
            if ( !strcmp(text, c->name) )
            {
                *cpu = c->cpu;
                return STATUS_OK;
            }
        if ( e->has_cpu(text) && e->check_cpu )
            other = e;
    }
    *cpu = text;
    return other->check_cpu(text);
}

const char *lab_cpu_no_hvm(const char *cpu)
{
    const struct emulator *e = emulator_of_cpu(cpu);

    return e->no_hvm ? e->no_hvm(cpu) : NULL;
}

bool lab_cpu_smp(const char *cpu)
{
    return emulator_of_cpu(cpu)->two_cpus;
}

const char *lab_cpu_emulator(const char *cpu)
{
    return emulator_of_cpu(cpu)->name;
}

bool lab_cpu_slow(const char *cpu)
{
    return emulator_of_cpu(cpu)->slow;
}

const char *lab_cpu_traces(const char *cpu)
{
    return emulator_of_cpu(cpu)->traces;
}

bool lab_cpu_adds_features(const char *cpu)
{
    return emulator_of_cpu(cpu)->adds_features;
}

const char *lab_cpu_architecture(const char *cpu)
{
    return emulator_of_cpu(cpu)->architecture->name;
}

char *lab_cpu_file(const char *cpu, const char *name, const char **how)
{
    const struct architecture *a = emulator_of_cpu(cpu)->architecture;

    *how = !*a->folder ? "make" : a == &architecture_arm64 ? "make arm64" : "make ARCH=x86 all";
    return architecture_file(a, name);
}

int lab_cpu_image(const char *text, char **path)
{
    const char *cpu, *how;
    int status = lab_cpu_choose(text, &cpu);

    if ( status != STATUS_OK )
        return status;
    *path = lab_cpu_file(cpu, "xenometer.elf", &how);
    if ( !*path )
        message("the unikernel for --cpu=%s is not beside this program; build it with `%s`", text, how);
    return *path ? STATUS_OK : STATUS_ENVIRONMENT;
}
