/*
 * `xenometer explain`: what a row does, step by step, what its figure isolates and what to compare it
 * with; what the rows of a group are about; what a word of the field means.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>

#include "machines/lab.h"
#include "report/explain.h"
#include "xenometer.h"

struct arguments {
    const char *image;
    char **words;
    size_t count;
};

static const struct argp_option options[] = {
    { "cpu", 'c', "CPU", 0, "the rows of that CPU's image: arm64 has one of its own", 0 },
    { "image", 'i', "FILE", 0, "another unikernel than this program's own", 0 },
    { 0 }
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct arguments *a = state->input;
    char *image;
    int status;

    switch ( key )
    {
    case 'i':
        a->image = text;
        return 0;
    case 'c':
        if ( (status = lab_cpu_image(text, &image)) != STATUS_OK )
            exit(status);
        a->image = image;   /* to the program's end */
        return 0;
    case ARGP_KEY_ARGS:
        a->words = state->argv + state->next;
        a->count = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which row, group or term? `xenometer list` shows the rows, `xenometer explain "
                   "glossary` the terms");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int command_explain(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse_option, "ROW|GROUP|TERM...",
        "Tell what a row does and what its figure isolates, what a group of rows is about, what a term "
        "means.\v"
        "  xenometer explain hypercall/null\n"
        "  xenometer explain 'mmio/*'\n"
        "  xenometer explain --cpu=arm64 exit/psci-smc\n"
        "  xenometer explain grant\n"
        "  xenometer explain upcall \"event index\"\n"
        "  xenometer explain glossary          all terms",
        NULL, NULL, NULL
    };
    struct arguments a = { .image = NULL };

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    return explain_print(a.image, a.words, a.count);
}
