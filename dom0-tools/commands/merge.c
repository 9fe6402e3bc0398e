/*
 * `xenometer merge`: the results of a plan's cells as one.
 *
 * Try: xenometer run --plan=/tmp/sweep hypercall/null && sh /tmp/sweep/commands && xenometer merge /tmp/sweep
 */
#include <argp.h>
#include <errno.h>

#include "bench/cells.h"
#include "report/output.h"
#include "xenometer.h"

static const struct argp_option options[] = {
    { "output", 'o', "FILE", 0, "Write the results as JSON; of several sides a file each, FILE-SIDE", 0 },
    { "json", 'j', NULL, 0, "Print JSON instead of the table", 0 },
    { "partial", 'p', NULL, 0, "Do with the cells that are there", 0 },
    { 0 }
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct cells_merge *o = state->input;

    switch ( key )
    {
    case 'o': o->output = text; return output_writable(text) ? EINVAL : 0;
    case 'j': o->json = true;    return 0;
    case 'p': o->partial = true; return 0;
    case ARGP_KEY_ARG:
        if ( o->directory )
        {
            message("one plan at a time");
            return EINVAL;
        }
        o->directory = text;
        return 0;
    case ARGP_KEY_END:
        if ( o->directory )
            return 0;
        message("which plan? the directory of `xenometer run --plan=DIRECTORY`");
        return EINVAL;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp parser = {
    .options = options, .parser = parse, .args_doc = "DIRECTORY",
    .doc = "Put together what the cells of a plan have measured."
           "\vWhat does not belong together is refused, what is missing is named with the command that "
           "measures it.\n\n"
           "Examples:\n"
           "  xenometer run --plan=sweep --factor=xen:sched=credit 'event/*' && parallel <sweep/commands\n"
           "  xenometer merge sweep -o sweep.json\n"
           "  sbatch --array=1-$(wc -l <sweep/commands) --wrap 'xenometer run --plan=sweep --cell=$SLURM_ARRAY_TASK_ID'\n\n"
           "Exit status: 0 fine, 1 something is missing, 2 usage, or something that belongs elsewhere.",
};

int command_merge(int argc, char **argv)
{
    struct cells_merge o = { .directory = NULL };

    return argp_parse(&parser, argc, argv, 0, NULL, &o) ? STATUS_USAGE : cells_merge(&o);
}
