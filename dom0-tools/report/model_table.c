/*
 * A model as text and as JSON.  (model.h)
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/model.h"
#include "report/text.h"
#include "xenometer.h"

/* What is left of a CPU, or of so much work and its crossings: shares of 1; NAN: it takes a rate. */
static double share_left(const struct model *m, const struct model_answer *a)
{
    return m->workload.cpu ? 1 - a->total / m->workload.cpu : NAN;
}

static double efficiency(const struct model *m, const struct model_answer *a)
{
    if ( m->workload.work )
        return m->workload.work / (m->workload.work + a->total);
    return share_left(m, a);
}

/* Instructions or cycles of a crossing, over all of them. */
static double path_length(const struct model_answer *a)
{
    return a->crossings ? (a->total) / a->crossings : 0;
}

static char *number(double value)
{
    return value >= 1e6 ? text_short_number((uint64_t)(value + 0.5)) : text_number((uint64_t)(value + 0.5));
}

static char *percent(double share)
{
    return isnan(share) ? xstrdup("?") : share < 0 ? xstrdup("none") : xasprintf("%.1f%%", 100 * share);
}

static void put(FILE *out, int width, char *text)
{
    fprintf(out, "%*s", width, text);
    free(text);
}

/* Widest way's name, and a figure's column. */
#define NAME  13
#define WIDTH 11

static void print_answers(FILE *out, const struct model *m)
{
    fprintf(out, "%-*s%*s%*s%*s%*s%8s%8s%9s\n", NAME, "", WIDTH, "a second", WIDTH, "trap", WIDTH, "schedule", WIDTH,
            "isolation", "left", "effic.", "path");
    for ( size_t i = 0; i < m->count; i++ )
    {
        const struct model_answer *a = &m->answers[i];

        if ( !a->complete )
            continue;
        fprintf(out, "%-*s", NAME, model_way_name(a->way));
        put(out, WIDTH, number(a->total));
        put(out, WIDTH, number(a->trap));
        put(out, WIDTH, number(a->schedule));
        put(out, WIDTH, number(a->isolation));
        put(out, 8, percent(share_left(m, a)));
        put(out, 8, percent(efficiency(m, a)));
        put(out, 9, number(path_length(a)));
        fputc('\n', out);
    }
}

static double each(const struct model_cost *c)
{
    return c->trap + c->schedule + c->isolation;
}

static void print_costs(FILE *out, const struct model *m)
{
    fprintf(out, "\n%-26s", "each");
    for ( size_t i = 0; i < m->count; i++ )
        fprintf(out, "%*s", i < 3 ? 9 : NAME, model_way_name(m->answers[i].way));
    fputc('\n', out);
    for ( enum model_kind k = 0; k < MODEL_KINDS; k++ )
    {
        if ( m->workload.rate[k] == 0 )
            continue;
        fprintf(out, "%-26s", model_kind_title(k));
        for ( size_t i = 0; i < m->count; i++ )
        {
            const struct model_cost *c = &m->answers[i].costs[k];

            put(out, i < 3 ? 9 : NAME, c->absent ? xstrdup("none") : c->known ? number(each(c)) : xstrdup("?"));
        }
        fputc('\n', out);
    }
}

/* "pv: 1.3 times less than pvh …"; the caller's. */
static char *advice(const struct model *m)
{
    const struct model_answer *next = NULL;
    char *saved, *text;

    if ( !m->best )
        return xstrdup("Nothing can be said: of each way a row is missing.");
    for ( size_t i = 0; i < m->count; i++ )
        if ( m->answers[i].complete && &m->answers[i] != m->best && (!next || m->answers[i].total < next->total) )
            next = &m->answers[i];
    if ( !next )
        return xasprintf("%s is the only way that is measured whole.", model_way_title(m->best->way));
    if ( next->total <= m->best->total * (1 + MODEL_WITHIN) )
        return xasprintf("%s takes the least, but %s is within %.0f%%, which is what this model tells apart: "
                         "choose by something else.", model_way_title(m->best->way), model_way_title(next->way),
                         100 * MODEL_WITHIN);
    saved = number(next->total - m->best->total);
    text = xasprintf("%s (%s): %s %s a second less than %s, which takes %.1f times as many.",
                     model_way_title(m->best->way), model_way_what(m->best->way), saved, m->environment.clock,
                     model_way_title(next->way), m->best->total ? next->total / m->best->total : 0);
    free(saved);
    return text;
}

static void print_notes(FILE *out, const struct model *m, const struct style *style)
{
    const struct model_workload *w = &m->workload;
    char *text;

    for ( size_t i = 0; i < m->count; i++ )
        if ( !m->answers[i].complete )
        {
            text = xasprintf("%s is left out: here is no figure of %s.", model_way_name(m->answers[i].way),
                             m->answers[i].missing);
            text_wrap(out, "  ", text, style->width);
            free(text);
        }
    for ( size_t i = 0; i < m->count && w->cpu; i++ )
        if ( m->answers[i].complete && m->answers[i].total + w->work > w->cpu )
        {
            text = xasprintf("%s does not fit: with the crossings it takes %.0f%% of the CPU.",
                             model_way_name(m->answers[i].way), 100 * (m->answers[i].total + w->work) / w->cpu);
            text_wrap(out, "  ", text, style->width);
            free(text);
        }
    if ( !w->cpu )
    {
        text = xasprintf("What is left of a CPU takes a rate: --%s=N, which a CPU of yours executes in a second.%s",
                         m->environment.clock, strcmp(m->environment.clock, "instructions") ? ""
                         : "  A clock frequency is none: it counts cycles, and the lab counts instructions.");
        text_wrap(out, "  ", text, style->width);
        free(text);
    }
    if ( w->rate[MODEL_TIMER] > 1000 )
        text_wrap(out, "  ", "The timer is beyond the fastest that is measured, 1000 Hz: in proportion to that.",
                  style->width);
    if ( w->rate[MODEL_TIMER] && w->rate[MODEL_TIMER] != 100 && w->rate[MODEL_TIMER] != 250 &&
         w->rate[MODEL_TIMER] != 1000 )
        text_wrap(out, "  ", "The load of the local APIC's timer and of the PIT grows straight with the rate, that of "
                  "Xen's own timer does not: between 100, 250 and 1000 Hz, which are measured, it is a guess there.",
                  style->width);
}

void model_print(FILE *out, const struct model *m)
{
    struct style style = text_style(out);
    char *said = advice(m), *head;

    head = xasprintf("%s a second that crossings take (%s): total = trap + schedule + isolation",
                     m->environment.clock, m->environment.host);
    text_wrap(out, "", head, style.width);
    free(head);
    print_answers(out, m);
    text_wrap(out, "  ", "left: of a CPU; effic.: of all that is executed, the workload's own; path: of one crossing.",
              style.width);
    print_costs(out, m);
    fputc('\n', out);
    print_notes(out, m, &style);
    text_wrap(out, "", said, style.width);
    free(said);
}

static json_t *real_or_null(double value)
{
    return isnan(value) ? json_null() : json_real(value);
}

json_t *model_json(const struct model *m)
{
    json_t *list = json_array();
    char *said = advice(m);
    json_t *all;

    for ( size_t i = 0; i < m->count; i++ )
    {
        const struct model_answer *a = &m->answers[i];
        json_t *costs = json_object();

        for ( enum model_kind k = 0; k < MODEL_KINDS; k++ )
            if ( m->workload.rate[k] && a->costs[k].known )
                json_object_set_new(costs, model_kind_name(k),
                                    json_pack("{s:f, s:f, s:f}", "trap", a->costs[k].trap, "schedule",
                                              a->costs[k].schedule, "isolation", a->costs[k].isolation));
        json_array_append_new(list, json_pack(
            "{s:s, s:b, s:s?, s:f, s:f, s:f, s:f, s:o, s:o, s:f, s:o}", "way", model_way_name(a->way),
            "complete", a->complete, "missing", a->missing, "total", a->total, "trap", a->trap,
            "schedule", a->schedule, "isolation", a->isolation, "left", real_or_null(share_left(m, a)),
            "efficiency", real_or_null(efficiency(m, a)), "path_length", path_length(a), "each", costs));
    }
    all = json_pack("{s:s, s:s, s:s?, s:s, s:o}", "unit", m->environment.clock, "host", m->environment.host,
                    "best", m->best ? model_way_name(m->best->way) : NULL, "advice", said, "ways", list);
    free(said);
    return all;
}
