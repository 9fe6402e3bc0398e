/*
 * Layers, stages and functions of a trace on a terminal (trace_table.h).
 */
#include "report/trace_table.h"

#include <stdlib.h>
#include <string.h>

#include <libsmartcols/libsmartcols.h>

#include "report/text.h"
#include "xenometer.h"

static struct libscols_table *new_table(FILE *out, const char *const *heads,
                                        const char *right, bool colour)
{
    struct libscols_table *table = scols_new_table();

    if ( !table )
    {
        message("out of memory");
        exit(STATUS_ENVIRONMENT);
    }
    scols_table_set_stream(table, out);
    scols_table_enable_colors(table, colour);
    scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
    scols_table_set_column_separator(table, "  ");
    for ( size_t i = 0; heads[i]; i++ )
        scols_table_new_column(table, heads[i], 0, right[i] == 'r' ? SCOLS_FL_RIGHT : 0);
    return table;
}

static void put(struct libscols_line *line, size_t column, const char *text)
{
    scols_cell_set_data(scols_line_get_cell(line, column), text);
}

static void put_number(struct libscols_line *line, size_t column, uint64_t number)
{
    char *text = text_number(number);

    put(line, column, text);
    free(text);
}

static void put_share(struct libscols_line *line, size_t column, uint64_t part, uint64_t whole)
{
    char *text = xasprintf("%.1f%%", whole ? 100.0 * (double)part / (double)whole : 0);

    put(line, column, text);
    free(text);
}

static void put_change(struct libscols_line *line, size_t column, uint64_t from, uint64_t to)
{
    char *number = text_number(to > from ? to - from : from - to);
    char *text = xasprintf("%s%s", to > from ? "+" : to < from ? "-" : "", number);

    put(line, column, text);
    free(text);
    free(number);
}

/* Without blanks at line ends. */
static void print_table(FILE *out, struct libscols_table *table)
{
    char *text = NULL;

    if ( scols_print_table_to_string(table, &text) == 0 )
        for ( char *line = text, *next; line && *line; line = next )
        {
            size_t length = strcspn(line, "\n");

            next = line + length + (line[length] == '\n');
            while ( length > 0 && line[length - 1] == ' ' )
                length--;
            fprintf(out, "%.*s\n", (int)length, line);
        }
    free(text);
    scols_unref_table(table);
}

/* "dom0 xenstored": a process is dom0's. */
static char *place_text(const struct place *p)
{
    return xasprintf("%s%s", p->layer == LAYER_USER ? "dom0 " : "", p->name);
}

static void print_layers(FILE *out, const struct trace *t, bool colour)
{
    static const char *const heads[] = { "layer", "instructions", "share", NULL };
    struct libscols_table *table = new_table(out, heads, "lrr", colour);
    struct libscols_line *line;

    for ( int layer = 0; layer < LAYERS; layer++ )
        for ( size_t k = 0; k < t->place_count; k++ )
        {
            const struct place *p = &t->places[k];
            char *name;

            if ( p->layer != (enum layer)layer || !p->count )
                continue;
            name = place_text(p);
            line = scols_table_new_line(table, NULL);
            put(line, 0, name);
            put_number(line, 1, p->count);
            put_share(line, 2, p->count, t->total);
            free(name);
        }
    line = scols_table_new_line(table, NULL);
    put(line, 0, "total");
    put_number(line, 1, t->total);
    print_table(out, table);
}

static void print_stages(FILE *out, const struct trace *t, bool colour)
{
    static const char *const heads[] = { "stage", "at", "instructions", "", "where", "what",
                                         NULL };
    struct libscols_table *table = new_table(out, heads, "rrrlll", colour);

    for ( size_t i = 0; i < t->stage_count; i++ )
    {
        const struct stage *g = &t->stages[i];
        struct libscols_line *line = scols_table_new_line(table, NULL);

        put_number(line, 0, i + 1);
        put_number(line, 1, g->at);
        put_number(line, 2, g->count);
        put(line, 3, g->tail ? "tail" : "");
        put(line, 4, t->places[g->place].name);
        put(line, 5, g->what);
    }
    fputc('\n', out);
    print_table(out, table);
}

static void put_rest(struct libscols_table *table, size_t column, uint64_t count, size_t functions)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    char *text = xasprintf("%zu more functions (--limit=0 shows them)", functions);

    put_number(line, 0, count);
    put(line, column, text);
    free(text);
}

static void print_functions(FILE *out, const struct trace *t, uint32_t limit, bool colour)
{
    static const char *const heads[] = { "instructions", "share", "with callees", "calls",
                                         "where", "function", NULL };
    struct libscols_table *table = new_table(out, heads, "rrrrll", colour);
    size_t shown = limit && limit < t->function_count ? limit : t->function_count;
    uint64_t rest = 0;

    for ( size_t i = 0; i < t->function_count; i++ )
    {
        const struct function *f = &t->functions[i];
        struct libscols_line *line;

        if ( i >= shown )
        {
            rest += f->own;
            continue;
        }
        line = scols_table_new_line(table, NULL);
        put_number(line, 0, f->own);
        put_share(line, 1, f->own, t->total);
        put_number(line, 2, f->with_callees);
        put_number(line, 3, f->calls);
        put(line, 4, t->places[f->place].name);
        put(line, 5, f->name);
    }
    if ( rest )
        put_rest(table, 5, rest, t->function_count - shown);
    fputc('\n', out);
    print_table(out, table);
}

/* ----------------------------------------------------------------- notes -- */

static void note(FILE *out, const struct style *style, char *text)
{
    text_wrap(out, style->utf8 ? "\u2022 " : "* ", text, style->width);
    free(text);
}

static void print_notes(FILE *out, const struct trace *t, const struct style *style)
{
    char *a = text_number(t->overhead), *b, *c;
    uint64_t net = t->total > t->overhead ? t->total - t->overhead : 0;

    b = text_number(t->operations ? (net + t->operations / 2) / t->operations : net);
    note(out, style, xasprintf("Executed instructions, not time, of the whole timed region. %s of "
                               "them measure it; what is left, %s%s, is the sample's figure in "
                               "`xenometer run`.", a, b,
                               t->operations > 1 ? " per operation" : ""));
    free(a);
    free(b);
    if ( t->tail )
    {
        a = text_number(t->tail);
        b = text_number(t->total - t->tail);
        note(out, style, xasprintf("Tail: %s instructions that dom0 executes after it has woken the "
                                   "guest, which waits for the one CPU. The critical path is the "
                                   "other %s.", a, b));
        free(a);
        free(b);
    }
    if ( t->layers[LAYER_IDLE] )
    {
        a = text_number(t->layers[LAYER_IDLE]);
        c = text_number(t->total - t->layers[LAYER_IDLE]);
        note(out, style, xasprintf("Idle: the clock jumped %s ticks to a timer while nobody had "
                                   "anything to execute; executed were %s.", a, c));
        free(a);
        free(c);
    }
    for ( size_t i = 0; i < t->place_count; i++ )
        if ( strstr(t->places[i].name, "qemu-system") && t->places[i].count )
            note(out, style, xasprintf("%s is stripped: its functions are called as those with the "
                                       "same code in the host's QEMU; others by their address.",
                                       t->places[i].name));
    if ( t->nrip )
        note(out, style, xstrdup("NRIP-save is emulated (--nrip), as most hardware has it: less than "
                                 "`xenometer run` shows where Xen would decode the instruction."));
    else if ( t->mode == MODE_PVH || t->mode == MODE_HVM )
        note(out, style, xstrdup("Without NRIP-save, which QEMU's CPU lacks: at CPUID, VMMCALL and MSR exits "
                                 "Xen decodes the guest's instruction. --nrip emulates it."));
}

void trace_print(FILE *out, const struct trace *t, const struct trace_view *view)
{
    struct style style = text_style(out);
    char *total = text_number(t->total);

    fprintf(out, "%s in %s: %s instructions (sample %u of %u, from 0", t->row, mode_name(t->mode),
            total, t->sample, t->samples);
    if ( t->xen )
        fprintf(out, "; Xen %s, dom0 Linux %s", t->xen, t->dom0_kernel ? t->dom0_kernel : "?");
    fprintf(out, ")\n\n");
    free(total);
    print_layers(out, t, style.colour);
    if ( view->stages )
        print_stages(out, t, style.colour);
    if ( view->functions )
        print_functions(out, t, view->limit, style.colour);
    fputc('\n', out);
    print_notes(out, t, &style);
}

/* ------------------------------------------------------------------- two -- */

struct pair {
    enum layer layer;
    const char *place, *name;
    uint64_t left, right;
};

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    uint64_t dx = x->left > x->right ? x->left - x->right : x->right - x->left;
    uint64_t dy = y->left > y->right ? y->left - y->right : y->right - y->left;

    if ( dx != dy )
        return dx > dy ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* All functions of both; a function is the same by layer and name. */
static struct pair *make_pairs(const struct trace *left, const struct trace *right, size_t *count)
{
    struct pair *list = xcalloc(left->function_count + right->function_count + 1, sizeof(*list));

    *count = 0;
    for ( int side = 0; side < 2; side++ )
    {
        const struct trace *t = side ? right : left;

        for ( size_t i = 0; i < t->function_count; i++ )
        {
            const struct function *f = &t->functions[i];
            const struct place *p = &t->places[f->place];
            size_t k = 0;

            while ( k < *count && (list[k].layer != p->layer || strcmp(list[k].name, f->name)) )
                k++;
            if ( k == *count )
                list[(*count)++] = (struct pair){ p->layer, p->name, f->name, 0, 0 };
            *(side ? &list[k].right : &list[k].left) += f->own;
        }
    }
    qsort(list, *count, sizeof(*list), compare_pairs);
    return list;
}

static void put_pair(struct libscols_table *table, uint64_t left, uint64_t right,
                     const char *where, const char *name)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);

    put_number(line, 0, left);
    put_number(line, 1, right);
    put_change(line, 2, left, right);
    put(line, 3, where);
    put(line, 4, name);
}

static struct libscols_table *pair_table(FILE *out, const struct trace *left,
                                         const struct trace *right, const char *last, bool colour)
{
    const char *heads[] = { mode_name(left->mode), mode_name(right->mode), "change",
                            *last ? "where" : "layer", last, NULL };

    return new_table(out, heads, "rrrll", colour);
}

void trace_print_two(FILE *out, const struct trace *left, const struct trace *right,
                     const struct trace_view *view)
{
    struct style style = text_style(out);
    struct libscols_table *table;
    size_t count, shown;
    struct pair *pairs = make_pairs(left, right, &count);
    uint64_t rest[2] = { 0, 0 };

    fprintf(out, "%s in %s%s against %s in %s%s\n\n", left->row, mode_name(left->mode),
            left->nrip ? " (NRIP-save emulated)" : "", right->row, mode_name(right->mode),
            right->nrip ? " (NRIP-save emulated)" : "");
    table = pair_table(out, left, right, "", style.colour);
    for ( int i = 0; i < LAYERS; i++ )
        if ( left->layers[i] || right->layers[i] )
            put_pair(table, left->layers[i], right->layers[i], layer_key((enum layer)i), "");
    if ( left->tail || right->tail )
        put_pair(table, left->tail, right->tail, "tail (in the above)", "");
    put_pair(table, left->total, right->total, "total", "");
    print_table(out, table);

    table = pair_table(out, left, right, "function", style.colour);
    shown = view->limit && view->limit < count ? view->limit : count;
    for ( size_t i = 0; i < count; i++ )
        if ( i < shown && pairs[i].left != pairs[i].right )
            put_pair(table, pairs[i].left, pairs[i].right, pairs[i].place, pairs[i].name);
        else
        {
            rest[0] += pairs[i].left;
            rest[1] += pairs[i].right;
        }
    if ( rest[0] || rest[1] )
        put_pair(table, rest[0], rest[1], "", "the other functions");
    fputc('\n', out);
    print_table(out, table);
    free(pairs);
}
