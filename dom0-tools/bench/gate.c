#include "bench/gate.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/self.h"
#include "bench/side.h"
#include "catalogue/select.h"
#include "lib/cancel.h"
#include "lib/files.h"
#include "machines/lab.h"
#include "measure/plan.h"
#include "report/changes.h"
#include "report/json.h"
#include "report/store.h"
#include "report/trace_files.h"
#include "xenometer.h"

/* ---------------------------------------------------------------- measure -- */

static int measure(const struct side *side, struct words *rows, const struct column_set *columns, uint32_t boots,
                   uint64_t seed, struct results *results)
{
    struct run_options o = { .patterns = rows->list, .pattern_count = rows->count, .columns = *columns,
                             .boots = boots, .seed = boots ? (uint32_t)seed : PLAN_SEED };
    struct words w = { .count = 0 };
    int status;

    side_run_words(&o, side, &w);
    status = side_results(&w, results);
    words_free(&w);
    return status;
}

/* The rows of the baseline, each once, that the patterns fit. */
static void add_rows(const struct gate_options *o, const struct results *before, struct words *rows)
{
    for ( size_t i = 0; i < before->count; i++ )
    {
        const char *row = before->rows[i].row;
        bool wanted = o->pattern_count == 0, there = false;

        for ( size_t k = 0; k < o->pattern_count; k++ )
            wanted |= fnmatch(o->patterns[k], row, 0) == 0;
        for ( size_t k = 0; k < rows->count; k++ )
            there |= strcmp(rows->list[k], row) == 0;
        if ( wanted && !there && (!columns_any(&o->columns) ||
                                  columns_have(&o->columns, before->rows[i].column)) )
            words_add(rows, row);
    }
}

/* Those that the baseline has, and of them those that were asked for, if any were; not of guests that
 * run without a Xen: no other Xen changes them. */
static struct column_set columns_of(const struct gate_options *o, const struct results *before)
{
    struct column_set columns = { .has = { false } };

    for ( size_t i = 0; i < before->count; i++ )
        if ( before->rows[i].column->home != HOME_BESIDE )
            columns_add(&columns, before->rows[i].column);
    return columns_any(&o->columns) ? columns_common(&columns, &o->columns) : columns;
}

/* The baseline's figures of rows that were not measured now say nothing. */
static void drop_others(struct results *before, const struct words *rows,
                        const struct column_set *columns)
{
    struct results kept = { .environment = before->environment }, gone = { .count = 0 };

    for ( size_t i = 0; i < before->count; i++ )
    {
        bool wanted = columns_have(columns, before->rows[i].column), there = false;

        for ( size_t k = 0; k < rows->count; k++ )
            there |= strcmp(rows->list[k], before->rows[i].row) == 0;
        *results_add(wanted && there ? &kept : &gone) = before->rows[i];
    }
    free(before->rows);
    results_free(&gone);
    *before = kept;
}

/* --------------------------------------------------------------- baseline -- */

/* Is that a Xen, packed or not, or a tree of one?  Results are JSON in a file. */
static bool is_xen(const char *path)
{
    struct stat st;
    size_t size = 0;
    char *data = read_whole_file(path, &size);
    bool xen = data && size > 2 && (!memcmp(data, "\x1f\x8b", 2) || !memcmp(data, "\177E", 2));

    free(data);
    return xen || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

/* Results that are there already, and whether the Xen they are of is that of the suite's lab. */
static int take_results(const struct gate_options *o, struct gate *g, bool *traceable)
{
    struct lab_facts facts;
    const struct environment *e = &g->before.environment;
    int status = results_read(o->baseline, &g->before);

    if ( status != STATUS_OK )
        return status;
    if ( !e->host || strcmp(e->host, "lab-exact") || e->bochs )
    {
        message("%s was measured %s%s: a gate measures in QEMU's exact lab, and so must its baseline "
                "be", o->baseline, e->bochs ? "in Bochs" : "on ", e->bochs ? "" : e->host ? e->host : "?");
        return STATUS_USAGE;
    }
    status = lab_facts(&(struct lab_options){ .suite = o->suite }, &facts);
    *traceable = status == STATUS_OK && !e->xen_options && !e->dom0_options && e->xen &&
                 (e->xen_build_id ? !strcmp(e->xen_build_id, facts.xen_build_id)
                                  : !strcmp(e->xen, facts.xen));
    return status;
}

/* Results, or the side that they are to be measured on. */
static int find_baseline(const struct gate_options *o, struct gate *g, struct side *old,
                         bool *results, bool *traceable)
{
    char *saved = store_find(o->baseline);
    int status = STATUS_OK;

    *old = (struct side){ .suite = o->suite };
    *traceable = true;
    *results = saved || (access(o->baseline, F_OK) == 0 && !is_xen(o->baseline));
    free(saved);
    if ( *results )
        status = take_results(o, g, traceable);
    else if ( access(o->baseline, F_OK) == 0 )
    {
        old->variant.xen = o->baseline;
        status = variant_check(&old->variant);
    }
    else if ( strpbrk(o->baseline, "./") )
    {
        message("%s: neither a results file, a saved name, a Debian suite nor a Xen", o->baseline);
        status = STATUS_USAGE;
    }
    else
    {
        old->suite = o->baseline;
        status = suite_choose(&old->suite);
    }
    return status;
}

/* "Xen 4.20.4 (build 576c0736b3e3, debug=n)"; the caller's. */
static char *side_name(const char *what, const struct environment *e)
{
    return xasprintf("%s: Xen %s%s%.12s%s%s%s", what, e->xen ? e->xen : "?",
                     e->xen_build_id ? ", build " : "", e->xen_build_id ? e->xen_build_id : "",
                     e->xen_debug ? ", debug=" : "", e->xen_debug ? e->xen_debug : "",
                     e->xen_debug && *e->xen_debug == 'y' ? ", whose assertions cost every path "
                     "instructions" : "");
}

/* ------------------------------------------------------------------ traces -- */

static int trace_side(const struct side *side, const struct result *r, struct trace *trace)
{
    struct words w = { .count = 0 };
    char *text;
    size_t size;
    int status;

    words_add(&w, "trace");
    words_add(&w, "--json");
    side_words(side, &w);
    words_format(&w, "--mode=%s", r->column->name);
    words_add(&w, r->row);
    status = self_run(words_argv(&w), &text, &size);
    words_free(&w);
    if ( status == STATUS_OK )
        status = trace_from_json(text, size, r->row, trace);
    free(text);
    return status;
}

/* Why the cell has no trace; NULL: it can have one. */
static const char *no_trace(const struct gate_cell *cell, const struct side *sides, bool traceable)
{
    const struct change *c = cell->change;

    if ( c->kind != CHANGE_MEDIAN )
        return "not traced: it does not succeed on both sides";
    if ( c->after->column->home != HOME_XEN )
        return "not traced: no guest of Xen's takes it";
    if ( !traceable )
        return "not traced: the baseline's Xen is not the lab's; name a Xen or a suite as the "
               "baseline";
    if ( !variant_has_symbols(&sides[0].variant) || !variant_has_symbols(&sides[1].variant) )
        return "not traced: a Xen without its symbols, an xen-syms or xen-syms.map beside it";
    return NULL;
}

static int trace_cell(const struct side *sides, struct gate_cell *cell)
{
    const struct result *r = change_result(cell->change);
    int status = trace_side(&sides[0], r, &cell->left);

    if ( status == STATUS_OK )
        status = trace_side(&sides[1], r, &cell->right);
    if ( status == STATUS_OK )
        cell->pairs = trace_pairs(&cell->left, &cell->right, &cell->count);
    else if ( !cancelled() )
        cell->why_not = "not traced: a trace has failed";
    return cancelled();
}

static double moved(const struct change *c)
{
    return c->kind != CHANGE_MEDIAN ? 1e9 : c->percent < 0 ? -c->percent : c->percent;
}

static int compare_cells(const void *a, const void *b)
{
    const struct gate_cell *x = a, *y = b;
    double dx = moved(x->change), dy = moved(y->change);

    return dx != dy ? dx < dy ? 1 : -1 : x->change < y->change ? -1 : 1;
}

int gate_trace(const struct side *sides, bool traceable, uint32_t most, struct gate *g)
{
    uint32_t traced = 0;
    int status = STATUS_OK;

    for ( size_t i = 0; i < g->comparison.count; i++ )
        if ( g->comparison.changes[i].counts )
        {
            g->cells = xrealloc(g->cells, (g->count + 1) * sizeof(*g->cells));
            g->cells[g->count++] = (struct gate_cell){ .change = &g->comparison.changes[i] };
        }
    if ( g->count )
        qsort(g->cells, g->count, sizeof(*g->cells), compare_cells);
    for ( size_t i = 0; status == STATUS_OK && i < g->count; i++ )
    {
        g->cells[i].why_not = no_trace(&g->cells[i], sides, traceable);
        if ( g->cells[i].why_not )
            continue;
        if ( traced++ == most )
            break;
        status = trace_cell(sides, &g->cells[i]);
    }
    return status;
}

/* -------------------------------------------------------------------- gate -- */

/* The lab itself first: what is missing on this machine is not the build's fault. */
static int boot(const struct gate_options *o)
{
    struct lab_options lab = { .clock = LAB_EXACT, .suite = o->suite };
    char *program;
    int status = lab_program(&lab, &program);

    free(program);
    if ( status != STATUS_OK )
        return status;
    lab.variant = o->variant;
    status = lab_prepare(&lab);
    return status == STATUS_ENVIRONMENT || status == STATUS_DEADLINE ? GATE_DOES_NOT_BOOT : status;
}

/* Both sides' figures. */
static int measure_both(const struct gate_options *o, const struct side sides[2], bool results,
                        struct gate *g)
{
    struct words rows = { .count = 0 };
    struct column_set columns = o->columns;
    uint32_t boots = o->boots;
    int status = STATUS_OK;

    if ( results )
    {
        add_rows(o, &g->before, &rows);
        boots = g->before.environment.boots;
        columns = columns_of(o, &g->before);
        drop_others(&g->before, &rows, &columns);
        if ( g->before.count == 0 )
        {
            message("%s has none of these rows in these modes", o->baseline);
            status = STATUS_USAGE;
        }
    }
    else
    {
        for ( size_t i = 0; i < o->pattern_count; i++ )
            words_add(&rows, o->patterns[i]);
        status = measure(&sides[0], &rows, &columns, boots, 1, &g->before);
    }
    if ( status == STATUS_OK )
        status = measure(&sides[1], &rows, &columns, boots, results ? g->before.environment.seed : 1,
                         &g->after);
    words_free(&rows);
    return status;
}

int gate_make(const struct gate_options *o, struct gate *g)
{
    struct side sides[2] = { [1] = { .suite = o->suite, .variant = o->variant } };
    bool results, traceable;
    char *error;
    int status;

    *g = (struct gate){ .allowed = o->allowed };
    status = find_baseline(o, g, &sides[0], &results, &traceable);
    if ( status == STATUS_OK )
        status = boot(o);
    cancel_begin();
    if ( status == STATUS_OK )
        status = measure_both(o, sides, results, g);
    if ( status == STATUS_OK &&
         !comparison_make(&g->before, &g->after, &o->allowed, &g->comparison, &error) )
    {
        message("%s: %s", o->baseline, error);
        free(error);
        status = STATUS_USAGE;
    }
    if ( status == STATUS_OK )
    {
        g->names[0] = side_name(o->baseline, &g->before.environment);
        g->names[1] = side_name(o->variant.xen ? variant_xen(&o->variant) : "the lab", &g->after.environment);
        g->factors = comparison_factors(&g->before, &g->after);
        status = gate_trace(sides, traceable, o->traces, g);
    }
    cancel_end();
    return status;
}
