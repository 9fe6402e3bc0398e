#include "report/beside.h"

#include <stdlib.h>
#include <string.h>

#include "catalogue/modes.h"
#include "report/layout.h"
#include "report/lines.h"
#include "report/notes.h"
#include "report/text.h"
#include "xenometer.h"

static const struct result *find(const struct results *results, const struct result *like)
{
    for ( size_t i = 0; i < results->count; i++ )
        if ( results->rows[i].column == like->column && !strcmp(results->rows[i].row, like->row) )
            return &results->rows[i];
    return NULL;
}

static bool measured(const struct result *r)
{
    return r && r->outcome == OUTCOME_SUCCESS;
}

/* A median, what went wrong instead, or that it cannot run; the caller's. */
static char *figure(const struct result *r, bool utf8)
{
    if ( measured(r) )
        return text_number(r->median);
    return xstrdup(r && r->outcome != OUTCOME_SKIP ? outcome_name(r->outcome)
                   : utf8 ? "\u2013" : "-");
}

static void put(struct libscols_line *line, size_t column, char *text)
{
    scols_line_refer_data(line, column, text);
}

/* One row in one mode; false, and no line, where fewer than two CPUs have a figure. */
static bool add_line(struct libscols_table *table, const struct results *all, size_t count,
                     const struct result *like, const char *name, bool utf8)
{
    const struct result *first = find(&all[0], like);
    struct libscols_line *line;
    size_t figures = 0, column = 2;

    for ( size_t i = 0; i < count; i++ )
        figures += measured(find(&all[i], like));
    if ( figures < 2 )
        return false;
    line = scols_table_new_line(table, NULL);
    put(line, 0, xasprintf(" %s", name));
    put(line, 1, xstrdup(like->column->title));
    for ( size_t i = 0; i < count; i++ )
    {
        const struct result *r = find(&all[i], like);

        put(line, column++, figure(r, utf8));
        /* Below a hundredth it is another thing: no exit at all. */
        if ( i && measured(r) && measured(first) && first->median &&
             r->median * 100 >= first->median )
            put(line, column++, xasprintf("%.2f%s", (double)r->median / (double)first->median,
                                          utf8 ? "\u00d7" : "x"));
        else if ( i )
            put(line, column++, xstrdup(""));
    }
    return true;
}

static void add_row(struct libscols_table *table, const struct results *all, size_t count,
                    const char *row, bool utf8)
{
    const char *name = row;

    for ( size_t i = 0; i < all[0].count; i++ )
        if ( !strcmp(all[0].rows[i].row, row) &&
             add_line(table, all, count, &all[0].rows[i], name, utf8) )
            name = "";   /* it is named on the first of its lines */
}

/* "svm, npt": a list that can be wrapped, of one that is none; the caller's. */
static char *spaced(const char *list)
{
    char *text = xmalloc(2 * strlen(list) + 1), *to = text;

    for ( ; *list; list++ )
    {
        *to++ = *list;
        if ( *list == ',' )
            *to++ = ' ';
    }
    *to = '\0';
    return text;
}

/* The CPU, and what of it a domain is offered; the caller's. */
static char *cpu_of(const struct environment *e)
{
    char *features = e->cpu_features ? spaced(e->cpu_features) : NULL;
    char *text = xasprintf("%s%s%s", e->cpu ? e->cpu : "unknown CPU", features ? "; for domains " : "",
                           features ? features : "");

    free(features);
    return text;
}

static bool emulators_differ(const struct results *all, size_t count)
{
    bool differ = false;

    for ( size_t i = 1; i < count; i++ )
        differ |= !all[i].environment.bochs != !all[0].environment.bochs;
    return differ;
}

void beside_places(FILE *out, const struct results *all, const char *const *names, size_t count,
                   unsigned width)
{
    char *first_cpu = cpu_of(&all[0].environment);
    const char *first_mitigations = all[0].environment.mitigations;

    for ( size_t i = 0; i < count; i++ )
    {
        const struct environment *e = &all[i].environment;
        bool mitigations = e->mitigations &&
                           (i == 0 || !first_mitigations || strcmp(e->mitigations, first_mitigations));
        char *first = xasprintf("%s: ", names[i]), *cpu = cpu_of(e);
        bool says_cpu = i == 0 || strcmp(cpu, first_cpu);
        char *text = xasprintf("%s%s%s", says_cpu ? cpu : mitigations ? "the same CPU" : "the same",
                               mitigations ? "; mitigations: " : "", mitigations ? e->mitigations : "");

        text_wrap(out, first, text, width);
        free(text);
        free(cpu);
        free(first);
    }
    free(first_cpu);
    if ( emulators_differ(all, count) )
        text_wrap(out, "", NOTES_BOCHS_SECOND, width);
}

void beside_print(FILE *out, const struct results *all, const char *const *names, size_t count)
{
    struct style style = text_style(out);
    struct layout *layout = layout_make(&all[0], style.utf8, NARROW_NOT);
    struct libscols_table *table = lines_table(out, "  ", false);
    size_t *ends = xcalloc(layout->count, sizeof(*ends)), line = 1, column = 2;
    struct libscols_line *heads;

    scols_table_new_column(table, "row", 0, 0);
    scols_table_new_column(table, "mode", 0, 0);
    for ( size_t i = 0; i < 2 * count - 1; i++ )
        scols_table_new_column(table, "figure", 0, SCOLS_FL_RIGHT);
    heads = scols_table_new_line(table, NULL);
    for ( size_t i = 0; i < count; i++ )
    {
        put(heads, column++, xstrdup(names[i]));
        if ( i )
            put(heads, column++, xasprintf("/%s", names[0]));
    }
    for ( size_t g = 0; g < layout->count; g++ )
    {
        for ( size_t i = 0; i < layout->groups[g].count; i++ )
            add_row(table, all, count, layout->groups[g].rows[i].name, style.utf8);
        ends[g] = scols_table_get_nlines(table);
    }
    text_wrap(out, "", notes_instructions(&all[0])
              ? "Medians; executed instructions per operation, not time." : "Medians.",
              style.width);
    beside_places(out, all, names, count, style.width);
    fputc('\n', out);
    lines_print(out, table, 0, 1);
    for ( size_t g = 0; g < layout->count; g++ )
    {
        if ( ends[g] == line )
            continue;   /* nothing that two have */
        fprintf(out, "%s\n", layout->groups[g].work);
        lines_print(out, table, line, ends[g] - line);
        line = ends[g];
    }
    free(ends);
    scols_unref_table(table);
    layout_free(layout);
}
