/*
 * `xenometer backend`: serve domains that were started by hand with xl create.
 *
 * Try, in dom0:  xenometer backend &
 *                xl create configs/pv.cfg; xl console xenometer-pv
 */
#include <argp.h>
#include <errno.h>

#include "bench/backend.h"
#include "catalogue/select.h"
#include "xenometer.h"

#define DEFAULT_PREFIX  "xenometer-"
#define ROW_DEADLINE    60u

enum { OPTION_PREFIX = 0x100, OPTION_IMAGE, OPTION_ROWS, OPTION_ROW_DEADLINE };

static const struct argp_option options_table[] = {
    { "domain", 'd', "NAME|ID", 0, "Serve this domain only", 0 },
    { "prefix", OPTION_PREFIX, "TEXT", 0,
      "Serve domains whose name begins so (default " DEFAULT_PREFIX ")", 0 },
    { "modes", 'm', "LIST", 0, "Serve domains of these modes only: pv, pvh, hvm", 0 },
    { "rows", OPTION_ROWS, NULL, OPTION_HIDDEN, NULL, 0 },
    { "samples", 'n', "N", 0, "Samples per row (default: each row's own number)", 0 },
    { "row-deadline", OPTION_ROW_DEADLINE, "SECONDS", 0, "One row (default 60)", 0 },
    { "image", OPTION_IMAGE, "FILE", 0,
      "The unikernel the domains run (default: xenometer.elf beside the program)", 0 },
    { "once", '1', NULL, 0, "End after the first domain", 0 },
    { "json", 'j', NULL, 0, "Print results as JSON: a document for each domain", 0 },
    { "verbose", 'v', NULL, 0, "Say more about what happens", 0 },
    { 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct backend_options *o = state->input;

    switch ( key )
    {
    case 'd':           o->domain = argument; return 0;
    case OPTION_PREFIX: o->prefix = argument; return 0;
    case OPTION_IMAGE:  o->image = argument;  return 0;
    case OPTION_ROWS:   return 0;   /* `--rows PATTERN…`: the patterns follow */
    case '1':           o->once = true;       return 0;
    case 'j':           o->json = true;       return 0;
    case 'v':           verbose = true;       return 0;
    case 'm':
        return parse_modes(argument, &o->columns) ? EINVAL : 0;
    case 'n':
        return parse_count("--samples", argument, 1,
                           SAMPLES_PAGES * SAMPLES_PER_PAGE, &o->samples) ? EINVAL : 0;
    case OPTION_ROW_DEADLINE:
        return parse_count("--row-deadline", argument, 1, 3600, &o->row_deadline)
                   ? EINVAL : 0;
    case ARGP_KEY_ARGS:
        o->patterns = state->argv + state->next;
        o->pattern_count = (size_t)(state->argc - state->next);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp parser = {
    .options = options_table, .parser = parse, .args_doc = "[ROW…]",
    .doc = "Wait for domains started by hand, connect to them, run rows in them "
           "(default: all that their mode can) and print the figures."
           "\vExamples:\n"
           "  xenometer backend                       serve until Ctrl-C\n"
           "  xenometer backend --once 'ring/*'       one domain, some rows\n"
           "  xenometer backend --domain my-guest -v\n\n"
           "and in another terminal: xl create configs/pv.cfg\n\n"
           "Exit status: 0 fine, 1 a row failed, 2 usage, 3 something is missing on "
           "this machine; with --once 128 and the signal's number when one came before "
           "any domain was served.",
};

int command_backend(int argc, char **argv)
{
    struct backend_options o = {
        .prefix = DEFAULT_PREFIX, .columns = columns_at(HOME_XEN), .row_deadline = ROW_DEADLINE,
    };

    return argp_parse(&parser, argc, argv, 0, NULL, &o) ? STATUS_USAGE : backend_serve(&o);
}
