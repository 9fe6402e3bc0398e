#include "bench/side.h"

#include <stdlib.h>
#include <string.h>

#include "bench/self.h"
#include "catalogue/select.h"
#include "lib/cancel.h"
#include "report/json.h"
#include "systems/xen_build.h"
#include "xenometer.h"

/* ------------------------------------------------------------------ parse -- */

/* What the lab's machine needs to be told, and does not run without (machines/boot.h). */
static const char *needed(const char *option)
{
    static const char *const options[] = {
        "console", "com1", "smap", "max_cstate", "bootscrub", "dom0_mem", "loglvl",
        "guest_loglvl", "noreboot",
    };
    size_t length = strcspn(option, "=");

    for ( size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++ )
        if ( strlen(options[i]) == length && !strncmp(option, options[i], length) )
            return options[i];
    return NULL;
}

static void append(char **text, const char *more)
{
    char *longer = xasprintf("%s%s%s", *text ? *text : "", *text ? " " : "", more);

    free(*text);
    *text = longer;
}

static int take_xen(struct side *s, const char *factor, const char *value)
{
    if ( needed(value) )
    {
        message("--factor=%s: the lab's machine needs %s as it is", factor, needed(value));
        return STATUS_USAGE;
    }
    append(&s->xen_options, value);
    return STATUS_OK;
}

static int take_dom0(struct side *s, const char *factor, const char *value)
{
    (void)factor;
    append(&s->dom0_options, value);
    return STATUS_OK;
}

static int take_build(struct side *s, const char *factor, const char *value)
{
    if ( s->build )
    {
        message("--factor=%s: one Xen at a time", factor);
        return STATUS_USAGE;
    }
    s->build = xstrdup(value);
    s->variant.xen = s->build;
    s->variant.tree = s->variant.directory = s->variant.symbols = NULL;
    return variant_check(&s->variant);
}

static int take_suite(struct side *s, const char *factor, const char *value)
{
    (void)factor;
    free(s->own_suite);
    s->own_suite = xstrdup(value);
    s->suite = s->own_suite;
    return suite_choose(&s->suite);
}

static int take_kconfig(struct side *s, const char *factor, const char *value)
{
    const char *equals = strchr(value, '=');

    if ( !equals || equals == value || !equals[1] ||
         strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != (size_t)(equals - value) )
    {
        message("--factor=%s: must be kconfig:OPTION=VALUE, such as kconfig:DEBUG=n", factor);
        return STATUS_USAGE;
    }
    append(&s->kconfig, value);
    return STATUS_OK;
}

static const struct {
    const char *name;
    int (*take)(struct side *, const char *factor, const char *value);
} kinds[] = {
    { "xen:", take_xen }, { "dom0:", take_dom0 }, { "build:", take_build },
    { "suite:", take_suite }, { "kconfig:", take_kconfig },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static size_t kind_of(const char *part)
{
    size_t i = 0;

    while ( i < KINDS && strncmp(part, kinds[i].name, strlen(kinds[i].name)) )
        i++;
    return i;
}

static int take_part(struct side *s, const char *factor, const char *part)
{
    size_t kind = kind_of(part);
    const char *value = kind < KINDS ? part + strlen(kinds[kind].name) : "";

    if ( *value && !strpbrk(value, " \t\n\"") )
        return kinds[kind].take(s, factor, value);
    message("--factor=%s: must be xen:OPTION or dom0:OPTION, as on their command lines (`xenometer "
            "factors` lists some), build:FILE|DIRECTORY, suite:SUITE or kconfig:OPTION=VALUE", factor);
    return STATUS_USAGE;
}

/* The next "+" that a part begins behind: there are some in names of files. */
static char *part_end(char *part)
{
    char *plus = strchr(part, '+');

    while ( plus && kind_of(plus + 1) == KINDS )
        plus = strchr(plus + 1, '+');
    return plus;
}

/* With its tree's tools, where the run has one; else with the suite's. */
static int build_kconfig(const struct run_options *o, const char *factor, struct side *s)
{
    int status;

    if ( !o->xen_source || s->build )
    {
        message(s->build ? "--factor=%s: either a build or kconfig: options to build with"
                         : "--factor=%s: of which sources? add --xen-source=DIRECTORY", factor);
        return STATUS_USAGE;
    }
    status = xen_build(o->xen_source, s->kconfig, &s->build);
    s->variant.xen = s->build;
    s->variant.symbols = NULL;
    return status;
}

int side_parse(const struct run_options *o, const char *factor, struct side *s)
{
    char *copy = xstrdup(factor ? factor : ""), *part = *copy ? copy : NULL, *end;
    int status = STATUS_OK;

    *s = (struct side){ .name = xstrdup(factor ? factor : "lab"), .suite = o->suite,
                        .variant = o->variant };
    if ( o->variant.xen_options )
        append(&s->xen_options, o->variant.xen_options);
    if ( o->variant.dom0_options )
        append(&s->dom0_options, o->variant.dom0_options);
    for ( ; part && status == STATUS_OK; part = end )
    {
        end = part_end(part);
        if ( end )
            *end++ = '\0';
        status = take_part(s, factor, part);
    }
    if ( status == STATUS_OK && s->kconfig )
        status = build_kconfig(o, factor, s);
    s->variant.xen_options = s->xen_options;
    s->variant.dom0_options = s->dom0_options;
    free(copy);
    return status;
}

void side_free(struct side *s)
{
    free(s->name);
    free(s->own_suite);
    free(s->build);
    free(s->xen_options);
    free(s->dom0_options);
    free(s->kconfig);
    *s = (struct side){ .name = NULL };
}

/* ---------------------------------------------------------------- measure -- */

void side_words(const struct side *s, struct words *w)
{
    words_add(w, "--host=lab");
    /* Empty: the default, whatever the environment says. */
    words_format(w, "--lab-suite=%s", s->suite ? s->suite : "");
    variant_words(&s->variant, w);
}

void side_run_words(const struct run_options *o, const struct side *s, struct words *w)
{
    char *modes = columns_text(&o->columns, ",");

    words_add(w, "run");
    words_add(w, "--json");
    side_words(s, w);
    if ( columns_any(&o->columns) )
        words_format(w, "--modes=%s", modes);
    if ( o->boots )
        words_format(w, "--boots=%u", o->boots);
    words_format(w, "--seed=%u", o->seed);
    if ( o->samples )
        words_format(w, "--samples=%u", o->samples);
    if ( o->labs )
        words_format(w, "--labs=%u", o->labs);
    if ( o->image )
        words_format(w, "--image=%s", o->image);
    words_add(w, "--");
    for ( size_t i = 0; i < o->pattern_count; i++ )
        words_add(w, o->patterns[i]);
    free(modes);
}

int side_results(struct words *w, struct results *results)
{
    char *text = NULL;
    size_t size;
    int status = self_run(words_argv(w), &text, &size);

    if ( status == STATUS_OK && results_from_json(text, size, "the lab's answer", results) )
        status = STATUS_ENVIRONMENT;
    free(text);
    return status;
}

int side_measure(const struct run_options *o, const struct side *s, struct results *results)
{
    struct words w = { .count = 0 };
    int status;

    side_run_words(o, s, &w);
    cancel_begin();
    status = side_results(&w, results);
    cancel_end();
    words_free(&w);
    return status;
}

int side_prepare(const struct side *s)
{
    return lab_prepare(&(struct lab_options){ .clock = LAB_EXACT, .suite = s->suite,
                                              .variant = s->variant });
}
