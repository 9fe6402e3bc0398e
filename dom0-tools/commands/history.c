/*
 * `xenometer history`: what each path takes, by release of Xen.
 *
 * Try: xenometer history hypercall/null --suite=bookworm --suite=trixie
 */
#include <argp.h>
#include <errno.h>

#include "bench/history.h"
#include "catalogue/select.h"
#include "measure/plan.h"
#include "report/output.h"
#include "xenometer.h"

#define TRACES 2u

enum { OPTION_SVG = 256, OPTION_TRACES, OPTION_SUITE, OPTION_BUILD };

static const struct argp_option options[] = {
    { "suite", OPTION_SUITE, "SUITE", 0, "That Debian suite's Xen; may be given again (default, without --xen: bullseye, bookworm, trixie, sid)", 0 },
    { "xen", OPTION_BUILD, "FILE|DIRECTORY", 0, "A Xen of your own, as `run --xen` takes it; may be given again", 0 },
    { "modes", 'm', "LIST", 0, "Modes (default pv,pvh,hvm)", 0 },
    { "boots", 'b', "N", 0, "Domains of each kind (default 1)", 0 },
    { "traces", OPTION_TRACES, "N", 0, "Steps to trace from each Xen to the next, the largest (default 2)", 0 },
    { "output", 'o', "FILE", 0, "Write each Xen's results as JSON, FILE-XEN", 0 },
    { "svg", OPTION_SVG, "FILE", 0, "Draw what each path takes by release", 0 },
    { "verbose", 'v', NULL, 0, "Say more about what happens", 0 },
    { 0 }
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct history_options *o = state->input;

    switch ( key )
    {
    case OPTION_SUITE:  return history_add(o, "suite", text) ? EINVAL : 0;
    case OPTION_BUILD:  return history_add(o, "build", text) ? EINVAL : 0;
    case 'm': return parse_modes(text, &o->run.columns) ? EINVAL : 0;
    case 'b': return parse_count("--boots", text, 1, RUN_MAX_BOOTS, &o->run.boots) ? EINVAL : 0;
    case OPTION_TRACES: return parse_count("--traces", text, 0, 1000, &o->traces) ? EINVAL : 0;
    case 'o': o->output = text; return output_writable(text) ? EINVAL : 0;
    case OPTION_SVG: o->svg = text; return output_writable(text) ? EINVAL : 0;
    case 'v': verbose = true; return 0;
    case ARGP_KEY_ARGS:
        o->run.patterns = state->argv + state->next;
        o->run.pattern_count = (size_t)(state->argc - state->next);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp parser = {
    .options = options, .parser = parse, .args_doc = "[ROW…]",
    .doc = "Measure rows (default: the headline rows) on one Xen after another, and say which functions "
           "made the largest steps."
           "\vEach suite has its own tools and kernel for dom0: rows that reach dom0 differ by these, too.\n\n"
           "Examples:\n"
           "  xenometer history --svg=history.svg\n"
           "  xenometer history --suite=bookworm --xen=xen/dist 'hypercall/*' 'exit/*'\n\n"
           "Exit status: 0 fine, 2 usage, 3 something is missing on this machine, 4 deadline.",
};

int command_history(int argc, char **argv)
{
    struct history_options o = { .run = { .columns = columns_at(HOME_XEN), .host = "lab", .boots = 1,
                                          .seed = PLAN_SEED }, .traces = TRACES };

    return argp_parse(&parser, argc, argv, 0, NULL, &o) ? STATUS_USAGE : history_run(&o);
}
