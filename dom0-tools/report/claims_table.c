/*
 * Claims as text and as JSON.  (claims.h)
 */
#include <stdlib.h>
#include <string.h>

#include "report/claims.h"
#include "report/text.h"
#include "xenometer.h"

/* "PV 248, PVH 710 instructions"; the caller's. */
static char *measured(const struct claim_part *p)
{
    char *text = xstrdup("");

    for ( size_t i = 0; i < p->count; i++ )
    {
        char *one = claim_figure_text(&p->figures[i]);
        char *longer = xasprintf("%s%s%s", text, i ? ", " : "", one);

        free(one);
        free(text);
        text = longer;
    }
    if ( p->count && *p->unit )
    {
        char *longer = xasprintf("%s %s", text, p->unit);

        free(text);
        text = longer;
    }
    return text;
}

static const char *verdict_colour(const struct claim_part *p)
{
    bool yes = !strncmp(p->verdict, "holds", 5);

    return yes && !strstr(p->verdict, "not") ? COLOUR_GREEN
           : !strncmp(p->verdict, "does not", 8) ? COLOUR_RED : COLOUR_YELLOW;
}

static void put_claim(FILE *out, const struct claim *c, const struct style *style)
{
    char *first = xasprintf("%s%-4s ", style->colour ? COLOUR_BOLD : "", c->id);

    text_wrap(out, first, c->text, style->width);
    free(first);
    if ( style->colour )
        fputs(COLOUR_NONE, out);
}

void claims_list(FILE *out, const struct claims *claims)
{
    struct style style = text_style(out);

    for ( size_t i = 0; i < claims->count; i++ )
    {
        const struct claim *c = &claims->all[i];

        put_claim(out, c, &style);
        text_wrap(out, "     from ", c->source, style.width);
    }
}

void claims_print(FILE *out, const struct claims *claims)
{
    struct style style = text_style(out);
    char *sum;

    for ( size_t i = 0; i < claims->count; i++ )
    {
        const struct claim *c = &claims->all[i];

        if ( i )
            fputc('\n', out);
        put_claim(out, c, &style);
        for ( size_t k = 0; k < c->count; k++ )
        {
            const struct claim_part *p = &c->parts[k];
            char *figures = measured(p);
            char *first = xasprintf("       %s", style.colour ? verdict_colour(p) : "");
            char *verdict = xasprintf("%s%s%s", p->verdict, p->why ? ": " : "", p->why ? p->why : "");

            text_wrap(out, "     - ", p->says, style.width);
            if ( *figures )
                text_wrap(out, "       measured ", figures, style.width);
            text_wrap(out, first, verdict, style.width);
            if ( style.colour )
                fputs(COLOUR_NONE, out);
            free(verdict);
            free(first);
            free(figures);
        }
    }
    sum = claims_sum(claims);
    fputc('\n', out);
    text_wrap(out, "", sum, style.width);
    free(sum);
}

char *claims_sum(const struct claims *claims)
{
    unsigned parts = 0, yes = 0, no = 0, both = 0, open = 0;

    for ( size_t i = 0; i < claims->count; i++ )
        for ( size_t k = 0; k < claims->all[i].count; k++ )
        {
            const struct claim_part *p = &claims->all[i].parts[k];
            bool has[3] = { false };

            for ( size_t f = 0; f < p->count; f++ )
                has[p->figures[f].answer] = true;
            parts++;
            yes += has[CLAIM_YES] && !has[CLAIM_NO];
            no += has[CLAIM_NO] && !has[CLAIM_YES];
            both += has[CLAIM_NO] && has[CLAIM_YES];
            open += has[CLAIM_UNKNOWN] && !has[CLAIM_NO] && !has[CLAIM_YES];
        }
    return xasprintf("%zu claims have %u parts: %u hold, %u hold for some, %u do not hold, %u cannot be judged "
                     "with this clock, %u are not measured.", claims->count, parts, yes, both, no, open,
                     parts - yes - both - no - open);
}

json_t *claims_json(const struct claims *claims)
{
    json_t *list = json_array();

    for ( size_t i = 0; i < claims->count; i++ )
    {
        const struct claim *c = &claims->all[i];
        json_t *parts = json_array();

        for ( size_t k = 0; k < c->count; k++ )
        {
            const struct claim_part *p = &c->parts[k];
            char *figures = measured(p);

            json_array_append_new(parts, json_pack("{s:s, s:s, s:s, s:s?}", "says", p->says,
                                                   "measured", figures, "verdict", p->verdict,
                                                   "why", p->why));
            free(figures);
        }
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "id", c->id, "claim", c->text,
                                              "source", c->source, "parts", parts));
    }
    return list;
}
