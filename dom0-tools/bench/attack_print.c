#include "bench/attack_print.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/text.h"
#include "xenometer.h"

#define SCHEMA "xenometer-attacks/1"

static json_t *describe(const struct attack *a)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "id", a->id, "attacker", a->attacker, "must", a->must,
                     "defence", a->defence);
}

static void dump(json_t *root)
{
    json_dumpf(root, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(root);
}

/* ----------------------------------------------------------------- list -- */

static json_t *list_document(const struct image *image)
{
    json_t *cases = json_array();

    for ( size_t i = 0; i < attack_count; i++ )
    {
        json_t *one = describe(&attacks[i]);
        char *rows = attack_rows(image, &attacks[i]);

        json_object_set_new(one, "rows", rows ? json_string(rows) : json_null());
        json_object_set_new(one, "script", json_boolean(attacks[i].script != NULL));
        json_array_append_new(cases, one);
        free(rows);
    }
    return json_pack("{s:s, s:o}", "schema", SCHEMA, "cases", cases);
}

int attack_print_list(bool json)
{
    struct image *image = attack_image(NULL);
    struct style style = text_style(stdout);

    if ( !image )
        return STATUS_ENVIRONMENT;
    if ( json )
        dump(list_document(image));
    for ( size_t i = 0; !json && i < attack_count; i++ )
    {
        const struct attack *a = &attacks[i];
        char *first = xasprintf("%-4s ", a->id);

        if ( i == 0 )
            printf("A hostile frontend, our backend attacked\n");
        else if ( attack_by_backend(a) && !attack_by_backend(a - 1) )
            printf("A hostile backend, our unikernel attacked\n");
        text_wrap(stdout, first, a->attacker, style.width);
        free(first);
    }
    if ( !json )
        printf("`xenometer attack F6` shows one live, `xenometer attack --all` tries them all.\n");
    image_free(image);
    return STATUS_OK;
}

/* ----------------------------------------------------------- scoreboard -- */

static bool holds(const struct attack_report *r, const struct attack *a)
{
    size_t held, steps = attack_steps(r, a, &held);

    return steps && held == steps;
}

/* Nothing of it was tried, as --quick or --cpu asks. */
static bool left_out(const struct attack_report *r, const struct attack *a)
{
    size_t held;

    return r->quick && !attack_steps(r, a, &held);
}

static json_t *document(const struct attack_report *r, const struct attack *const *chosen,
                        size_t count, size_t held)
{
    json_t *cases = json_array();

    for ( size_t i = 0; i < count; i++ )
    {
        json_t *one = describe(chosen[i]), *steps = json_array();

        for ( size_t k = 0; k < r->count; k++ )
            if ( r->steps[k].attack == chosen[i] )
                json_array_append_new(steps, json_pack("{s:s, s:s, s:b, s:s}", "row", r->steps[k].what,
                    "mode", r->steps[k].mode, "held", (int)r->steps[k].held, "saw", r->steps[k].saw));
        json_object_set_new(one, "held", json_boolean(holds(r, chosen[i])));
        json_object_set_new(one, "steps", steps);
        json_array_append_new(cases, one);
    }
    return json_pack("{s:s, s:I, s:I, s:o}", "schema", SCHEMA, "held", (json_int_t)held, "of",
                     (json_int_t)count, "cases", cases);
}

/* What a run says of itself, and not of what happens in it. */
static bool is_about_run(const char *line)
{
    static const char *const others[] = { "Host: ", "linking ", "creating a domain", " s)" };

    for ( size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++ )
        if ( strstr(line, others[i]) )
            return true;
    return false;
}

static void print_said(const char *said, const struct style *style)
{
    char *copy = xstrdup(said), *rest = copy, *line;

    while ( (line = strsep(&rest, "\n")) )
        if ( !strncmp(line, "xenometer: ", 11) && !is_about_run(line) )
            text_wrap(stdout, "  dom0 said  ", line + 11, style->width);
    free(copy);
}

static void print_one(const struct attack_report *r, const struct attack *a, const struct style *style)
{
    const char *said = NULL;

    printf("%s%s  %s%s\n", style->colour ? COLOUR_BOLD : "", a->id, a->attacker,
           style->colour ? COLOUR_NONE : "");
    text_wrap(stdout, "  must see   ", a->must, style->width);
    text_wrap(stdout, "  stopped by ", a->defence, style->width);
    for ( size_t i = 0; i < r->count; i++ )
    {
        const struct attack_step *s = &r->steps[i];
        char *first;

        if ( s->attack != a )
            continue;
        first = xasprintf("  %s%-10s%s ", !style->colour ? "" : s->held ? COLOUR_GREEN : COLOUR_RED,
                          s->held ? "held" : "NOT HELD", style->colour ? COLOUR_NONE : "");
        if ( strcmp(s->what, "script") )
        {
            char *text = xasprintf("%s in %s; saw: %s", s->what, s->mode, s->saw);

            text_wrap(stdout, first, text, style->width);
            free(text);
        }
        else
            text_wrap(stdout, first, s->saw, style->width);
        free(first);
        if ( !said || strcmp(said, s->said) )
            print_said(s->said, style);
        said = s->said;
    }
}

static void print_line(const struct attack_report *r, const struct attack *a, const struct style *style)
{
    size_t held, steps = attack_steps(r, a, &held);
    bool all = steps && held == steps;
    bool out = left_out(r, a);
    char *first = xasprintf("%-4s %s%s%s  ", a->id,
                            !style->colour || out ? "" : all ? COLOUR_GREEN : COLOUR_RED,
                            all ? "held    " : out ? "left out" : "NOT HELD", style->colour && !out ? COLOUR_NONE : "");
    char *text = out ? xstrdup(a->attacker) : xasprintf("%s (%zu of %zu)", a->attacker, held, steps);

    text_wrap(stdout, first, text, style->width);
    free(text);
    free(first);
    for ( size_t i = 0; i < r->count; i++ )
        if ( r->steps[i].attack == a && !r->steps[i].held )
            printf("       %s in %s: %s\n", r->steps[i].what, r->steps[i].mode, r->steps[i].saw);
}

int attack_print(const struct attack_report *r, const struct attack *const *chosen, size_t count, bool json)
{
    struct style style = text_style(stdout);
    size_t held = 0, out = 0;

    for ( size_t i = 0; i < count; i++ )
    {
        held += holds(r, chosen[i]);
        out += left_out(r, chosen[i]);
    }
    if ( json )
        dump(document(r, chosen, count, held));
    for ( size_t i = 0; !json && i < count; i++ )
        if ( count == 1 )
            print_one(r, chosen[i], &style);
        else
            print_line(r, chosen[i], &style);
    if ( !json && count > 1 )
        printf("%zu of %zu held\n", held, count - out);
    if ( !json && out )
        printf("%zu left out\n", out);
    return held + out == count ? STATUS_OK : STATUS_FAILED;
}
