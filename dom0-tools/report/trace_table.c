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

/* "dom0 xenstored": a process is dom0's, where there is one. */
static char *place_text(const struct trace *t, const struct place *p)
{
    return xasprintf("%s%s", p->layer == LAYER_USER && !t->column->alone ? "dom0 " : "", p->name);
}

static void print_layers(FILE *out, const struct trace *t, bool colour)
{
    static const char *const heads[] = { "layer", "instructions", "share", NULL };
    struct libscols_table *table = new_table(out, heads, "lrr", colour);
    struct libscols_line *line;

    for ( int i = 0; i < LAYERS; i++ )
        for ( size_t k = 0; k < t->place_count; k++ )
        {
            const struct place *p = &t->places[k];
            char *name;

            if ( p->layer != layers_outwards[i] || !p->count )
                continue;
            name = place_text(t, p);
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

/* How the total becomes the row's figure. */
static void print_figure(FILE *out, const struct trace *t, const struct style *style)
{
    uint64_t net = t->raw > t->overhead ? t->raw - t->overhead : 0;
    char *overhead = text_number(t->overhead), *raw = text_number(t->raw);
    char *ahead = text_number(t->total > t->raw ? t->total - t->raw : 0);
    char *figure = text_number(t->operations ? (net + t->operations / 2) / t->operations : net);
    const char *each = t->operations > 1 ? " per operation" : "";

    if ( t->region == REGION_DEADLINE )
        note(out, style, xasprintf("Executed instructions, not time, from where the deadline was set, "
                                   "%s ticks ahead, to the handler. Behind the deadline lie %s; less the "
                                   "%s that measuring takes, %s is the sample's figure in `xenometer run`.",
                                   ahead, raw, overhead, figure));
    else if ( t->region == REGION_AROUND )
        note(out, style, xasprintf("Executed instructions, not time, of one whole iteration of the row, "
                                   "which does not count all of it: its sample is %s, less the %s that "
                                   "measuring takes %s%s, the figure in `xenometer run`. What it counts, "
                                   "`xenometer explain %s` says.", raw, overhead, figure, each, t->row));
    else
        note(out, style, xasprintf("Executed instructions, not time, of the whole timed region. %s of "
                                   "them measure it; what is left, %s%s, is the sample's figure in "
                                   "`xenometer run`.", overhead, figure, each));
    free(overhead);
    free(raw);
    free(ahead);
    free(figure);
}

static bool has_nrip_save(const struct trace *t)
{
    return t->cpu_features && strstr(t->cpu_features, "nrip-save");
}

static void print_notes(FILE *out, const struct trace *t, const struct style *style)
{
    char *a, *b, *c;

    print_figure(out, t, style);
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
                                       "same code in a QEMU of that version for machines without Xen; "
                                       "others by their address.",
                                       t->places[i].name));
    if ( t->column->home == HOME_XEN && column_is(t->column, "hardware") && !has_nrip_save(t) )
        note(out, style, xstrdup("Without NRIP-save, which all hardware has: at CPUID, VMMCALL and MSR "
                                 "exits Xen decodes the guest's instruction."));
}

void trace_print(FILE *out, const struct trace *t, const struct trace_view *view)
{
    struct style style = text_style(out);
    char *total = text_number(t->total);

    fprintf(out, "%s in %s: %s instructions (sample %u of %u, from 0", t->row, t->column->name,
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

static uint64_t distance(const struct trace_pair *p)
{
    return p->own[0] > p->own[1] ? p->own[0] - p->own[1] : p->own[1] - p->own[0];
}

static int compare_pairs(const void *a, const void *b)
{
    const struct trace_pair *x = a, *y = b;
    uint64_t dx = distance(x), dy = distance(y);

    if ( dx != dy )
        return dx > dy ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool differ(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") != 0;
}

/* Are the two of different builds of Xen and dom0? */
static bool other_builds(const struct trace *a, const struct trace *b)
{
    return differ(a->xen, b->xen) || differ(a->dom0_kernel, b->dom0_kernel);
}

/*
 * What stands for the same function in another build: without what the compiler
 * appends to the name of a part or a copy.  Code of which only the address is known
 * is found at another one there: all of a library's is one.  The caller's.
 */
static char *lasting_name(const char *name)
{
    static const char *const ends[] = { ".constprop.", ".isra.", ".part.", ".cold" };
    const char *address = strstr(name, "+0x"), *library;
    size_t length = strlen(name);

    if ( address == name )
        return xstrdup("by address");
    if ( address )
    {
        library = strstr(name, ".so");
        return xasprintf("%.*s, by address",
                         (int)((library && library < address ? library + 3 : address) - name), name);
    }
    for ( size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++ )
    {
        const char *end = strstr(name, ends[i]);

        if ( end && end > name && (size_t)(end - name) < length )
            length = (size_t)(end - name);
    }
    return xasprintf("%.*s", (int)length, name);
}

/* A function is the same by layer and name. */
struct trace_pair *trace_pairs(const struct trace *left, const struct trace *right, size_t *count)
{
    const struct trace *const sides[2] = { left, right };
    struct trace_pair *list = xcalloc(sides[0]->function_count + sides[1]->function_count + 1,
                                sizeof(*list));
    bool builds = other_builds(sides[0], sides[1]);

    *count = 0;
    for ( int side = 0; side < 2; side++ )
        for ( size_t i = 0; i < sides[side]->function_count; i++ )
        {
            const struct function *f = &sides[side]->functions[i];
            const struct place *p = &sides[side]->places[f->place];
            char *name = builds ? lasting_name(f->name) : xstrdup(f->name);
            size_t k = 0;

            while ( k < *count && (list[k].layer != p->layer || strcmp(list[k].name, name)) )
                k++;
            if ( k == *count )
                list[(*count)++] = (struct trace_pair){ .layer = p->layer, .place = p->name, .name = name };
            else
                free(name);
            list[k].own[side] += f->own;
            list[k].calls[side] += f->calls;
        }
    qsort(list, *count, sizeof(*list), compare_pairs);
    return list;
}

void trace_pairs_free(struct trace_pair *list, size_t count)
{
    for ( size_t i = 0; i < count; i++ )
        free(list[i].name);
    free(list);
}

static struct libscols_line *put_pair(struct libscols_table *table, uint64_t left, uint64_t right)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);

    put_number(line, 0, left);
    put_number(line, 1, right);
    put_change(line, 2, left, right);
    return line;
}

static void put_layer(struct libscols_table *table, uint64_t left, uint64_t right,
                      const char *name)
{
    put(put_pair(table, left, right), 3, name);
}

/* "5", or where they differ "5, 6". */
static void put_function(struct libscols_table *table, const struct trace_pair *p)
{
    struct libscols_line *line = put_pair(table, p->own[0], p->own[1]);
    char *left = text_number(p->calls[0]), *right = text_number(p->calls[1]);
    char *both = xasprintf("%s, %s", left, right);

    put(line, 3, p->calls[0] == p->calls[1] ? left : both);
    put(line, 4, p->place);
    put(line, 5, p->name);
    free(both);
    free(right);
    free(left);
}

/* What tells the two sides apart, as heads of their columns. */
static void name_sides(const struct trace *const sides[2], const char *names[2])
{
    static const char *const otherwise[] = { "old", "new" };

    for ( int i = 0; i < 2; i++ )
        names[i] = sides[0]->column != sides[1]->column ? sides[i]->column->name
                 : differ(sides[0]->xen, sides[1]->xen) && sides[i]->xen ? sides[i]->xen
                 : otherwise[i];
}

static void print_side(FILE *out, const struct trace *t)
{
    fprintf(out, "%s in %s", t->row, t->column->name);
    if ( t->cpu_features && !has_nrip_save(t) )
        fputs(" (without NRIP-save)", out);
    if ( t->xen )
        fprintf(out, " (Xen %s, dom0 Linux %s)", t->xen, t->dom0_kernel ? t->dom0_kernel : "?");
}

static void print_pairs(FILE *out, const struct trace *const sides[2], const char *const names[2],
                        uint32_t limit, bool colour)
{
    const char *heads[] = { names[0], names[1], "change", "calls", "where", "function", NULL };
    struct libscols_table *table = new_table(out, heads, "rrrrll", colour);
    size_t count, shown;
    struct trace_pair *pairs = trace_pairs(sides[0], sides[1], &count);
    uint64_t rest[2] = { 0, 0 };

    shown = limit && limit < count ? limit : count;
    for ( size_t i = 0; i < count; i++ )
        if ( i < shown && pairs[i].own[0] != pairs[i].own[1] )
            put_function(table, &pairs[i]);
        else
        {
            rest[0] += pairs[i].own[0];
            rest[1] += pairs[i].own[1];
        }
    if ( rest[0] || rest[1] )
        put(put_pair(table, rest[0], rest[1]), 5, "the other functions");
    fputc('\n', out);
    print_table(out, table);
    trace_pairs_free(pairs, count);
}

/* What the two sides call a layer: dom0's kernel is set beside another's. */
static const char *layer_title(const struct trace *const sides[2], enum layer layer)
{
    bool dom0[2] = { !sides[0]->column->alone, !sides[1]->column->alone };

    if ( layer != LAYER_KERNEL && layer != LAYER_USER )
        return layer_key(layer);
    if ( dom0[0] && dom0[1] )
        return layer_key(layer);
    return layer == LAYER_KERNEL ? dom0[0] || dom0[1] ? "kernel of dom0 or host" : "host kernel"
                                 : "processes";
}

void trace_print_two(FILE *out, const struct trace *left, const struct trace *right,
                     const struct trace_view *view)
{
    const struct trace *const sides[2] = { left, right };
    struct style style = text_style(out);
    struct libscols_table *table;
    const char *names[2];

    print_side(out, left);
    fputs(" against ", out);
    print_side(out, right);
    fputs("\n\n", out);
    name_sides(sides, names);
    table = new_table(out, (const char *const[]){ names[0], names[1], "change", "layer", NULL },
                      "rrrl", style.colour);
    for ( int i = 0; i < LAYERS; i++ )
    {
        enum layer layer = layers_outwards[i];

        if ( left->layers[layer] || right->layers[layer] )
            put_layer(table, left->layers[layer], right->layers[layer],
                      layer_title(sides, layer));
    }
    if ( left->tail || right->tail )
        put_layer(table, left->tail, right->tail, "tail (in the above)");
    put_layer(table, left->total, right->total, "total");
    print_table(out, table);
    print_pairs(out, sides, names, view->limit, style.colour);
}
