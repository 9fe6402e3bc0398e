/*
 * `xenometer report`: a results file again, for people or for other programs.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "catalogue/select.h"
#include "report/export.h"
#include "report/json.h"
#include "report/output.h"
#include "report/page.h"
#include "report/pictures.h"
#include "report/trace_files.h"
#include "xenometer.h"

#define DEFAULT_FILE "build/results.json"

struct arguments {
    const char *file, *html, *svg;
    const char **traces;
    size_t trace_count;
    const struct export_format *format;
};

enum { OPTION_HTML = 0x100, OPTION_TRACE, OPTION_SVG };

static const struct argp_option options[] = {
    { "format", 'f', "FORMAT", 0, "table (default), wide, markdown, csv, json; bencher, github: what "
      "bencher.dev and github-action-benchmark take", 0 },
    { "html", OPTION_HTML, "FILE", 0, "write a report to be opened in a browser or sent round: one "
      "file, no network", 0 },
    { "trace", OPTION_TRACE, "FILE", 0, "with --html: a crossing taken apart, as `xenometer trace "
      "--json` writes it; may be repeated", 0 },
    { "svg", OPTION_SVG, "DIRECTORY", 0, "write pictures for slides: bars of each work, lines of each "
      "sweep", 0 },
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
    case OPTION_HTML:
        a->html = text;
        return 0;
    case OPTION_SVG:
        a->svg = text;
        return 0;
    case OPTION_TRACE:
        a->traces = xrealloc(a->traces, (a->trace_count + 1) * sizeof(*a->traces));
        a->traces[a->trace_count++] = text;
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
    case ARGP_KEY_END:
        if ( a->trace_count && !a->html )
            argp_error(state, "--trace is for a report: --html=FILE");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int write_page(const struct arguments *a, const struct results *results,
                      const struct image *image)
{
    struct trace *traces = xcalloc(a->trace_count + 1, sizeof(*traces));
    struct claims claims;
    struct page_input in = { .results = results, .image = image, .traces = traces, .claims = &claims };
    int status = claims_read(NULL, &claims);
    char *page;

    while ( status == STATUS_OK && in.trace_count < a->trace_count )
    {
        status = trace_read(a->traces[in.trace_count], &traces[in.trace_count]);
        in.trace_count += status == STATUS_OK;
    }
    if ( status == STATUS_OK )
    {
        claims_judge(&claims, results, traces, in.trace_count);
        page = page_report(&in);
        status = output_write(a->html, page);
        free(page);
    }
    while ( in.trace_count )
        trace_free(&traces[--in.trace_count]);
    free(traces);
    claims_free(&claims);
    return status;
}

/* With the explanations of this program's own unikernel, if it has one. */
static int write_shown(const struct arguments *a, const struct results *results)
{
    struct image *image = select_catalogue(NULL);
    int status = a->html ? write_page(a, results, image) : STATUS_OK;

    if ( status == STATUS_OK && a->svg )
        status = pictures_write(a->svg, results, image);
    image_free(image);
    return status;
}

int command_report(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse_option, "[FILE]",
        "Print the table of a results file (" DEFAULT_FILE "), or of results that `run --save` "
        "keeps, or write it in another form.\v"
        "  xenometer report\n"
        "  xenometer report --wide build/results-all.json | less -S\n"
        "  xenometer report --html=report.html\n"
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
    if ( a.html || a.svg )
        status = write_shown(&a, &results);
    else
        a.format->print(stdout, &results);
    results_free(&results);
    free(a.traces);
    return status;
}
