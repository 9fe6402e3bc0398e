/*
 * `xenometer run`: measure rows, print the comparison, write the results.
 *
 * On a Xen dom0 this process drives the domains itself.  Anywhere else it
 * starts the lab, pushes this same program into the lab's dom0, has it do the
 * same there, and fetches the results.
 *
 * Try: xenometer run hypercall/null --modes=pv,pvh
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cells.h"
#include "bench/factors.h"
#include "bench/preset.h"
#include "bench/run.h"
#include "catalogue/select.h"
#include "commands/lab_options.h"
#include "measure/plan.h"
#include "report/store.h"
#include "xenometer.h"

enum { OPTION_IMAGE = 256, OPTION_CONFIGS, OPTION_HOST, OPTION_CLOCK, OPTION_RAW,
       OPTION_ROW_DEADLINE, OPTION_SEED, OPTION_LAYERS, OPTION_SUITE, OPTION_BRIDGE, OPTION_KERNEL,
       OPTION_WITHOUT, OPTION_CPU, OPTION_SAVE, OPTION_FACTOR, OPTION_COLD, OPTION_LABS,
       OPTION_PLAN, OPTION_CELL, OPTION_SPLIT, OPTION_ON, OPTION_SOURCE, OPTION_PRESET };

static const struct argp_option options_table[] = {
    { "modes", 'm', "LIST", 0, "Modes to run: pv, pvh, hvm, bare, dom0, all of these (default all), or others that `xenometer list --columns` shows; rows that have only others run in these without being asked", 0 },
    { "samples", 'n', "N", 0, "Samples per row and boot (default: each row's own number)", 0 },
    { "boots", 'b', "N", 0, "Domains of each kind, one after another, their samples pooled (default " TEXT_OF(RUN_BOOTS) "; in Bochs " TEXT_OF(RUN_BOOTS_BOCHS) ")", 0 },
    { "seed", OPTION_SEED, "N", 0, "Seed of the order in which the modes are booted (default 1)", 0 },
    { "output", 'o', "FILE", 0, "Write the results as JSON", 0 },
    { "save", OPTION_SAVE, "NAME", 0, "Keep the results under a name, for `xenometer compare NAME FILE` and `report NAME`", 0 },
    { "json", 'j', NULL, 0, "Print JSON instead of the table", 0 },
    { "wide", 'w', NULL, 0, "Print every figure, a line for each row and mode", 0 },
    { "preset", OPTION_PRESET, "NAME", 0, "Rows that belong together, with a table of their own: isca16, the seven microbenchmarks of Dall and others (ISCA 2016) by Xen and KVM, on x86 and ARM64", 0 },
    { "raw", OPTION_RAW, NULL, 0, "Keep the raw samples in the results", 0 },
    { "labs", OPTION_LABS, "1|2", 0, "Exact labs at the same time, each with some of the modes (default: $" RUN_LABS ", or 2 with two CPUs and 1.5 GiB free; in Bochs 2.5)", 0 },
    { "layers", OPTION_LAYERS, NULL, 0, "In the exact lab, one boot: also who executed them, guest, Xen, dom0's kernel and processes", 0 },
    { "host", OPTION_HOST, "auto|xen|lab|this", 0, "Where to run (default auto: this machine's Xen if it has one; this: its Linux, as it is, for the rows of applications, in cycles)", 0 },
    { "clock", OPTION_CLOCK, "exact|fast|kvm", 0, "The lab's clock (default exact: counts instructions)", 0 },
    { "lab-suite", OPTION_SUITE, "SUITE", 0, "The lab made of another Debian suite's packages, such as bookworm (default: $XENOMETER_LAB_SUITE, or " LAB_SUITE ")", 0 },
    { "cpu", OPTION_CPU, "CPU", 0, "The lab's: amd (default, in QEMU), intel (in Bochs, with VT-x), arm64 (in QEMU, after make arm64), arm64-vhe (the same with VHE), amd-bochs, or a model by Bochs's name; several, with commas between, side by side", 0 },
    { "cold", OPTION_COLD, NULL, 0, "Boot the lab, instead of going on from its snapshot", 0 },
    { "factor", OPTION_FACTOR, "WHERE:OPTION", 0, "Once more with an option of Xen's or dom0's kernel, such as xen:spec-ctrl=no or dom0:mitigations=off, with another suite (suite:bookworm), build (build:FILE) or configuration (kconfig:DEBUG=n), side by side; may be given again, and several be joined by +", 0 },
    { "xen-source", OPTION_SOURCE, "DIRECTORY", 0, "Tree of Xen's sources that --factor=kconfig:OPTION=VALUE builds the hypervisor from, in the cache", 0 },
    { "plan", OPTION_PLAN, "DIRECTORY", 0, "Measure nothing, but write what is to be measured as independent commands, a cell for each side and mode, for `parallel`, Slurm or ssh; `xenometer merge` puts their results together", 0 },
    { "split", OPTION_SPLIT, "N", 0, "With --plan: at most N rows a cell", 0 },
    { "on", OPTION_ON, "HOST", 0, "With --plan and --host=xen: by ssh on that host, whose xenometer is in its PATH, side by side by host; may be given again", 0 },
    { "cell", OPTION_CELL, "N", 0, "Measure cell N of the plan", 0 },
    { "without", OPTION_WITHOUT, "FEATURE", 0, "The lab's CPU without a feature that QEMU lacks and the lab adds: nrip-save, decodeassists", 0 },
    { "deadline", 'd', "SECONDS", 0, "Whole run, wall clock (default " TEXT_OF(RUN_DEADLINE) "; in Bochs " TEXT_OF(RUN_DEADLINE_BOCHS) ")", 0 },
    { "row-deadline", OPTION_ROW_DEADLINE, "SECONDS", 0, "One row in one domain, by dom0's clock (default " TEXT_OF(RUN_ROW_DEADLINE) "; in the exact lab " TEXT_OF(RUN_ROW_DEADLINE_EXACT) ", in Bochs " TEXT_OF(RUN_ROW_DEADLINE_BOCHS) ")", 0 },
    { "image", OPTION_IMAGE, "FILE", 0, "The unikernel (default: xenometer.elf beside the program)", 0 },
    { "configs", OPTION_CONFIGS, "DIRECTORY", 0, "Where pv.cfg, pvh.cfg, hvm.cfg and arm64.cfg are", 0 },
    { "bridge", OPTION_BRIDGE, "NAME", 0, "On a Xen host: dom0's bridge for the net rows (default: one made for the run)", 0 },
    { "kernel", OPTION_KERNEL, "FILE", 0, "On a Xen host: dom0's kernel, for the rows with a Linux domain (default: /boot/vmlinuz-VERSION)", 0 },
    { "verbose", 'v', NULL, 0, "Say more about what happens", 0 },
    { 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct run_options *o = state->input;

    switch ( key )
    {
    case 'm':
        return parse_modes(argument, &o->columns) ? EINVAL : 0;
    case 'n':
        return parse_count("--samples", argument, 1, RUN_MAX_SAMPLES, &o->samples) ? EINVAL : 0;
    case 'b':
        return parse_count("--boots", argument, 1, RUN_MAX_BOOTS, &o->boots) ? EINVAL : 0;
    case OPTION_SEED:
        return parse_count("--seed", argument, 0, UINT32_MAX, &o->seed) ? EINVAL : 0;
    case 'd':
        return parse_count("--deadline", argument, 1, 86400, &o->deadline) ? EINVAL : 0;
    case OPTION_ROW_DEADLINE:
        return parse_count("--row-deadline", argument, 1, 3600, &o->row_deadline) ? EINVAL : 0;
    case 'o':           o->output = argument;  return 0;
    case OPTION_SAVE:
        o->save = argument;
        return store_check(argument) ? EINVAL : 0;
    case 'j':           o->json = true;        return 0;
    case 'v':           verbose = true;        return 0;
    case 'w':           o->wide = true;        return 0;
    case OPTION_RAW:    o->raw = true;         return 0;
    case OPTION_LABS:
        return parse_count("--labs", argument, 1, 2, &o->labs) ? EINVAL : 0;
    case OPTION_LAYERS: o->layers = true;      return 0;
    case OPTION_SUITE:  o->suite = argument;   return 0;
    case OPTION_CPU:    o->cpu = argument;     return 0;
    case OPTION_COLD:   o->cold = true;        return 0;
    case OPTION_FACTOR:
        return factors_add(&o->factors, argument) ? EINVAL : 0;
    case OPTION_SOURCE: o->xen_source = argument; return 0;
    case OPTION_PRESET: return preset_choose(argument, &o->preset) ? EINVAL : 0;
    case OPTION_PLAN:   o->plan = argument;    return 0;
    case OPTION_CELL:
        return parse_count("--cell", argument, 1, UINT32_MAX, &o->cell) ? EINVAL : 0;
    case OPTION_SPLIT:
        return parse_count("--split", argument, 1, UINT32_MAX, &o->split) ? EINVAL : 0;
    case OPTION_ON:
        return cells_on(&o->on, argument) ? EINVAL : 0;
    case OPTION_WITHOUT:
        return lab_features_parse("--without", argument, &o->without) ? EINVAL : 0;
    case OPTION_IMAGE:  o->image = argument;   return 0;
    case OPTION_CONFIGS: o->configs = argument; return 0;
    case OPTION_BRIDGE: o->bridge = argument;  return 0;
    case OPTION_KERNEL: o->kernel = argument;  return 0;
    case OPTION_HOST:
        if ( strcmp(argument, "auto") && strcmp(argument, "xen") && strcmp(argument, "lab") &&
             strcmp(argument, "this") )
        {
            message("--host=%s: must be auto, xen, lab or this", argument);
            return EINVAL;
        }
        o->host = argument;
        return 0;
    case OPTION_CLOCK:
        if ( !strcmp(argument, "exact") )
            o->clock = LAB_EXACT;
        else if ( !strcmp(argument, "fast") )
            o->clock = LAB_FAST;
        else if ( !strcmp(argument, "kvm") )
            o->clock = LAB_KVM;
        else
        {
            message("--clock=%s: must be exact, fast or kvm", argument);
            return EINVAL;
        }
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->variant;
        return 0;
    case ARGP_KEY_ARGS:
        o->patterns = state->argv + state->next;
        o->pattern_count = (size_t)(state->argc - state->next);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp parser = {
    .options = options_table, .parser = parse, .children = lab_options_children,
    .args_doc = "[ROW…]",
    .doc = "Measure rows (default: the headline rows) in every mode and compare them."
           "\vROW is a name or a pattern, as `xenometer list` shows them.\n\n"
           "Examples:\n"
           "  xenometer run\n"
           "  xenometer run 'hypercall/*' --modes=pv,pvh\n"
           "  xenometer run port/qemu-ide port/ioreq -m hvm -n 500 -o ports.json\n"
           "  xenometer run --cpu=amd,intel 'hypercall/*' 'exit/*'\n"
           "  xenometer run --preset=isca16\n"
           "  xenometer run --host=lab --lab-suite=bookworm -o xen-4.17.json\n"
           "  xenometer run --xen=xen/xen.gz 'hypercall/*'\n"
           "  xenometer run --factor=xen:spec-ctrl=no --factor=xen:sched=credit event/roundtrip-idle\n"
           "  xenometer run --plan=sweep --factor=suite:bookworm && parallel <sweep/commands\n\n"
           "Exit status: 0 fine, 1 a row failed, 2 usage, 3 something is missing on "
           "this machine, 4 deadline.",
};

int command_run(int argc, char **argv)
{
    struct run_options o = {
        .host = "auto", .clock = LAB_EXACT,
        .seed = PLAN_SEED,
    };
    const char *labs = getenv(RUN_LABS);

    if ( argp_parse(&parser, argc, argv, 0, NULL, &o) )
        return STATUS_USAGE;
    if ( !o.labs && labs && parse_count("$" RUN_LABS, labs, 1, 2, &o.labs) )
        return STATUS_USAGE;
    if ( o.preset )
        return run_rows(&o);
    if ( o.cell || o.plan )
        return cells(&o);
    return o.factors.count ? factors_run(&o) : run_rows(&o);
}
