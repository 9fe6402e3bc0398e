/*
 * `xenometer compare`: two results files, what changed between them.
 */
#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libsmartcols/libsmartcols.h>

#include "catalogue/modes.h"
#include "report/comparison.h"
#include "report/json.h"
#include "report/layout.h"
#include "report/text.h"
#include "xenometer.h"

struct arguments {
    const char *file[2], *explained;
    struct allowance allowed;
    bool json;
};

enum { OPTION_JSON = 0x100, OPTION_ACROSS };

static const struct argp_option options[] = {
    { "threshold", 't', "PERCENT", 0, "medians may move by that much of the "
      "old one (default 0)", 0 },
    { "allow", 'a', "N", 0, "medians may move by N instructions, or cycles "
      "(default 0)", 0 },
    { "explained", 'e', "FILE", 0, "known changes, one ROW[:MODES] a line with "
      "its reason behind it: these are no failure", 0 },
    { "across-features", OPTION_ACROSS, NULL, 0, "compare also figures of CPUs with "
      "different features, as with and without NRIP-save", 0 },
    { "json", OPTION_JSON, NULL, 0, "print JSON", 0 },
    { 0 }
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct arguments *a = state->input;
    char *end;

    switch ( key )
    {
    case 't':
        errno = 0;
        a->allowed.percent = strtod(text, &end);
        if ( *end == '%' )
            end++;
        if ( end == text || *end != '\0' || errno != 0 ||
             !isfinite(a->allowed.percent) || a->allowed.percent < 0 )
        {
            message("--threshold: '%s' is not a percentage of 0 or more", text);
            exit(STATUS_USAGE);
        }
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
    case ARGP_KEY_ARG:
        if ( state->arg_num > 1 )
            argp_error(state, "two results files, no more");
        a->file[state->arg_num] = text;
        return 0;
    case ARGP_KEY_END:
        if ( state->arg_num < 2 )
            argp_error(state, "two results files are needed, the old and the "
                       "new one");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct result *either(const struct change *c)
{
    return c->after ? c->after : c->before;
}

/* A median, or the outcome there was instead; the caller's to free. */
static char *figure(const struct result *r)
{
    if ( r == NULL )
        return xstrdup("");
    if ( r->outcome != OUTCOME_SUCCESS )
        return xstrdup(outcome_name(r->outcome));
    return text_number(r->median);
}

/* "+3,404", "-781", "new", "gone"; the caller's to free. */
static char *difference(const struct change *c)
{
    uint64_t before, after;
    char *moved, *text;

    if ( c->kind == CHANGE_OUTCOME )
        return xstrdup("");
    if ( c->kind != CHANGE_MEDIAN )
        return xstrdup(change_name(c->kind));
    before = c->before->median;
    after = c->after->median;
    moved = text_number(after > before ? after - before : before - after);
    text = xasprintf("%c%s", after > before ? '+' : '-', moved);
    free(moved);
    return text;
}

/* "+3.1%"; the caller's to free. */
static char *percentage(const struct change *c)
{
    if ( c->kind != CHANGE_MEDIAN )
        return xstrdup("");
    if ( c->before->median == 0 )
        return xstrdup("from 0");
    return text_change(c->before->median, c->after->median);
}

/* Why it is no failure, or why there is no figure. */
static const char *why(const struct change *c)
{
    if ( c->explained )
        return c->explained;
    if ( c->kind == CHANGE_OUTCOME && c->after->reason )
        return c->after->reason;
    if ( c->kind == CHANGE_OUTCOME && c->before->reason )
        return c->before->reason;
    return "";
}

static void add_line(struct libscols_table *table, const struct change *c,
                     bool colour)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    char *before = figure(c->before), *after = figure(c->after);
    char *change = difference(c), *percent = percentage(c), *interval = xstrdup("");

    if ( c->has_interval )
    {
        free(interval);
        interval = xasprintf("%.3f to %.3f", c->interval[0], c->interval[1]);
    }
    scols_line_set_data(line, 0, either(c)->row);
    scols_line_set_data(line, 1, layout_mode_title(either(c)->mode));
    scols_line_set_data(line, 2, before);
    scols_line_set_data(line, 3, after);
    scols_line_set_data(line, 4, change);
    scols_line_set_data(line, 5, percent);
    scols_line_set_data(line, 6, interval);
    scols_line_set_data(line, 7, why(c));
    if ( colour && c->counts && !c->explained )
        scols_line_set_color(line, COLOUR_RED);
    free(before);
    free(after);
    free(change);
    free(percent);
    free(interval);
}

static int print_table(const struct comparison *comparison, const char *clock)
{
    struct libscols_table *table = scols_new_table();
    bool colour = text_style(stdout).colour, intervals = false, reasons = false;
    size_t shown = 0;

    if ( table == NULL )
    {
        message("out of memory");
        return STATUS_ENVIRONMENT;
    }
    for ( size_t i = 0; i < comparison->count; i++ )
    {
        intervals |= comparison->changes[i].has_interval;
        reasons |= *why(&comparison->changes[i]) != '\0';
    }
    scols_table_enable_colors(table, colour);
    scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
    scols_table_set_column_separator(table, "  ");
    scols_table_new_column(table, "ROW", 0, 0);
    scols_table_new_column(table, "MODE", 0, 0);
    scols_table_new_column(table, "OLD", 0, SCOLS_FL_RIGHT);
    scols_table_new_column(table, "NEW", 0, SCOLS_FL_RIGHT);
    scols_table_new_column(table, "CHANGE", 0, SCOLS_FL_RIGHT);
    scols_table_new_column(table, "%", 0, SCOLS_FL_RIGHT);
    scols_table_new_column(table, "95% OF NEW/OLD", 0,
                           intervals ? SCOLS_FL_RIGHT : SCOLS_FL_HIDDEN);
    scols_table_new_column(table, "WHY", 0, reasons ? 0 : SCOLS_FL_HIDDEN);
    for ( size_t i = 0; i < comparison->count; i++ )
        if ( comparison->changes[i].kind != CHANGE_NONE )
        {
            add_line(table, &comparison->changes[i], colour);
            shown++;
        }
    if ( shown > 0 )
    {
        printf("Medians, %s per operation%s.\n\n", clock,
               strcmp(clock, "instructions") == 0 ? ", not time" : "");
        scols_print_table(table);
        putchar('\n');
    }
    scols_unref_table(table);
    printf("%zu of %zu figures are the same.\n", comparison->count - shown,
           comparison->count);
    return STATUS_OK;
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
            "row", either(c)->row, "mode", mode_name(either(c)->mode),
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

static int compare(const struct arguments *a, struct explanations *explanations,
                   const struct results *before, const struct results *after)
{
    struct comparison comparison;
    char *error, *factors;
    int status = STATUS_OK;

    if ( !comparison_make(before, after, &a->allowed, &comparison, &error) )
    {
        message("%s and %s: %s", a->file[0], a->file[1], error);
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
    else
        status = print_table(&comparison, after->environment.clock);
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
        options, parse_option, "OLD NEW",
        "Set two results files side by side.\v"
        "A median counts as changed beyond both --threshold and --allow; a row "
        "that is gone or no longer succeeds always does, a new one never.  "
        "Changes that --explained lists are shown with their reason and count "
        "no more.  The ratio of two medians comes with its bootstrap "
        "interval.\n\n"
        "  xenometer compare before.json build/results.json\n"
        "  xenometer compare --threshold=1 --json old.json new.json\n"
        "  xenometer compare -t 2 -a 50 --explained=known.txt old.json new.json\n\n"
        "A line of known.txt: exit/*:pvh,hvm  one more register saved, commit 1234abc\n\n"
        "Exit status: 0 nothing changed that is not explained, 1 something did, "
        "2 usage, files of different clocks included.",
        NULL, NULL, NULL
    };
    struct arguments a = { .json = false };
    struct results before = { .count = 0 }, after = { .count = 0 };
    struct explanations *explanations = NULL;
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    if ( a.explained && !(explanations = explanations_read(a.explained)) )
        return STATUS_USAGE;
    status = results_read(a.file[0], &before);
    if ( status == STATUS_OK )
        status = results_read(a.file[1], &after);
    if ( status == STATUS_OK )
        status = compare(&a, explanations, &before, &after);
    explanations_free(explanations);
    results_free(&before);
    results_free(&after);
    return status;
}
