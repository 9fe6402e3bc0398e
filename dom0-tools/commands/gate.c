/*
 * `xenometer gate`: may this Xen be merged, by what its paths take?
 *
 * Try: xenometer gate trixie --xen=xen.gz hypercall/null
 */
#include <argp.h>
#include <stdlib.h>

#include "bench/gate.h"
#include "catalogue/select.h"
#include "commands/lab_options.h"
#include "machines/lab.h"
#include "report/output.h"
#include "xenometer.h"

#define BOOTS  1u
#define TRACES 5u

/* Percent: paths through dom0 differ from build to build by one or two without a cause, and some
 * have two levels five apart (configs/ci/README.md). */
#define DOM0_VARIES 6

struct arguments {
    struct gate_options options;
    const char *junit, *markdown;
};

enum { OPTION_JUNIT = 256, OPTION_MARKDOWN, OPTION_TRACES, OPTION_SUITE };

static const struct argp_option options_table[] = {
    { "threshold", 't', "PERCENT", 0, "Medians may move by that much of the old one (default 0; 6 where dom0 answers or the vCPU waits)", 0 },
    { "allow", 'a', "N", 0, "Medians may move by N instructions (default 0)", 0 },
    { "modes", 'm', "LIST", 0, "Modes (default: those of the baseline)", 0 },
    { "boots", 'b', "N", 0, "Domains of each kind (default: as in the baseline's file, else 1)", 0 },
    { "traces", OPTION_TRACES, "N", 0, "Changed cells to trace on both sides, those that changed most (default 5)", 0 },
    { "junit", OPTION_JUNIT, "FILE", 0, "Write a test report", 0 },
    { "markdown", OPTION_MARKDOWN, "FILE", 0, "Write a merge request's comment", 0 },
    { "lab-suite", OPTION_SUITE, "SUITE", 0, "The Debian suite whose tools and kernel both sides get (default: $XENOMETER_LAB_SUITE, or " LAB_SUITE ")", 0 },
    { "verbose", 'v', NULL, 0, "Say more about what happens", 0 },
    { 0 }
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct arguments *a = state->input;
    struct gate_options *o = &a->options;
    uint32_t ticks;

    switch ( key )
    {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->variant;
        return 0;
    case 't':
        o->allowed.percent_dom0 = 0;
        return parse_percentage("--threshold", text, &o->allowed.percent) ? EINVAL : 0;
    case 'a':
        if ( parse_count("--allow", text, 0, UINT32_MAX, &ticks) )
            return EINVAL;
        o->allowed.ticks = ticks;
        return 0;
    case 'm': return parse_modes(text, &o->columns) ? EINVAL : 0;
    case 'b': return parse_count("--boots", text, 1, 100, &o->boots) ? EINVAL : 0;
    case 'v': verbose = true; return 0;
    case OPTION_TRACES: return parse_count("--traces", text, 0, 1000, &o->traces) ? EINVAL : 0;
    case OPTION_JUNIT:    a->junit = text;    return output_writable(text) ? EINVAL : 0;
    case OPTION_MARKDOWN: a->markdown = text; return output_writable(text) ? EINVAL : 0;
    case OPTION_SUITE:    o->suite = text;    return 0;
    case ARGP_KEY_ARGS:
        o->baseline = state->argv[state->next];
        o->patterns = state->argv + state->next + 1;
        o->pattern_count = (size_t)(state->argc - state->next) - 1;
        return 0;
    case ARGP_KEY_NO_ARGS:
        message("gate: no baseline; a results file, a saved name, a Debian suite or another Xen");
        return EINVAL;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp parser = {
    .options = options_table, .parser = parse, .children = lab_options_children,
    .args_doc = "BASELINE [ROW…]",
    .doc = "Measure the baseline's rows (or ROWs) with another Xen, say what changed and which "
           "functions did it."
           "\vBASELINE is a results file of `run --host=lab --output` or a name of `run --save`; or "
           "it is measured as well: a Debian suite, or another Xen. Of what changed beyond "
           "--threshold and --allow, the cells that changed most are traced on both sides.\n\n"
           "Examples:\n"
           "  xenometer gate before.json --xen=xen/xen.gz\n"
           "  xenometer gate trixie 'hypercall/*' --xen=xen/xen.gz --markdown=comment.md\n"
           "  git bisect run sh -c 'make -C xen || exit 125; xenometer gate /tmp/good.json --xen=xen/xen.gz'\n\n"
           "Exit status: 0 nothing changed beyond what is allowed, 1 something did, 125 this Xen does "
           "not boot, 2 usage, 3 something is missing on this machine, 4 deadline.",
};

static int write_with(const char *path, void (*writer)(FILE *, const struct gate *),
                      const struct gate *gate)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = path ? open_memstream(&text, &size) : NULL;
    int status;

    if ( !path )
        return STATUS_OK;
    if ( !out )
        return STATUS_ENVIRONMENT;
    writer(out, gate);
    fclose(out);
    status = output_write(path, text);
    free(text);
    return status;
}

int command_gate(int argc, char **argv)
{
    struct arguments a = { .options = { .boots = BOOTS, .traces = TRACES,
                                        .allowed = { .percent_dom0 = DOM0_VARIES } } };
    struct gate gate;
    int status;

    if ( argp_parse(&parser, argc, argv, 0, NULL, &a) || suite_choose(&a.options.suite) )
        return STATUS_USAGE;
    status = gate_make(&a.options, &gate);
    if ( status == STATUS_OK )
        status = gate_print(stdout, &gate);
    if ( status == STATUS_OK )
        status = write_with(a.junit, gate_junit, &gate);
    if ( status == STATUS_OK )
        status = write_with(a.markdown, gate_markdown, &gate);
    if ( status == STATUS_OK && gate.factors )
        message("the two were not measured alike: %s", gate.factors);
    if ( status == STATUS_OK && gate.comparison.beyond )
    {
        message("%zu of %zu figures changed beyond what is allowed", gate.comparison.beyond,
                gate.comparison.count);
        status = STATUS_FAILED;
    }
    gate_free(&gate);
    return status;
}
