/*
 * `xenometer trace`: where every instruction of one crossing goes.
 *
 * Try: xenometer trace port/qemu-ide --mode=hvm
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/trace.h"
#include "catalogue/select.h"
#include "commands/lab_options.h"
#include "machines/lab.h"
#include "xenometer.h"

enum { OPTION_WITHOUT = 256, OPTION_IMAGE, OPTION_HOST, OPTION_AGAINST, OPTION_FOLDED, OPTION_SVG,
       OPTION_SEQUENCE, OPTION_STAGES, OPTION_FUNCTIONS, OPTION_LIMIT, OPTION_SAMPLE,
       OPTION_SUITE, OPTION_PERFETTO, OPTION_SPEEDSCOPE, OPTION_CPU };

static const struct argp_option options[] = {
    { "mode", 'm', "MODE", 0, "pv, pvh, hvm, bare, kvm, native, container, … (default: the first that the row runs in)", 0 },
    { "against", OPTION_AGAINST, "MODE|SUITE|FILE", 0, "Set beside it the same row in another mode, in the lab of another Debian suite, on another Xen (a file as for --xen), or a trace written with --json: what changed, function by function, most first", 0 },
    { "stages", OPTION_STAGES, NULL, 0, "Only the table of stages, in order", 0 },
    { "functions", OPTION_FUNCTIONS, NULL, 0, "Only the table of functions", 0 },
    { "limit", OPTION_LIMIT, "N", 0, "Lines of the table of functions (default 20; 0: all)", 0 },
    { "json", 'j', NULL, 0, "Print JSON instead of tables", 0 },
    { "folded", OPTION_FOLDED, "FILE", 0, "Write folded stacks, for flame graph programs", 0 },
    { "svg", OPTION_SVG, "FILE", 0, "Write a flame graph, in the order of execution", 0 },
    { "sequence", OPTION_SEQUENCE, "FILE", 0, "Write a sequence diagram (SVG)", 0 },
    { "perfetto", OPTION_PERFETTO, "FILE", 0, "Write trace events (JSON), for ui.perfetto.dev and chrome://tracing", 0 },
    { "speedscope", OPTION_SPEEDSCOPE, "FILE", 0, "Write a profile for speedscope.app", 0 },
    { "without", OPTION_WITHOUT, "FEATURE", 0, "The lab's CPU without a feature that QEMU lacks and the lab adds: nrip-save, decodeassists", 0 },
    { "cpu", OPTION_CPU, "amd|arm64|arm64-vhe", 0, "QEMU's: other CPUs are Bochs's, which loads no plugins", 0 },
    { "sample", OPTION_SAMPLE, "median|min|max|N", 0, "Which sample (default: the median one)", 0 },
    { "samples", 'n', "N", 0, "Samples to take (default: the row's own number, at most 101)", 0 },
    { "host", OPTION_HOST, "auto|lab", 0, "lab: use the lab also on a machine that runs Xen", 0 },
    { "lab-suite", OPTION_SUITE, "SUITE", 0, "The lab made of another Debian suite's packages, such as bookworm (default: $XENOMETER_LAB_SUITE, or " LAB_SUITE ")", 0 },
    { "image", OPTION_IMAGE, "FILE", 0, "The unikernel (default: xenometer.elf beside the program)", 0 },
    { "verbose", 'v', NULL, 0, "Say more about what happens", 0 },
    { 0 }
};

static int parse_mode(const char *option, const char *text, const struct column **column)
{
    *column = column_find(text);
    if ( *column && (*column)->home != HOME_DOM0 )
        return 0;
    message("%s=%s: must be pv, pvh, hvm, bare, kvm, arm64, or a column of the rows of applications, which "
            "`xenometer explain app/getppid` lists", option, text);
    return EINVAL;
}

static int parse_sample(struct trace_options *a, const char *text)
{
    if ( !strcmp(text, "median") )
        a->choice = SAMPLE_MEDIAN;
    else if ( !strcmp(text, "min") )
        a->choice = SAMPLE_MIN;
    else if ( !strcmp(text, "max") )
        a->choice = SAMPLE_MAX;
    else
    {
        a->choice = SAMPLE_NUMBER;
        return parse_count("--sample", text, 0, TRACE_MAX_SAMPLES - 1, &a->number) ? EINVAL : 0;
    }
    return 0;
}

/* Said here, where people look for it. */
static int parse_cpu(char *text, const char **cpu)
{
    char *name = xstrdup(text);
    int status = lab_cpu_choose(text, cpu);

    if ( status == STATUS_OK && !lab_cpu_traces(*cpu) )
    {
        message("--cpu=%s: a trace needs QEMU, whose CPUs are amd, arm64 and arm64-vhe: `xenometer explain ROW` names the "
                "functions that run on an Intel CPU, `xenometer run --cpu=%s ROW` has the figure",
                name, name);
        status = STATUS_USAGE;
    }
    free(name);
    return status ? EINVAL : 0;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct trace_options *a = state->input;

    switch ( key )
    {
    case 'm':             return parse_mode("--mode", text, &a->column);
    case 'n':
        return parse_count("--samples", text, 1, TRACE_MAX_SAMPLES, &a->samples) ? EINVAL : 0;
    case OPTION_LIMIT:
        return parse_count("--limit", text, 0, 1000000, &a->view.limit) ? EINVAL : 0;
    case OPTION_SAMPLE:   return parse_sample(a, text);
    case 'v':             verbose = true;           return 0;
    case 'j':             a->json = true;           return 0;
    case OPTION_WITHOUT:
        return lab_features_parse("--without", text, &a->without) ? EINVAL : 0;
    case OPTION_CPU:      return parse_cpu(text, &a->cpu);
    case OPTION_IMAGE:    a->image = text;          return 0;
    case OPTION_SUITE:    a->suite = text;          return 0;
    case OPTION_AGAINST:  a->against = text;        return 0;
    case OPTION_FOLDED:   a->folded = text;         return 0;
    case OPTION_SVG:      a->svg = text;            return 0;
    case OPTION_SEQUENCE: a->sequence = text;       return 0;
    case OPTION_PERFETTO: a->perfetto = text;       return 0;
    case OPTION_SPEEDSCOPE: a->speedscope = text;   return 0;
    case OPTION_STAGES:   a->view.stages = true;    return 0;
    case OPTION_FUNCTIONS: a->view.functions = true; return 0;
    case OPTION_HOST:
        if ( strcmp(text, "auto") && strcmp(text, "lab") )
        {
            message("--host=%s: must be auto or lab: only the lab counts instructions", text);
            return EINVAL;
        }
        a->host = text;
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &a->variant;
        return 0;
    case ARGP_KEY_ARG:
        if ( a->row )
        {
            message("one row at a time; `xenometer list` shows them");
            return EINVAL;
        }
        a->row = text;
        return 0;
    case ARGP_KEY_END:
        if ( a->row )
            return 0;
        message("which row? `xenometer list` shows them");
        return EINVAL;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp parser = {
    .options = options, .parser = parse, .children = lab_options_children, .args_doc = "ROW|FILE",
    .doc = "Show where every instruction of one crossing goes: application, guest, Xen, KVM, kernels "
           "and their processes, in order, function by function."
           "\vThe row runs in the lab, with the instruction clock, unchanged; the layers add up to "
           "what the guest's clock says.\n\n"
           "Examples:\n"
           "  xenometer trace port/qemu-ide --mode=hvm\n"
           "  xenometer trace hypercall/null --mode=pv --against=pvh\n"
           "  xenometer trace hypercall/null --mode=pv --against=trixie\n"
           "  xenometer trace hypercall/null --xen=new/xen.gz --against=old/xen.gz\n"
           "  xenometer trace port/ioreq -m kvm --against=hvm\n"
           "  xenometer trace app/getppid -m gvisor\n"
           "  xenometer trace ring/echo-64b --cpu=arm64\n"
           "  xenometer trace ring/echo-64b -m pvh --svg=echo.svg --sequence=sequence.svg\n"
           "  xenometer trace exit/cpuid-basic -m hvm --without=nrip-save --json >before.json\n"
           "  xenometer trace exit/cpuid-basic -m hvm --against=before.json\n"
           "  xenometer trace before.json --perfetto=events.json\n\n"
           "Exit status: 0 fine, 1 the row failed, 2 usage, 3 something is missing on this "
           "machine, 4 deadline.",
};

int command_trace(int argc, char **argv)
{
    struct trace_options o = { .view = { .limit = 20 }, .host = "auto" };

    return argp_parse(&parser, argc, argv, 0, NULL, &o) ? STATUS_USAGE : trace_run(&o);
}
