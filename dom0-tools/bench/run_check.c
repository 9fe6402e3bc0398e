#include <stdlib.h>
#include <string.h>

#include "backend/row_network.h"
#include "bench/run_parts.h"
#include "xenometer.h"

/* Do all columns asked for need VMX or SVM? */
static bool nothing_without_hvm(const struct column_set *columns)
{
    FOR_EACH_COLUMN(c)
        if ( columns_have(columns, c) && !column_is(c, "hardware") )
            return false;
    return columns_any(columns);
}

/* What the CPU's emulator cannot do is said before anything starts.  An enum status. */
static int check_cpu(const struct run_options *o, const char *cpu, bool lab)
{
    const char *why = lab_cpu_no_hvm(cpu);

    if ( !cpu && lab )
        return STATUS_OK;
    if ( !lab )
        message("--cpu is for the lab, and this run uses this machine's own CPU: %s --host=lab",
                !strcmp(o->host, "this") ? "in the place of --host=this," : "add");
    else if ( o->clock != LAB_EXACT && lab_cpu_slow(cpu) )
        message("--clock=%s: Bochs only counts instructions: --clock=exact", run_clock_name(o->clock));
    else if ( o->without && !lab_cpu_adds_features(cpu) )
        message("--without is for QEMU's AMD CPU; of Bochs's choose another model with --cpu");
    else if ( o->layers && !lab_cpu_traces(cpu) )
        message("--layers needs QEMU's plugins: --cpu=amd or --cpu=arm64");
    else if ( why && nothing_without_hvm(&o->columns) )
        message("--cpu=%s %s: only --modes=pv,dom0 can run there", cpu, why);
    else
        return STATUS_OK;
    return STATUS_USAGE;
}

/* What is this machine's makes no sense in the lab.  An enum status; said why. */
static int check_xen_options(const struct run_options *o, bool lab)
{
    char *missing = NULL;
    int status = STATUS_OK;

    if ( !lab && o->cold )
    {
        message("--cold is for the lab, and this run uses this machine's own system: %s --host=lab",
                !strcmp(o->host, "this") ? "in the place of --host=this," : "add");
        return STATUS_USAGE;
    }
    if ( lab && (o->bridge || o->kernel) )
    {
        message("--%s is for a Xen host: the lab's dom0 has %s of its own",
                o->bridge ? "bridge" : "kernel", o->bridge ? "a bridge" : "one");
        return STATUS_USAGE;
    }
    if ( o->bridge )
        missing = row_network_bridge_missing(o->bridge);
    if ( missing )
    {
        message("%s", missing);
        status = STATUS_ENVIRONMENT;
    }
    free(missing);
    return status;
}

int run_check(const struct run_options *o, const struct run_cpus *cpus, bool lab)
{
    int status = STATUS_OK;

    for ( size_t i = 0; status == STATUS_OK && i < cpus->count; i++ )
        status = check_cpu(o, cpus->models[i], lab);
    if ( status == STATUS_OK && cpus->count > 1 && (o->json || o->wide || o->save) )
    {
        message("--%s is for the figures of one CPU: name one, or write them with --output",
                o->json ? "json" : o->wide ? "wide" : "save");
        status = STATUS_USAGE;
    }
    if ( status == STATUS_OK && o->layers && (!lab || o->clock != LAB_EXACT) )
    {
        message("--layers needs the lab's exact clock, which counts instructions: --host=lab%s",
                lab ? " --clock=exact" : "");
        status = STATUS_USAGE;
    }
    if ( status == STATUS_OK && variant_is_own(&o->variant) && !lab )
    {
        message("--%s is for the lab, and this run uses this machine's Xen: add --host=lab",
                o->variant.xen ? "xen" : o->variant.dom0_kernel ? "dom0-kernel"
                : o->variant.xen_options ? "xen-options" : "dom0-options");
        status = STATUS_USAGE;
    }
    return status ? status : check_xen_options(o, lab);
}
