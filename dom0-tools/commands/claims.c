/*
 * `xenometer claims`: what is said about the cost of virtualization, judged by what is measured.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>

#include "bench/claims.h"
#include "xenometer.h"

enum { OPTION_TRACE = 0x100, OPTION_CLAIMS, OPTION_JSON, OPTION_LIST, OPTION_LINUX };

static const struct argp_option options[] = {
    { "trace", OPTION_TRACE, "FILE", 0, "a crossing taken apart, as `xenometer trace --json` writes it; may "
      "be repeated", 0 },
    { "claims", OPTION_CLAIMS, "FILE", 0, "other claims than this program's own (configs/claims.json)", 0 },
    { "linux", OPTION_LINUX, NULL, 0, "measure also what runs on a Linux without Xen: containers, gVisor, "
      "KVM", 0 },
    { "list", OPTION_LIST, NULL, 0, "only what is said, and by whom", 0 },
    { "json", OPTION_JSON, NULL, 0, "print JSON", 0 },
    { 0 }
};

struct arguments {
    struct claims_options o;
    const char **traces;
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct arguments *a = state->input;

    switch ( key )
    {
    case OPTION_TRACE:
        a->traces = xrealloc(a->traces, (a->o.trace_count + 1) * sizeof(*a->traces));
        a->traces[a->o.trace_count++] = text;
        return 0;
    case OPTION_CLAIMS:
        a->o.claims = text;
        return 0;
    case OPTION_LINUX:
        a->o.without_xen = true;
        return 0;
    case OPTION_LIST:
        a->o.list = true;
        return 0;
    case OPTION_JSON:
        a->o.json = true;
        return 0;
    case ARGP_KEY_ARG:
        if ( state->arg_num > 0 )
            argp_error(state, "one results file at a time");
        a->o.results = text;
        return 0;
    case ARGP_KEY_END:
        if ( a->o.without_xen && a->o.results )
            argp_error(state, "--linux is for measuring, not for a results file");
        if ( a->o.trace_count && !a->o.results )
            argp_error(state, "--trace goes with a results file; without one all that is needed is "
                       "measured");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int command_claims(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse_option, "[RESULTS]",
        "Judge what is said about the cost of virtualization: by a results file, or by results that `run "
        "--save` keeps, or without one by measuring what the claims are about, some minutes in the lab.\v"
        "A claim about cycles or time is judged on a Xen host, whose clock counts cycles.  The lab counts "
        "instructions, and they are never taken for cycles: there, what is judged is what is counted, such "
        "as entries into Xen or steps of a path.\n\n"
        "  xenometer claims\n"
        "  xenometer claims --linux\n"
        "  xenometer claims --list\n"
        "  xenometer claims build/results-all.json --trace=ide.json",
        NULL, NULL, NULL
    };
    struct arguments a = { .traces = NULL };
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    a.o.traces = a.traces;
    status = claims_run(&a.o);
    free(a.traces);
    return status;
}
