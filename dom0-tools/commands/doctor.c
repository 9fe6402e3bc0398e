/*
 * `xenometer doctor`: what this machine can run, what stands in the way, and
 * what is not ideal for measuring.
 */
#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/checks.h"
#include "report/text.h"
#include "xenometer.h"

enum { OPTION_JSON = 0x100 };

static const struct argp_option options[] = {
    { "json", OPTION_JSON, NULL, 0, "print JSON", 0 },
    { 0 }
};

static const struct {
    const char *name, *title;
} groups[] = {
    { "xen", "Xen on this machine" },
    { "lab", "The lab: real Xen and dom0 in QEMU" },
    { "packages", "Packages" },
    { "figures", "Figures in cycles (the lab's instruction clock needs none of "
                 "this)" },
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    bool *json = state->input;

    (void)text;
    switch ( key )
    {
    case OPTION_JSON:
        *json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "takes no arguments");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/*
 * What `xenometer run` would do: a dom0 uses its own Xen, ready or not, any
 * other machine the lab.
 */
struct verdict {
    bool dom0, xen, lab;   /* is one; its Xen is ready; the lab is */
};

/* "xen", "lab" or NULL: where rows run without further words. */
static const char *find_host(const struct verdict *verdict)
{
    if ( verdict->dom0 )
        return verdict->xen ? "xen" : NULL;
    return verdict->lab ? "lab" : NULL;
}

static const char *state_name(enum check_state state)
{
    static const char *const names[] = {
        [CHECK_OK] = "ok", [CHECK_NOTE] = "note", [CHECK_MISSING] = "missing",
    };

    return names[state];
}

static void print_json(const struct checks *checks,
                       const struct verdict *verdict)
{
    const char *host = find_host(verdict);
    json_t *list = json_array(), *root;

    for ( size_t i = 0; i < checks->count; i++ )
    {
        const struct check *c = &checks->list[i];

        json_array_append_new(list, json_pack(
            "{s:s, s:s, s:s, s:s, s:s?}", "group", c->group, "name", c->name,
            "state", state_name(c->state), "text", c->text,
            "advice", c->advice));
    }
    root = json_pack("{s:s?, s:b, s:b, s:o}", "host", host,
                     "xen", verdict->xen, "lab", verdict->lab,
                     "checks", list);
    json_dumpf(root, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(root);
}

static void print_check(const struct check *c, const struct style *style)
{
    static const char *const colours[] = {
        [CHECK_OK] = COLOUR_GREEN, [CHECK_NOTE] = COLOUR_YELLOW,
        [CHECK_MISSING] = COLOUR_RED,
    };
    static const char *const marks[] = {
        [CHECK_OK] = "ok  ", [CHECK_NOTE] = "note", [CHECK_MISSING] = "no  ",
    };
    char *first = xasprintf("  %s%s%s  %-*s ",
                            style->colour ? colours[c->state] : "",
                            marks[c->state], style->colour ? COLOUR_NONE : "",
                            CHECK_NAME_WIDTH, c->name);
    char *text;

    if ( c->state != CHECK_OK && c->advice != NULL )
        text = xasprintf("%s; %s", c->text, c->advice);
    else
        text = xstrdup(c->text);
    text_wrap(stdout, first, text, style->width);
    free(first);
    free(text);
}

static void print_text(const struct checks *checks,
                       const struct verdict *verdict)
{
    struct style style = text_style(stdout);

    for ( size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++ )
    {
        printf("%s%s%s\n", style.colour ? COLOUR_BOLD : "", groups[g].title,
               style.colour ? COLOUR_NONE : "");
        for ( size_t i = 0; i < checks->count; i++ )
            if ( strcmp(checks->list[i].group, groups[g].name) == 0 )
                print_check(&checks->list[i], &style);
    }
    putchar('\n');
    if ( verdict->xen )
        printf("`xenometer run` measures on this machine's Xen.\n");
    else if ( verdict->dom0 && verdict->lab )
        printf("`xenometer run` needs what is marked \"no\" above; until then "
               "`xenometer run --host=lab` measures in the lab.\n");
    else if ( verdict->lab )
        printf("`xenometer run` measures in the lab.\n");
    else
        printf("Nothing can be measured here yet: see \"no\" above.\n");
}

int command_doctor(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse_option, NULL,
        "Tell what this machine can run, what stands in the way, and what is "
        "not ideal for measuring.\v"
        "Exit status 3 when nothing can be measured here.",
        NULL, NULL, NULL
    };
    struct checks checks = { .count = 0 };
    struct verdict verdict;
    bool json = false;
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, &json);
    verdict.dom0 = checks_xen(&checks);
    checks_lab(&checks);
    checks_packages(&checks);
    checks_figures(&checks);
    verdict.xen = !checks_missing(&checks, "xen");
    verdict.lab = !checks_missing(&checks, "lab");
    if ( json )
        print_json(&checks, &verdict);
    else
        print_text(&checks, &verdict);
    status = verdict.xen || verdict.lab ? STATUS_OK : STATUS_ENVIRONMENT;
    checks_free(&checks);
    return status;
}
