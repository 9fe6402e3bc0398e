/*
 * `xenometer explain`: what a row does, step by step, what its figure isolates
 * and what to compare it with.  Read out of the unikernel's ELF file.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/needs.h"
#include "catalogue/intel.h"
#include "catalogue/published.h"
#include "catalogue/select.h"
#include "report/text.h"
#include "xenometer.h"

struct arguments {
    const char *image;
    char **patterns;
    size_t count;
};

static const struct argp_option options[] = {
    { "image", 'i', "FILE", 0, "another unikernel than this program's own", 0 },
    { 0 }
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct arguments *a = state->input;

    switch ( key )
    {
    case 'i':
        a->image = text;
        return 0;
    case ARGP_KEY_ARGS:
        a->patterns = state->argv + state->next;
        a->count = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which row? `xenometer list` shows them");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* "ring/echo-64b, port/ioreq": other rows of the same work, or NULL. */
static char *companions(const struct image *image, const struct image_row *row)
{
    char *text = NULL;

    for ( size_t i = 0; i < image->count; i++ )
    {
        const struct image_row *other = &image->rows[i];
        char *longer;

        if ( other == row || strcmp(other->work, row->work) != 0 )
            continue;
        longer = text ? xasprintf("%s, %s", text, other->name)
                      : xstrdup(other->name);
        free(text);
        text = longer;
    }
    return text;
}

static void print_modes(const struct image_row *row, unsigned width)
{
    struct column_set others = { { false } };
    char *modes = columns_text(&row->columns, " "), *missing;

    FOR_EACH_COLUMN(c)
        if ( c->mode && !columns_have(&row->columns, c) )
            columns_add(&others, c);
    text_wrap(stdout, "  modes    ", modes, width);
    free(modes);
    if ( !columns_any(&others) )
        return;
    modes = columns_text(&others, " ");
    missing = xasprintf("%s: %s", modes, *row->elsewhere ? row->elsewhere
                                                         : "cannot run it");
    text_wrap(stdout, "  not in   ", missing, width);
    free(modes);
    free(missing);
}

static void print_needs(const struct image_row *row, unsigned width)
{
    char *text = needs_text(row->needs);

    if ( text != NULL )
        text_wrap(stdout, "  needs    ", text, width);
    free(text);
}

static void print_samples(const struct image_row *row, unsigned width)
{
    char *text;

    if ( row->operations == 1 )
        text = xasprintf("%u of one operation each, after %u unrecorded",
                         row->samples, row->warmup);
    else
        text = xasprintf("%u of %u operations each (figures are per "
                         "operation), after %u unrecorded", row->samples,
                         row->operations, row->warmup);
    text_wrap(stdout, "  samples  ", text, width);
    free(text);
}

/* What others measured of this work: beside it, in no ratio with it. */
static void print_published(const char *row, unsigned width)
{
    const struct published *p;

    for ( size_t i = 0; (p = published_for(row, i)) != NULL; i++ )
    {
        char *cycles = text_number(p->cycles);
        char *text = xasprintf("%s cycles: %s; %s.  %s", cycles, p->what, p->on, p->source);

        if ( i == 0 )
            puts("\n  published by others, in cycles of the CPU named, not instructions:");
        text_wrap(stdout, "    ", text, width);
        free(cycles);
        free(text);
    }
}

static void print_row(const struct image *image, const struct image_row *row,
                      const struct style *style)
{
    char *others = companions(image, row);

    printf("%s%s%s\n", style->colour ? COLOUR_BOLD : "", row->name,
           style->colour ? COLOUR_NONE : "");
    text_wrap(stdout, "  what     ", row->help, style->width);
    text_wrap(stdout, "  work     ", row->work, style->width);
    text_wrap(stdout, "  path     ", row->path, style->width);
    print_modes(row, style->width);
    print_needs(row, style->width);
    print_samples(row, style->width);
    if ( row->flags & ROW_DOM0 )
        text_wrap(stdout, "  reaches  ", row->flags & ROW_BLOCKS ?
                  "dom0; the vCPU may wait for the answer" : "dom0",
                  style->width);
    if ( *row->against )
        text_wrap(stdout, "  against  ", row->against, style->width);
    if ( others != NULL )
        text_wrap(stdout, "  beside   ", others, style->width);
    free(others);
    putchar('\n');
    text_wrap(stdout, "  ", row->explanation, style->width);
    if ( intel_note(row->name) )
    {
        putchar('\n');
        text_wrap(stdout, "  on Intel: ", intel_note(row->name), style->width);
    }
    print_published(row->name, style->width);
}

int command_explain(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse_option, "ROW...",
        "Tell what a row does and what its figure isolates.\v"
        "  xenometer explain hypercall/null\n"
        "  xenometer explain 'mmio/*'",
        NULL, NULL, NULL
    };
    struct style style = text_style(stdout);
    struct arguments a = { .image = NULL };
    struct column_set every = columns_every();
    struct selection selection;
    struct image *image;
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    image = select_catalogue(a.image);
    if ( image == NULL )
        return STATUS_ENVIRONMENT;
    /* Running text reads best at the width of a book's line. */
    if ( style.width > 80 )
        style.width = 80;
    status = select_rows(image, a.patterns, a.count, &every, false,
                         &selection);
    if ( status == STATUS_OK )
    {
        for ( size_t i = 0; i < selection.count; i++ )
        {
            if ( i > 0 )
                putchar('\n');
            print_row(image, selection.rows[i], &style);
        }
        selection_free(&selection);
    }
    image_free(image);
    return status;
}
