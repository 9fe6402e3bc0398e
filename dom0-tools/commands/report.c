/*
 * `xenometer report`: the table of a results file, again.
 */
#include <argp.h>
#include <stdio.h>

#include "report/json.h"
#include "report/table.h"
#include "xenometer.h"

#define DEFAULT_FILE "build/results.json"

struct arguments {
    const char *file;
    bool markdown, wide;
};

static const struct argp_option options[] = {
    { "markdown", 'm', NULL, 0, "print GitHub Markdown, for a README", 0 },
    { "wide", 'w', NULL, 0, "every figure, a line for each row and mode", 0 },
    { 0 }
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct arguments *a = state->input;

    switch ( key )
    {
    case 'm':
        a->markdown = true;
        return 0;
    case 'w':
        a->wide = true;
        return 0;
    case ARGP_KEY_ARG:
        if ( state->arg_num > 0 )
            argp_error(state, "one results file at a time; `xenometer "
                       "compare` takes two");
        a->file = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int command_report(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse_option, "[FILE]",
        "Print the table of a results file (" DEFAULT_FILE ").\v"
        "  xenometer report\n"
        "  xenometer report --wide build/results-all.json | less -S\n"
        "  xenometer report --markdown results.json >> README.md",
        NULL, NULL, NULL
    };
    struct arguments a = { .file = DEFAULT_FILE };
    struct results results = { .count = 0 };
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    status = results_read(a.file, &results);
    if ( status != STATUS_OK )
        return status;
    if ( a.markdown )
        table_print_markdown(stdout, &results);
    else if ( a.wide )
        table_print_wide(stdout, &results);
    else
        table_print(stdout, &results);
    results_free(&results);
    return STATUS_OK;
}
