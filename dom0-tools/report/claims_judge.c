/*
 * Figures of claims, and whether they are within their bounds.  (claims.h)
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/claims.h"
#include "report/text.h"
#include "xenometer.h"

struct evidence {
    const struct results *results;
    const struct trace *traces;
    size_t trace_count;
};

/* --------------------------------------------------------------- figures -- */

static bool of_result(const struct evidence *e, const json_t *figure, const struct column *column,
                      double *value)
{
    const char *row = json_string_value(json_object_get(figure, "row"));
    const char *field = json_string_value(json_object_get(figure, "field"));

    for ( size_t i = 0; i < e->results->count; i++ )
    {
        const struct result *r = &e->results->rows[i];

        if ( r->column != column || r->outcome != OUTCOME_SUCCESS || strcmp(r->row, row) )
            continue;
        if ( !field || !strcmp(field, "median") )
            *value = (double)r->median;
        else if ( r->total == 0 )
            return false;
        else
            *value = (double)(*field == 'n' ? r->notifications : r->upcalls) / (double)r->total;
        return true;
    }
    return false;
}

static double count_stages(const struct trace *t)
{
    double count = 0;

    for ( size_t i = 0; i < t->stage_count; i++ )
        count += !t->stages[i].tail && t->places[t->stages[i].place].layer != LAYER_IDLE;
    return count;
}

/* How often the guest enters Xen, for one operation. */
static double count_entries(const struct trace *t)
{
    double count = 0;

    for ( size_t i = 1; i < t->stage_count; i++ )
        count += t->places[t->stages[i].place].layer == LAYER_XEN &&
                 t->places[t->stages[i - 1].place].layer == LAYER_GUEST;
    return count / (t->operations ? t->operations : 1);
}

/* Calls of any of the functions, whatever a compiler made of them ("do_sched_op.part.0"). */
static double count_calls(const struct trace *t, const json_t *functions)
{
    const json_t *function;
    double count = 0;
    size_t k;

    json_array_foreach(functions, k, function)
    {
        const char *name = json_string_value(function);
        size_t length = strlen(name);

        for ( size_t i = 0; i < t->function_count; i++ )
            if ( !strncmp(t->functions[i].name, name, length) &&
                 strchr(".", t->functions[i].name[length]) )
                count += (double)t->functions[i].calls;
    }
    return count;
}

static bool of_trace(const struct evidence *e, const json_t *figure, const struct column *column,
                     double *value)
{
    const char *row = json_string_value(json_object_get(figure, "trace"));
    const json_t *count = json_object_get(figure, "count");
    const char *what = json_string_value(count);

    for ( size_t i = 0; i < e->trace_count; i++ )
    {
        const struct trace *t = &e->traces[i];

        if ( t->column != column || strcmp(t->row, row) )
            continue;
        *value = !what ? count_calls(t, count)
                 : !strcmp(what, "stages") ? count_stages(t) : count_entries(t);
        return true;
    }
    return false;
}

/* False: nobody measured it. */
static bool figure_value(const struct evidence *e, const json_t *figure, const struct column *column,
                         double *value)
{
    const char *own = json_string_value(json_object_get(figure, "column"));
    const json_t *minus = json_object_get(figure, "minus"), *over = json_object_get(figure, "over"),
                 *left = json_object_get(figure, "left"), *pair = minus ? minus : over;
    double a, b;

    if ( pair )
    {
        if ( !figure_value(e, json_array_get(pair, 0), column, &a) ||
             !figure_value(e, json_array_get(pair, 1), column, &b) || (over && b == 0) )
            return false;
        *value = minus ? a - b : a / b;
        return true;
    }
    if ( left )
    {
        /* Those rows count what is taken of each thousand million ticks. */
        if ( !figure_value(e, left, column, &a) )
            return false;
        *value = 100 - a / 1e7;
        return true;
    }
    if ( own )
        column = column_find(own);
    if ( !column )
        return false;
    return json_object_get(figure, "row") ? of_result(e, figure, column, value)
                                          : of_trace(e, figure, column, value);
}

/* Does it name the column of each of its figures? */
static bool names_columns(const json_t *figure)
{
    const json_t *minus = json_object_get(figure, "minus"), *over = json_object_get(figure, "over"),
                 *left = json_object_get(figure, "left"), *pair = minus ? minus : over;

    if ( pair )
        return names_columns(json_array_get(pair, 0)) && names_columns(json_array_get(pair, 1));
    return left ? names_columns(left) : json_object_get(figure, "column") != NULL;
}

/* --------------------------------------------------------------- verdicts -- */

static bool unit_is(const struct claim_part *p, const char *unit)
{
    return !strcmp(json_string_value(json_object_get(p->part, "unit")), unit);
}

static double bound(const struct claim_part *p, const char *which, double otherwise)
{
    const json_t *b = json_object_get(p->part, which);

    return b ? json_number_value(b) : otherwise;
}

static enum claim_answer answer(const struct claim_part *p, const struct environment *e, double *value)
{
    bool cycles = !strcmp(e->clock, "cycles"), instructions = !strcmp(e->clock, "instructions");
    bool timed = unit_is(p, "cycles") || unit_is(p, "ns") || unit_is(p, "percent");
    double high = bound(p, "high", __builtin_inf());

    if ( unit_is(p, "ns") && cycles && e->tsc_hz )
        *value = *value * 1e9 / (double)e->tsc_hz;
    else if ( unit_is(p, "ns") && cycles )
        return CLAIM_UNKNOWN;
    if ( instructions && unit_is(p, "cycles") && *value > high * CLAIM_RETIRED )
        return CLAIM_NO;
    if ( (timed && !cycles) || (unit_is(p, "instructions") && !instructions) )
        return CLAIM_UNKNOWN;
    return *value >= bound(p, "low", -__builtin_inf()) && *value <= high ? CLAIM_YES : CLAIM_NO;
}

/* "for PV, PVH", of those with that answer; "": all have it, or their column is the figure's own. */
static char *for_whom(const struct claim_part *p, enum claim_answer a)
{
    char *text = xstrdup("");
    bool all = true;

    for ( size_t i = 0; i < p->count; i++ )
        all &= p->figures[i].answer == a;
    for ( size_t i = 0; i < p->count && !all; i++ )
        if ( p->figures[i].answer == a )
        {
            char *longer = xasprintf("%s%s%s", text, *text ? ", " : " for ", p->figures[i].column->title);

            free(text);
            text = longer;
        }
    return text;
}

static bool any(const struct claim_part *p, enum claim_answer a)
{
    for ( size_t i = 0; i < p->count; i++ )
        if ( p->figures[i].answer == a )
            return true;
    return false;
}

static void put_verdict(struct claim_part *p, enum claim_answer a, const char *words)
{
    char *whom, *longer;

    if ( !any(p, a) )
        return;
    whom = for_whom(p, a);
    longer = xasprintf("%s%s%s%s", p->verdict ? p->verdict : "", p->verdict ? "; " : "", words, whom);
    free(whom);
    free(p->verdict);
    p->verdict = longer;
}

/* What judges a unit, in words that follow "instructions, not ". */
static const char *wanted(const struct claim_part *p)
{
    return unit_is(p, "cycles") ? "cycles" : unit_is(p, "instructions") ? "instructions" : "time";
}

static void judge_figures(struct claim_part *p, const struct environment *e)
{
    const char *counted = json_string_value(json_object_get(p->part, "counted"));
    bool cycles = !strcmp(e->clock, "cycles"), refuted;

    p->unit = counted ? counted : unit_is(p, "ns") && cycles && e->tsc_hz ? "ns"
              : unit_is(p, "percent") ? "%" : unit_is(p, "count") ? "" : e->clock;
    for ( size_t i = 0; i < p->count; i++ )
        p->figures[i].answer = answer(p, e, &p->figures[i].value);
    put_verdict(p, CLAIM_YES, "holds");
    put_verdict(p, CLAIM_NO, "does not hold");
    put_verdict(p, CLAIM_UNKNOWN, "cannot be judged with this clock");
    refuted = any(p, CLAIM_NO) && unit_is(p, "cycles") && !cycles;
    if ( any(p, CLAIM_UNKNOWN) || refuted )
        p->why = xasprintf("%s, not %s%s%s%s", e->clock, wanted(p), refuted ? "; but no CPU executes more than "
                           : "", refuted ? TEXT_OF(CLAIM_RETIRED) : "", refuted ? " in a cycle" : "");
}

/* The traces and rows that its figure is of, as text. */
static void sources(const json_t *figure, char **text)
{
    const char *row = json_string_value(json_object_get(figure, "row"));
    const char *trace = json_string_value(json_object_get(figure, "trace"));
    const json_t *minus = json_object_get(figure, "minus"), *over = json_object_get(figure, "over"),
                 *left = json_object_get(figure, "left");
    char *longer;

    for ( size_t i = 0; i < 2 && (minus || over); i++ )
        sources(json_array_get(minus ? minus : over, i), text);
    if ( left )
        sources(left, text);
    if ( !row && !trace )
        return;
    longer = xasprintf("%s%s%s%s", *text ? *text : "", *text ? ", " : "", trace ? "a trace of " : "",
                       trace ? trace : row);
    free(*text);
    *text = longer;
}

static bool other_vendor(const struct claim_part *p, const struct environment *e)
{
    const char *cpu = json_string_value(json_object_get(p->part, "cpu"));

    return cpu && !environment_has(e, !strcmp(cpu, "intel") ? "vmx" : "svm");
}

static void judge_part(struct claim_part *p, const struct evidence *e)
{
    const json_t *figure = json_object_get(p->part, "figure");
    const char *unmeasured = json_string_value(json_object_get(p->part, "unmeasured"));
    const char *names = json_string_value(json_object_get(p->part, "columns"));
    struct column_set columns = { { false } };
    double value;

    if ( unmeasured )
    {
        p->verdict = xstrdup("not measured");
        p->why = xstrdup(unmeasured);
        return;
    }
    if ( names )
        columns_named(names, &columns);
    else
        columns = columns_every();
    p->figures = xcalloc(COLUMNS_MAX, sizeof(*p->figures));
    if ( other_vendor(p, &e->results->environment) )
        ;
    else if ( names_columns(figure) )
    {
        if ( figure_value(e, figure, NULL, &value) )
            p->figures[p->count++] = (struct claim_figure){ .value = value };
    }
    else
        FOR_EACH_COLUMN(c)
            if ( columns_have(&columns, c) && figure_value(e, figure, c, &value) )
                p->figures[p->count++] = (struct claim_figure){ .column = c, .value = value };
    if ( p->count )
        judge_figures(p, &e->results->environment);
    else
    {
        char *text = NULL;

        sources(figure, &text);
        p->verdict = xstrdup("not measured");
        p->why = other_vendor(p, &e->results->environment)
            ? xasprintf("it is about another CPU (%s)", json_string_value(json_object_get(p->part, "cpu")))
            : xasprintf("here is no figure of %s", text);
        free(text);
    }
}

void claims_judge(struct claims *claims, const struct results *results, const struct trace *traces,
                  size_t trace_count)
{
    struct evidence e = { results, traces, trace_count };

    for ( size_t i = 0; i < claims->count; i++ )
        for ( size_t p = 0; p < claims->all[i].count; p++ )
        {
            judge_part(&claims->all[i].parts[p], &e);
            claims->all[i].measured |= claims->all[i].parts[p].count > 0;
        }
}

char *claim_figure_text(const struct claim_figure *f)
{
    double size = f->value < 0 ? -f->value : f->value;
    char *whole = text_number((uint64_t)(size + 0.5));
    bool small = size < 100 && size != (double)(uint64_t)size;
    char *text = small ? xasprintf("%s%s%.3g", f->column ? f->column->title : "", f->column ? " " : "",
                                   f->value)
                       : xasprintf("%s%s%s%s", f->column ? f->column->title : "", f->column ? " " : "",
                                   f->value < 0 ? "-" : "", whole);

    free(whole);
    return text;
}
