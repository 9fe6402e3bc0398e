/*
 * The table of what differs between two results files (changes.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libsmartcols/libsmartcols.h>

#include "catalogue/modes.h"
#include "report/changes.h"
#include "report/layout.h"
#include "report/text.h"
#include "xenometer.h"

const struct result *change_result(const struct change *c)
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
    scols_line_set_data(line, 0, change_result(c)->row);
    scols_line_set_data(line, 1, change_result(c)->column->title);
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

int changes_print(const struct comparison *comparison, const char *clock,
                  const char *before, const char *after)
{
    struct libscols_table *table = scols_new_table();
    bool colour = text_style(stdout).colour, intervals = false, reasons = false;
    char *ratio = xasprintf("95%% OF %s/%s", after, before);
    size_t shown = 0;

    if ( table == NULL )
    {
        message("out of memory");
        free(ratio);
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
    scols_table_new_column(table, before, 0, SCOLS_FL_RIGHT);
    scols_table_new_column(table, after, 0, SCOLS_FL_RIGHT);
    scols_table_new_column(table, "CHANGE", 0, SCOLS_FL_RIGHT);
    scols_table_new_column(table, "%", 0, SCOLS_FL_RIGHT);
    scols_table_new_column(table, ratio, 0,
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
    free(ratio);
    printf("%zu of %zu figures are the same.\n", comparison->count - shown,
           comparison->count);
    return STATUS_OK;
}
