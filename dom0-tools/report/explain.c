/*
 * A row, a group, a term, in words.  (explain.h)
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalogue/glossary.h"
#include "catalogue/intel.h"
#include "catalogue/needs.h"
#include "catalogue/published.h"
#include "catalogue/select.h"
#include "report/explain.h"
#include "report/text.h"
#include "xenometer.h"

/* ------------------------------------------------------------------- rows -- */

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

static void print_modes(const struct image *image, const struct image_row *row, unsigned width)
{
    struct column_set others = { { false } };
    char *modes = columns_text(&row->columns, " "), *missing;

    FOR_EACH_COLUMN(c)
        if ( c->mode && columns_have(&image->columns, c) && !columns_have(&row->columns, c) )
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
    print_modes(image, row, style->width);
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

static void print_bold(const char *text, const struct style *style)
{
    printf("%s%s%s\n", style->colour ? COLOUR_BOLD : "", text, style->colour ? COLOUR_NONE : "");
}

/* Rows by names and patterns, a blank line between them; *first: none has been printed. */
static int print_rows(const struct image *image, char *pattern, const struct style *style, bool *first)
{
    struct column_set every = columns_every();
    struct selection selection;
    int status = select_rows(image, &pattern, 1, &every, false, &selection);

    if ( status != STATUS_OK )
        return status;
    for ( size_t i = 0; i < selection.count; i++ )
    {
        if ( !*first )
            putchar('\n');
        *first = false;
        print_row(image, selection.rows[i], style);
    }
    selection_free(&selection);
    return STATUS_OK;
}

/* ------------------------------------------------------------------ terms -- */

/* The command that shows it, on the screen of who reads this. */
static void print_shown(const struct term *t, unsigned width)
{
    char *command;

    if ( !t->row )
        return;
    command = t->column ? xasprintf("xenometer trace %s --mode=%s", t->row, t->column)
                        : xasprintf("xenometer run %s; xenometer explain %s", t->row, t->row);
    putchar('\n');
    text_wrap(stdout, "  see it   ", command, width);
    free(command);
}

static void print_term(const struct term *t, const struct style *style)
{
    print_bold(t->name, style);
    if ( t->others )
        text_wrap(stdout, "  also     ", t->others, style->width);
    putchar('\n');
    text_wrap(stdout, "  ", t->text, style->width);
    if ( t->picture )
    {
        putchar('\n');
        for ( const char *line = t->picture; *line; line += strcspn(line, "\n") + 1 )
            printf("%s%.*s\n", *line == '\n' ? "" : "  ", (int)strcspn(line, "\n"), line);
    }
    print_shown(t, style->width);
}

static void print_glossary(const struct style *style)
{
    for ( size_t i = 0; term_at(i); i++ )
    {
        char *first = xasprintf("%-24s ", term_at(i)->name);
        const char *end = strstr(term_at(i)->text, ".  ");
        char *sentence = xstrdup(term_at(i)->text);

        if ( end )
            sentence[end + 1 - term_at(i)->text] = '\0';
        text_wrap(stdout, first, sentence, style->width);
        free(sentence);
        free(first);
    }
}

/* ----------------------------------------------------------------- groups -- */

static void print_group(const struct image *image, const char *group, const struct style *style)
{
    size_t length = strlen(group), widest = 0;
    char *every = xasprintf("%s/*", group);

    print_bold(every, style);
    text_wrap(stdout, "  ", group_text(group), style->width);
    putchar('\n');
    for ( size_t i = 0; i < image->count; i++ )
        if ( !strncmp(image->rows[i].name, group, length) && image->rows[i].name[length] == '/' &&
             strlen(image->rows[i].name) > widest )
            widest = strlen(image->rows[i].name);
    for ( size_t i = 0; i < image->count; i++ )
        if ( !strncmp(image->rows[i].name, group, length) && image->rows[i].name[length] == '/' )
        {
            char *first = xasprintf("  %-*s  ", (int)widest, image->rows[i].name);

            text_wrap(stdout, first, image->rows[i].help, style->width);
            free(first);
        }
    printf("\n  xenometer explain '%s' tells each.\n", every);
    free(every);
}

/* A term and a group may have the same name: both are told. */
static bool print_word(const struct image *image, const char *word, const struct style *style, bool *first)
{
    const struct term *term = term_find(word);

    if ( !term && !group_text(word) && strcasecmp(word, "glossary") )
        return false;
    if ( !*first )
        putchar('\n');
    *first = false;
    if ( !strcasecmp(word, "glossary") )
        print_glossary(style);
    if ( term )
        print_term(term, style);
    if ( term && group_text(word) )
        putchar('\n');
    if ( group_text(word) )
        print_group(image, word, style);
    return true;
}

int explain_print(const char *elf, char **words, size_t count)
{
    struct style style = text_style(stdout);
    struct image *image = select_catalogue(elf);
    bool first = true;
    int status = STATUS_OK;

    if ( image == NULL )
        return STATUS_ENVIRONMENT;
    /* Running text reads best at the width of a book's line. */
    if ( style.width > 80 )
        style.width = 80;
    for ( size_t i = 0; i < count && status == STATUS_OK; i++ )
    {
        if ( strchr(words[i], '/') || strpbrk(words[i], "*?[") )
            status = print_rows(image, words[i], &style, &first);
        else if ( !print_word(image, words[i], &style, &first) )
        {
            message("%s is no row, group or term: `xenometer list` shows the rows, `xenometer explain "
                    "glossary` the terms", words[i]);
            status = STATUS_USAGE;
        }
    }
    image_free(image);
    return status;
}
