/*
 * `xenometer attack`: hostile peers, live: what each does, what its victim sees, what stops it.
 *
 * Try: xenometer attack F6
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bench/attack.h"
#include "bench/attack_print.h"
#include "catalogue/select.h"
#include "xenometer.h"

struct arguments {
    struct attack_options options;
    const struct attack **chosen;
    size_t count;
    bool json;
};

enum { OPTION_HOST = 256, OPTION_CLOCK, OPTION_CPU, OPTION_QUICK };

static const struct argp_option options_table[] = {
    { "all", 'a', NULL, 0, "Every case", 0 },
    { "modes", 'm', "LIST", 0, "Modes of the hostile domains, and of the attacked: pv, pvh, hvm (default pv; on ARM64 arm64)", 0 },
    { "host", OPTION_HOST, "auto|xen|lab", 0, "Where to try it (default auto: this machine's Xen if it has one)", 0 },
    { "clock", OPTION_CLOCK, "exact|fast", 0, "The lab's clock (default exact; in fast, two CPUs change and look at once)", 0 },
    { "cpu", OPTION_CPU, "amd|arm64", 0, "The lab's: another than amd's is attacked by hostile domains alone, by rows (F …)", 0 },
    { "quick", OPTION_QUICK, NULL, 0, "Leave out what takes a run of its own, or more than a row", 0 },
    { "json", 'j', NULL, 0, "Print JSON", 0 },
    { 0 },
};

/* One case, or the letter of all of them; "": every one.  False: there is none. */
static bool add(struct arguments *a, const char *id)
{
    size_t before = a->count;

    for ( size_t i = 0; i < attack_count; i++ )
        if ( !strcasecmp(attacks[i].id, id) || !*id ||
             (!id[1] && !strncasecmp(attacks[i].id, id, 1)) )
        {
            a->chosen = xrealloc(a->chosen, (a->count + 1) * sizeof(*a->chosen));
            a->chosen[a->count++] = &attacks[i];
        }
    if ( a->count == before )
        message("there is no case '%s'; `xenometer attack` lists them", id);
    return a->count > before;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct arguments *a = state->input;
    struct column_set modes;

    (void)state;
    switch ( key )
    {
    case 'a': return add(a, "") ? 0 : EINVAL;
    case 'j': a->json = true; return 0;
    case 'm':
        a->options.modes = argument;
        return parse_modes(argument, &modes) ? EINVAL : 0;
    case OPTION_HOST:  a->options.host = argument;  return 0;
    case OPTION_CLOCK: a->options.clock = argument; return 0;
    case OPTION_CPU:   a->options.cpu = argument;   return 0;
    case OPTION_QUICK: a->options.quick = true;     return 0;
    case ARGP_KEY_ARG: return add(a, argument) ? 0 : EINVAL;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp parser = {
    .options = options_table, .parser = parse, .args_doc = "[CASE…]",
    .doc = "Hostile peers by their case: F1 to F42 are domains that attack our backend, B1 to B15 "
           "backends that attack our unikernel.  Without a case: list them."
           "\vExamples:\n"
           "  xenometer attack                      the list\n"
           "  xenometer attack F6                   one of them, live\n"
           "  xenometer attack B                    all hostile backends\n"
           "  xenometer attack --all --json         the scoreboard\n\n"
           "Exit status: 0 all held, 1 one did not, 2 usage, 3 something is missing on this "
           "machine.",
};

int command_attack(int argc, char **argv)
{
    struct arguments a = { 0 };
    struct attack_report report = { 0 };
    int status = argp_parse(&parser, argc, argv, 0, NULL, &a) ? STATUS_USAGE : STATUS_OK;

    if ( status == STATUS_OK && a.count == 0 )
        status = attack_print_list(a.json);
    else if ( status == STATUS_OK )
    {
        status = attack_try(&a.options, a.chosen, a.count, &report);
        if ( report.count || status == STATUS_OK )
        {
            int held = attack_print(&report, a.chosen, a.count, a.json);

            status = status == STATUS_OK ? held : status;
        }
    }
    attack_report_free(&report);
    free(a.chosen);
    return status;
}
