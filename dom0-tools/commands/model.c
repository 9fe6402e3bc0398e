/*
 * `xenometer model`: what a workload would spend on crossings, in each mode and by each paradigm.
 */
#include <argp.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model.h"
#include "xenometer.h"

enum {
    OPTION_EXITS = 0x100, OPTION_HYPERCALLS, OPTION_EVENTS, OPTION_SYSCALLS, OPTION_FAULTS, OPTION_TIMER,
    OPTION_REQUESTS, OPTION_DEPTH, OPTION_FROM, OPTION_SECONDS, OPTION_INSTRUCTIONS, OPTION_CYCLES, OPTION_WORK,
    OPTION_JSON
};

static const struct argp_option options[] = {
    { NULL, 0, NULL, 0, "The workload, a second:", 1 },
    { "exits", OPTION_EXITS, "RATES", 0, "exits: a number, or, with commas between, KIND:NUMBER: msr, io (a port of "
      "the hypervisor), mmio, device (a port of the device model), hlt, memory (pages touched first)", 1 },
    { "hypercalls", OPTION_HYPERCALLS, "N", 0, "hypercalls", 1 },
    { "events", OPTION_EVENTS, "N", 0, "events or interrupts sent and taken", 1 },
    { "syscalls", OPTION_SYSCALLS, "N", 0, "system calls of its processes", 1 },
    { "faults", OPTION_FAULTS, "N", 0, "page faults that its kernel handles", 1 },
    { "timer-hz", OPTION_TIMER, "N", 0, "ticks of a periodic timer", 1 },
    { "requests", OPTION_REQUESTS, "N", 0, "reads of 4 KiB from a disk", 1 },
    { "depth", OPTION_DEPTH, "N", 0, "as many of which are in flight (1)", 1 },
    { "from", OPTION_FROM, "FILE", 0, "what perf kvm stat report, xentrace (also formatted) or /proc/interrupts of a guest "
      "says of a real one", 1 },
    { "seconds", OPTION_SECONDS, "N", 0, "for how long FILE counted", 1 },
    { NULL, 0, NULL, 0, "The CPU, in the unit of the figures:", 2 },
    { "instructions", OPTION_INSTRUCTIONS, "N", 0, "instructions that it executes in a second: 2e9", 2 },
    { "cycles", OPTION_CYCLES, "N", 0, "cycles that it has in a second (a Xen host's results say it)", 2 },
    { "work", OPTION_WORK, "N", 0, "of these, what the workload computes for itself: efficiency is that share", 2 },
    { NULL, 0, NULL, 0, "Output:", 3 },
    { "json", OPTION_JSON, NULL, 0, "print JSON", 3 },
    { 0 }
};

/* A rate: no sign, no NaN, nothing beyond what a CPU can do.  False after a message. */
static bool parse_rate(const char *what, const char *text, double least, double *value)
{
    char *end;

    *value = strtod(text, &end);
    if ( isdigit((unsigned char)*text) && !*end && *value >= least && *value <= MODEL_MOST && !strpbrk(text, "xX") )
        return true;
    message("%s: '%s' is no number from %g to %g", what, text, least, MODEL_MOST);
    return false;
}

/* "500", "msr:500,hlt:20", "2000,io:300". */
static error_t parse_exits(const char *text, double rate[MODEL_KINDS])
{
    char *copy = xstrdup(text), *rest = copy, *word;
    error_t error = 0;

    while ( !error && (word = strsep(&rest, ",")) != NULL )
    {
        char *number = strchr(word, ':');
        enum model_kind kind = MODEL_EXITS;
        double value;

        if ( number )
            *number++ = '\0';
        if ( number && (!model_kind_find(word, &kind) || kind < MODEL_EXITS || kind > MODEL_MEMORY) )
        {
            message("--exits: '%s' is no kind of exit; exits, msr, io, mmio, device, hlt, memory are", word);
            error = EINVAL;
        }
        else if ( !parse_rate("--exits", number ? number : word, 0, &value) )
            error = EINVAL;
        else
            rate[kind] += value;
    }
    free(copy);
    return error;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    static const struct {
        int key;
        const char *name;
        enum model_kind kind;
    } rates[] = {
        { OPTION_HYPERCALLS, "--hypercalls", MODEL_HYPERCALLS }, { OPTION_EVENTS, "--events", MODEL_EVENTS },
        { OPTION_SYSCALLS, "--syscalls", MODEL_SYSCALLS }, { OPTION_FAULTS, "--faults", MODEL_FAULTS },
        { OPTION_TIMER, "--timer-hz", MODEL_TIMER }, { OPTION_REQUESTS, "--requests", MODEL_REQUESTS },
    };
    struct model_options *o = state->input;
    struct model_workload *w = &o->workload;
    const char *unit = key == OPTION_CYCLES ? "cycles" : "instructions";

    for ( size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++ )
        if ( key == rates[i].key )
            return parse_rate(rates[i].name, text, 0, &w->rate[rates[i].kind]) ? 0 : EINVAL;
    switch ( key )
    {
    case OPTION_EXITS:
        return parse_exits(text, w->rate);
    case OPTION_DEPTH:
        return parse_rate("--depth", text, 1, &w->depth) ? 0 : EINVAL;
    case OPTION_FROM:
        o->from = text;
        return 0;
    case OPTION_SECONDS:
        return parse_rate("--seconds", text, 1e-6, &o->seconds) ? 0 : EINVAL;
    case OPTION_INSTRUCTIONS:
    case OPTION_CYCLES:
        if ( o->unit && strcmp(o->unit, unit) )
            argp_error(state, "a CPU's rate in instructions or in cycles: the one that the figures are in");
        o->unit = unit;
        return parse_rate(key == OPTION_CYCLES ? "--cycles" : "--instructions", text, 1, &w->cpu) ? 0 : EINVAL;
    case OPTION_WORK:
        return parse_rate("--work", text, 1, &w->work) ? 0 : EINVAL;
    case OPTION_JSON:
        o->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if ( state->arg_num > 0 )
            argp_error(state, "one results file at a time");
        o->results = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int command_model(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse_option, "[RESULTS]",
        "Tell what a workload spends on crossings in each mode and by each paradigm, what is left of a CPU, and which "
        "takes the least: by a results file, or by measuring what is needed, in the lab half a minute.\v"
        "Each crossing is at the price of a row; total = trap (getting in and out) + schedule (others get the CPU) + "
        "isolation (the work behind the border), each measured.  The clock of the figures is kept: instructions in the "
        "lab, cycles on a Xen host.\n\n"
        "  xenometer model --hypercalls=5000 --timer-hz=250 --requests=2000\n"
        "  xenometer model --exits=msr:4000,io:500 --instructions=2e9 build/results-all.json\n"
        "  xenometer model --from=perf.txt --seconds=10",
        NULL, NULL, NULL
    };
    struct model_options o = { .workload = { .depth = 1 } };

    if ( argp_parse(&argp, argc, argv, 0, NULL, &o) )
        return STATUS_USAGE;
    return model_run(&o);
}
