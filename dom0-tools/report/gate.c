#include "report/gate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/modes.h"
#include "report/changes.h"
#include "report/text.h"
#include "report/trace_files.h"
#include "xenometer.h"

void gate_free(struct gate *g)
{
    for ( size_t i = 0; i < g->count; i++ )
    {
        trace_pairs_free(g->cells[i].pairs, g->cells[i].pairs ? g->cells[i].count : 0);
        trace_free(&g->cells[i].left);
        trace_free(&g->cells[i].right);
    }
    free(g->cells);
    comparison_free(&g->comparison);
    results_free(&g->before);
    results_free(&g->after);
    free(g->names[0]);
    free(g->names[1]);
    free(g->factors);
    *g = (struct gate){ .count = 0 };
}

/* "243, now 250 (+2.9%)", or what became of a row that does not succeed; the caller's. */
static char *change_words(const struct change *c)
{
    char *before, *after, *percent, *text;

    if ( c->kind == CHANGE_GONE )
        return xstrdup("not measured any more");
    if ( c->kind != CHANGE_MEDIAN )
        return xasprintf("%s, now %s%s%s", c->before ? outcome_name(c->before->outcome) : "not there",
                         outcome_name(c->after->outcome), c->after->reason ? ": " : "",
                         c->after->reason ? c->after->reason : "");
    before = text_number(c->before->median);
    after = text_number(c->after->median);
    percent = c->before->median ? text_change(c->before->median, c->after->median)
                                : xstrdup("from 0");
    text = xasprintf("%s, now %s (%s)", before, after, percent);
    free(before);
    free(after);
    free(percent);
    return text;
}

/* How many of its functions are shown. */
static size_t shown(const struct gate_cell *cell)
{
    size_t n = 0;

    while ( cell->pairs && n < cell->count && n < GATE_FUNCTIONS &&
            cell->pairs[n].own[0] != cell->pairs[n].own[1] )
        n++;
    return n;
}

/* "+7  Xen  do_xen_version (38, now 45)"; the caller's. */
static char *function_words(const struct trace_pair *p)
{
    int64_t by = (int64_t)(p->own[1] - p->own[0]);

    return xasprintf("%+" PRId64 "  %s  %s (%" PRIu64 ", now %" PRIu64 ")", by, p->place, p->name,
                     p->own[0], p->own[1]);
}

static void print_cell(FILE *out, const struct gate_cell *cell)
{
    const struct result *r = change_result(cell->change);
    char *words = change_words(cell->change);

    fprintf(out, "\n%s in %s: %s\n", r->row, r->column->name, words);
    free(words);
    if ( cell->why_not )
        fprintf(out, "  %s\n", cell->why_not);
    for ( size_t i = 0; i < shown(cell); i++ )
    {
        char *function = function_words(&cell->pairs[i]);

        fprintf(out, "  %s\n", function);
        free(function);
    }
}

void gate_print_cells(FILE *out, const struct gate *g, size_t most)
{
    for ( size_t i = 0; i < g->count && i < most; i++ )
        print_cell(out, &g->cells[i]);
}

int gate_print(FILE *out, const struct gate *g)
{
    int status;

    fprintf(out, "OLD: %s\nNEW: %s\n", g->names[0], g->names[1]);
    status = changes_print(&g->comparison, g->after.environment.clock, "OLD", "NEW");
    if ( status == STATUS_OK )
        gate_print_cells(out, g, g->count);
    return status;
}

/* Names are of the user's files and of functions: nothing in them is markup. */
static void put_escaped(FILE *out, const char *text)
{
    for ( ; *text; text++ )
    {
        if ( strchr("|\\`*<_", *text) )
            fputc('\\', out);
        fputc(*text == '\n' ? ' ' : *text, out);
    }
}

void gate_markdown(FILE *out, const struct gate *g)
{
    size_t same = 0;

    for ( size_t i = 0; i < g->comparison.count; i++ )
        same += g->comparison.changes[i].kind == CHANGE_NONE;
    fprintf(out, "**xenometer: %zu of %zu figures changed beyond %g %%", g->comparison.beyond,
            g->comparison.count, g->allowed.percent);
    if ( g->allowed.percent_dom0 > g->allowed.percent )
        fprintf(out, " (%g %% where dom0 answers or the vCPU waits)", g->allowed.percent_dom0);
    fputs("**\n\n", out);
    fputs("Old: ", out);
    put_escaped(out, g->names[0]);
    fputs("  \nNew: ", out);
    put_escaped(out, g->names[1]);
    fprintf(out, "\n\nInstructions per operation, not time; %zu figures are the same.\n", same);
    if ( g->count )
        fputs("\n| row | mode | change | functions |\n| --- | --- | --- | --- |\n", out);
    for ( size_t i = 0; i < g->count; i++ )
    {
        const struct gate_cell *cell = &g->cells[i];
        const struct result *r = change_result(cell->change);
        char *words = change_words(cell->change);

        fputs("| ", out);
        put_escaped(out, r->row);
        fprintf(out, " | %s | ", r->column->name);
        put_escaped(out, words);
        fputs(" | ", out);
        if ( cell->why_not )
            put_escaped(out, cell->why_not);
        for ( size_t k = 0; k < shown(cell); k++ )
        {
            char *function = function_words(&cell->pairs[k]);

            fputs(k ? "<br>" : "", out);
            put_escaped(out, function);
            free(function);
        }
        fputs(" |\n", out);
        free(words);
    }
}

static const struct gate_cell *cell_of(const struct gate *g, const struct change *change)
{
    for ( size_t i = 0; i < g->count; i++ )
        if ( g->cells[i].change == change )
            return &g->cells[i];
    return NULL;
}

static void put_failure(FILE *out, const struct gate *g, const struct change *c)
{
    const struct gate_cell *cell = cell_of(g, c);
    char *words = change_words(c);

    fputs("<failure message=\"", out);
    xml_text(out, words);
    fputs("\">", out);
    for ( size_t i = 0; cell && i < shown(cell); i++ )
    {
        char *function = function_words(&cell->pairs[i]);

        xml_text(out, function);
        fputc('\n', out);
        free(function);
    }
    fputs("</failure>", out);
    free(words);
}

void gate_junit(FILE *out, const struct gate *g)
{
    size_t skipped = 0;

    for ( size_t i = 0; i < g->comparison.count; i++ )
    {
        const struct change *c = &g->comparison.changes[i];

        skipped += !c->counts && c->after && c->after->outcome == OUTCOME_SKIP;
    }
    fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuites>\n<testsuite name=\"xenometer gate\" tests=\"%zu\" failures=\"%zu\" "
            "errors=\"0\" skipped=\"%zu\">\n",
            g->comparison.count, g->comparison.beyond, skipped);
    for ( size_t i = 0; i < g->comparison.count; i++ )
    {
        const struct change *c = &g->comparison.changes[i];
        const struct result *r = change_result(c);

        fputs("<testcase classname=\"", out);
        xml_text(out, r->row);
        fprintf(out, "\" name=\"%s\">", r->column->name);
        if ( c->counts )
            put_failure(out, g, c);
        else if ( c->after && c->after->outcome == OUTCOME_SKIP )
            fputs("<skipped/>", out);
        fputs("</testcase>\n", out);
    }
    fputs("</testsuite>\n</testsuites>\n", out);
}
