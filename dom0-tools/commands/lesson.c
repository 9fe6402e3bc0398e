/*
 * `xenometer lesson`: paravirtualization, taught with what is measured while one reads.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lessons/exercise.h"
#include "lessons/lesson.h"
#include "catalogue/select.h"
#include "xenometer.h"

struct arguments {
    uint32_t number;   /* 0: list them */
    bool answers;
    const char *start, *check;   /* folders of a student's; NULL: not asked for */
    struct course_options course;   /* its directory NULL: not asked for */
};

enum { OPTION_START = 0x100, OPTION_CHECK, OPTION_HTML, OPTION_RESULTS, OPTION_TRACE };

static const struct argp_option options[] = {
    { "answers", 'a', NULL, 0, "Print all with right answers and solutions, and ask nothing", 0 },
    { "start", OPTION_START, "DIR", 0, "Make a folder for the exercise: a file to complete, and a Makefile whose `make` "
      "runs it in the lab and says what is wrong", 0 },
    { "check", OPTION_CHECK, "DIR", 0, "What that `make` does", 0 },
    { "html", OPTION_HTML, "DIR", 0, "Write all lessons, or lesson N, as pages for a browser, with pictures; with "
      "--answers solutions, too", 0 },
    { "results", OPTION_RESULTS, "FILE", 0, "With --html: figures of a results file, in the place of measuring", 0 },
    { "trace", OPTION_TRACE, "FILE", 0, "With --results: a crossing taken apart, as `xenometer trace --json` writes it; "
      "may be repeated", 0 },
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
    case OPTION_START:
        a->start = text;
        return 0;
    case OPTION_CHECK:
        a->check = text;
        return 0;
    case OPTION_HTML:
        a->course.directory = text;
        return 0;
    case OPTION_RESULTS:
        a->course.results = text;
        return 0;
    case OPTION_TRACE:
        a->course.traces = xrealloc(a->course.traces, (a->course.trace_count + 1) * sizeof(*a->course.traces));
        a->course.traces[a->course.trace_count++] = text;
        return 0;
    case ARGP_KEY_END:
        if ( a->course.directory && (a->start || a->check) )
            argp_error(state, "--html is of lessons, not of a student's folder");
        if ( (a->course.results && !a->course.directory) || (a->course.trace_count && !a->course.results) )
            argp_error(state, "--results goes with --html, and --trace with --results");
        if ( (a->start || a->check) && !a->number )
            argp_error(state, "--start and --check are of a lesson: give its number");
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
        "  xenometer lesson 1 --answers | less\n"
        "  xenometer lesson 12 --start consumer && make -C consumer\n"
        "  xenometer lesson --html=course",
        NULL, NULL, NULL
    };
    struct arguments a = { .number = 0 };
    struct lesson lesson;
    int status;

    if ( argp_parse(&argp, argc, argv, 0, NULL, &a) )
        return STATUS_USAGE;
    a.course.answers = a.answers;
    a.course.number = a.number;
    if ( a.course.directory )
    {
        if ( a.number > lesson_count() )
            return lesson_read(a.number, &lesson);   /* says so */
        status = course_write(&a.course);
        free(a.course.traces);
        return status;
    }
    if ( a.number == 0 )
        return lesson_list();
    status = lesson_read(a.number, &lesson);
    if ( status != STATUS_OK )
        return status;
    status = a.start ? exercise_start(&lesson, a.start) : a.check ? exercise_check(&lesson, a.check)
             : lesson_play(&lesson, a.answers);
    lesson_free(&lesson);
    return status;
}
