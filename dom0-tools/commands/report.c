/*
 * `xenometer report`: a results file again, for people or for other programs.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/export.h"
#include "report/json.h"
#include "xenometer.h"

#define DEFAULT_FILE "build/results.json"

struct arguments {
    const char *file;
    const struct export_format *format;
};

static const struct argp_option options[] = {
    { "format", 'f', "FORMAT", 0, "table (default), wide, markdown, csv, json; bencher, github: what "
      "bencher.dev and github-action-benchmark take", 0 },
    { "markdown", 'm', NULL, 0, "the same as --format=markdown", 0 },
    { "wide", 'w', NULL, 0, "the same as --format=wide", 0 },
    { 0 }
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct arguments *a = state->input;

    switch ( key )
    {
    case 'f':
        a->format = export_find(text);
        if ( !a->format )
            exit(STATUS_USAGE);
        return 0;
    case 'm':
        a->format = export_find("markdown");
        return 0;
    case 'w':
        a->format = export_find("wide");
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
        "Print the table of a results file (" DEFAULT_FILE "), or of results that `run --save` "
        "keeps, or write it in another form.\v"
        "  xenometer report\n"
        "  xenometer report --wide build/results-all.json | less -S\n"
        "  xenometer report --format=csv before >before.csv",
        NULL, NULL, NULL
    };
    struct arguments a = { .file = DEFAULT_FILE, .format = export_formats };
    struct results results = { .count = 0 };
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    status = results_read(a.file, &results);
    if ( status != STATUS_OK )
        return status;
    a.format->print(stdout, &results);
    results_free(&results);
    return STATUS_OK;
}
