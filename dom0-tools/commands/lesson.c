/*
 * `xenometer lesson`: paravirtualization, taught with what is measured while one reads.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lessons/lesson.h"
#include "catalogue/select.h"
#include "xenometer.h"

struct arguments {
    uint32_t number;   /* 0: list them */
    bool answers;
};

static const struct argp_option options[] = {
    { "answers", 'a', NULL, 0, "Print all with right answers and solutions, and ask nothing", 0 },
    { 0 }
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct arguments *a = state->input;

    switch ( key )
    {
    case 'a':
        a->answers = true;
        return 0;
    case ARGP_KEY_ARG:
        if ( state->arg_num > 0 )
            argp_error(state, "one lesson at a time");
        return parse_count("a lesson's number", text, 1, 99, &a->number) ? EINVAL : 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int command_lesson(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse_option, "[N]",
        "List the lessons, or give one: a question, a prediction, a figure that is measured now, what it "
        "means, an exercise.\v"
        "  xenometer lesson\n"
        "  xenometer lesson 1\n"
        "  xenometer lesson 1 --answers | less",
        NULL, NULL, NULL
    };
    struct arguments a = { .number = 0 };
    struct lesson lesson;
    int status;

    if ( argp_parse(&argp, argc, argv, 0, NULL, &a) )
        return STATUS_USAGE;
    if ( a.number == 0 )
        return lesson_list();
    status = lesson_read(a.number, &lesson);
    if ( status != STATUS_OK )
        return status;
    status = lesson_play(&lesson, a.answers);
    lesson_free(&lesson);
    return status;
}
