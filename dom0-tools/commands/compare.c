/*
 * `xenometer compare`: two results files, what changed between them.
 */
#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/modes.h"
#include "catalogue/select.h"
#include "report/across.h"
#include "report/changes.h"
#include "report/comparison.h"
#include "report/json.h"
#include "report/output.h"
#include "report/page.h"
#include "report/store.h"
#include "report/trace_files.h"
#include "xenometer.h"

#define MOST_FILES  8u
#define MOST_TRACES 64u

struct arguments {
    const char *file[MOST_FILES], *explained, *html, *traces[MOST_TRACES];
    size_t count, trace_count;
    struct allowance allowed;
    bool json;
};

enum { OPTION_JSON = 0x100, OPTION_ACROSS, OPTION_LIST, OPTION_FORGET, OPTION_HTML, OPTION_TRACE };

static const struct argp_option options[] = {
    { "threshold", 't', "PERCENT", 0, "medians may move by that much of the "
      "old one (default 0)", 0 },
    { "allow", 'a', "N", 0, "medians may move by N instructions, or cycles "
      "(default 0)", 0 },
    { "explained", 'e', "FILE", 0, "known changes, one ROW[:MODES] a line with "
      "its reason behind it: these are no failure", 0 },
    { "across-features", OPTION_ACROSS, NULL, 0, "compare also figures of CPUs with "
      "different features, as with and without NRIP-save", 0 },
    { "html", OPTION_HTML, "FILE", 0, "write a page for a browser, one file: two or more results "
      "files side by side, what changed most first", 0 },
    { "trace", OPTION_TRACE, "FILE", 0, "with --html: a trace (`xenometer trace --json`); of two of "
      "the same row, in the order of the files, the functions responsible; may be repeated", 0 },
    { "json", OPTION_JSON, NULL, 0, "print JSON", 0 },
    { "list", OPTION_LIST, NULL, 0, "show what `run --save=NAME` keeps, and end", 0 },
    { "forget", OPTION_FORGET, "NAME", 0, "remove what is kept under that name, and end", 0 },
    { 0 }
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct arguments *a = state->input;
    char *end;

    switch ( key )
    {
    case 't':
        if ( parse_percentage("--threshold", text, &a->allowed.percent) )
            exit(STATUS_USAGE);
        return 0;
    case 'a':
        errno = 0;
        a->allowed.ticks = strtoull(text, &end, 10);
        if ( end == text || *end != '\0' || errno != 0 || strchr(text, '-') )
        {
            message("--allow: '%s' is not a number of instructions or cycles", text);
            exit(STATUS_USAGE);
        }
        return 0;
    case 'e':
        a->explained = text;
        return 0;
    case OPTION_ACROSS:
        a->allowed.across_features = true;
        return 0;
    case OPTION_JSON:
        a->json = true;
        return 0;
    case OPTION_LIST:
        exit(store_list(stdout));
    case OPTION_FORGET:
        exit(store_remove(text));
    case OPTION_HTML:
        a->html = text;
        return 0;
    case OPTION_TRACE:
        if ( a->trace_count == MOST_TRACES )
            argp_error(state, "--trace: no more than %u", MOST_TRACES);
        a->traces[a->trace_count++] = text;
        return 0;
    case ARGP_KEY_ARG:
        if ( a->count == MOST_FILES )
            argp_error(state, "no more than %u results files", MOST_FILES);
        a->file[a->count++] = text;
        return 0;
    case ARGP_KEY_END:
        if ( a->count < 2 )
            argp_error(state, "two results files are needed, the old and the "
                       "new one");
        if ( a->trace_count && !a->html )
            argp_error(state, "--trace is for a page: --html=FILE");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static json_t *median_value(const struct result *r)
{
    if ( r == NULL || r->outcome != OUTCOME_SUCCESS )
        return json_null();
    return json_integer((json_int_t)r->median);
}

static json_t *status_value(const struct result *r)
{
    return r ? json_string(outcome_name(r->outcome)) : json_null();
}

static void print_json(const struct comparison *comparison, const char *clock,
                       const struct allowance *allowed)
{
    json_t *rows = json_array(), *root;

    for ( size_t i = 0; i < comparison->count; i++ )
    {
        const struct change *c = &comparison->changes[i];
        json_t *row = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:s?}",
            "row", change_result(c)->row, "mode", change_result(c)->column->name,
            "change", change_name(c->kind),
            "old", median_value(c->before), "new", median_value(c->after),
            "old_status", status_value(c->before),
            "new_status", status_value(c->after), "beyond", c->counts,
            "explained", c->explained);

        if ( c->kind == CHANGE_MEDIAN && c->before->median != 0 )
            json_object_set_new(row, "percent", json_real(c->percent));
        if ( c->has_interval )
            json_object_set_new(row, "ratio95",
                                json_pack("[f,f]", c->interval[0],
                                          c->interval[1]));
        json_array_append_new(rows, row);
    }
    root = json_pack("{s:s, s:f, s:I, s:I, s:I, s:o}", "clock", clock,
                     "threshold", allowed->percent, "allow", (json_int_t)allowed->ticks,
                     "beyond", (json_int_t)comparison->beyond, "unexplained",
                     (json_int_t)(comparison->beyond - comparison->explained),
                     "rows", rows);
    json_dumpf(root, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(root);
}

/* What is wrong with the list of known changes is no failure, but said. */
static void say_unused(const char *path, const struct explanations *explanations)
{
    const char *pattern;
    size_t at = 0;
    unsigned line;

    while ( (line = explanations_unused(explanations, &at, &pattern)) != 0 )
        message("%s:%u: nothing changed in %s", path, line, pattern);
}

static void say_verdict(const struct arguments *a, const struct comparison *comparison,
                        const char *clock)
{
    size_t failed = comparison->beyond - comparison->explained;
    char *explained = xstrdup("");

    if ( comparison->explained )
    {
        free(explained);
        explained = xasprintf(", %zu more %s explained", comparison->explained,
                              comparison->explained == 1 ? "is" : "are");
    }
    if ( a->allowed.ticks )
        message("%zu %s beyond what is allowed, %g %% and %llu %s%s", failed,
                failed == 1 ? "change is" : "changes are", a->allowed.percent,
                (unsigned long long)a->allowed.ticks, clock, explained);
    else
        message("%zu %s beyond the threshold of %g %%%s", failed,
                failed == 1 ? "change is" : "changes are", a->allowed.percent, explained);
    free(explained);
}

static int write_page(const struct arguments *a, const struct results *all)
{
    struct trace traces[MOST_TRACES];
    struct page_files files = { .results = all, .names = a->file, .count = a->count,
                                .traces = traces };
    int status = STATUS_OK;

    while ( status == STATUS_OK && files.trace_count < a->trace_count )
    {
        status = trace_read(a->traces[files.trace_count], &traces[files.trace_count]);
        files.trace_count += status == STATUS_OK;
    }
    if ( status == STATUS_OK )
    {
        char *page = page_compare(&files);

        status = output_write(a->html, page);
        free(page);
    }
    while ( files.trace_count )
        trace_free(&traces[--files.trace_count]);
    return status;
}

/* One of the files with the first of them. */
static int compare(const struct arguments *a, struct explanations *explanations,
                   const struct results *before, const struct results *after, const char *name)
{
    struct comparison comparison;
    char *error, *factors;
    int status = STATUS_OK;

    if ( !comparison_make(before, after, &a->allowed, &comparison, &error) )
    {
        message("%s and %s: %s", a->file[0], name, error);
        free(error);
        return STATUS_USAGE;
    }
    factors = comparison_factors(before, after);
    if ( factors != NULL )
        message("the two were not measured alike: %s", factors);
    free(factors);
    if ( explanations )
    {
        explanations_apply(explanations, &comparison);
        say_unused(a->explained, explanations);
    }

    if ( a->json )
        print_json(&comparison, after->environment.clock, &a->allowed);
    else if ( !a->html )
        status = changes_print(&comparison, after->environment.clock, "OLD", "NEW");
    if ( status == STATUS_OK && comparison.beyond > comparison.explained )
    {
        say_verdict(a, &comparison, after->environment.clock);
        status = STATUS_FAILED;
    }
    comparison_free(&comparison);
    return status;
}

int command_compare(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse_option, "OLD NEW...",
        "Set two results files side by side; either may be the name of results that `run --save` "
        "keeps.\v"
        "A median counts as changed beyond both --threshold and --allow; a row "
        "that is gone or no longer succeeds always does, a new one never.  "
        "Changes that --explained lists are shown with their reason and count "
        "no more.  The ratio of two medians comes with its bootstrap "
        "interval.\n\n"
        "  xenometer compare before.json build/results.json\n"
        "  xenometer run --save=before && xenometer compare before build/results.json\n"
        "  xenometer compare --html=changes.html xen-4.17.json xen-4.20.json\n"
        "  xenometer compare --threshold=1 --json old.json new.json\n"
        "  xenometer compare -t 2 -a 50 --explained=known.txt old.json new.json\n"
        "  xenometer compare amd.json intel.json arm64.json     of several instruction sets: no changes, one table\n\n"
        "A line of known.txt: exit/*:pvh,hvm  one more register saved, commit 1234abc\n\n"
        "Exit status: 0 nothing changed that is not explained, 1 something did, "
        "2 usage, files of different clocks included.",
        NULL, NULL, NULL
    };
    struct arguments a = { .json = false };
    struct results all[MOST_FILES] = { 0 };
    struct explanations *explanations = NULL;
    int status = STATUS_OK, worst = STATUS_OK;
    bool across;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    if ( a.explained && !(explanations = explanations_read(a.explained)) )
        return STATUS_USAGE;
    for ( size_t i = 0; status == STATUS_OK && i < a.count; i++ )
        status = results_read(a.file[i], &all[i]);
    across = status == STATUS_OK && across_is(all, a.count) && !a.json && !a.html;
    if ( across )
        across_print(stdout, all, a.file, a.count);
    else if ( status == STATUS_OK && a.count > 2 && !a.html )
    {
        message("two results files, no more, but with --html or of several instruction sets");
        status = STATUS_USAGE;
    }
    for ( size_t i = 1; status == STATUS_OK && !across && i < a.count; i++ )
    {
        int one = compare(&a, explanations, &all[0], &all[i], a.file[i]);

        status = one == STATUS_FAILED ? STATUS_OK : one;
        worst = one == STATUS_FAILED ? STATUS_FAILED : worst;
    }
    if ( status == STATUS_OK && a.html )
        status = write_page(&a, all);
    explanations_free(explanations);
    for ( size_t i = 0; i < a.count; i++ )
        results_free(&all[i]);
    return status ? status : worst;
}
