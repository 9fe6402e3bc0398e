#include "bench/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/modules.h"
#include "catalogue/catalogue.h"
#include "catalogue/select.h"
#include "lib/files.h"
#include "machines/qemu/qemu.h"
#include "measure/environment.h"
#include "report/notes.h"
#include "report/output.h"
#include "report/trace_files.h"
#include "trace/lab_symbols.h"
#include "trace/symbols.h"
#include "trace/trace.h"
#include "xenometer.h"

#define DEADLINE    600u   /* seconds, each of the two runs: for what hangs; a trace takes 5 to 30 */

/* What the traces of one command share. */
struct session {
    const struct trace_options *arguments;
    struct lab_options lab;
    struct lab_symbols symbols[2];   /* of the lab with Xen, of the one without */
    struct image *image;
    const struct image_row *row;
    char *elf, *configs;
};

/* A trace with what its names point into. */
struct traced {
    struct capture capture;
    struct names *names;
    struct trace trace;
};

static void traced_free(struct traced *t)
{
    trace_free(&t->trace);
    names_free(t->names);
    capture_free(&t->capture);
}

/* Tracing is done by a plugin: does the QEMU that would be started take one? */
static int need_plugins(const char *cpu)
{
    static const char interface[] = "qemu_plugin_register_vcpu_tb_trans_cb";
    char *path = qemu_find(lab_cpu_traces(cpu), NULL), *data;
    size_t size = 0;
    int status = STATUS_OK;

    data = path ? read_whole_file(path, &size) : NULL;
    /* What is no ELF file is somebody's script: it will say so itself. */
    if ( data && size > 4 && !memcmp(data, "\177ELF", 4) &&
         !memmem(data, size, interface, sizeof(interface) - 1) )
    {
        message("%s is built without plugins, by which tracing is done; Debian's "
                "packages have them", path);
        status = STATUS_ENVIRONMENT;
    }
    free(data);
    free(path);
    return status;
}

static int need_lab(const struct trace_options *a)
{
    char *why_not;
    int status = STATUS_OK;

    if ( !strcmp(a->host, "auto") && environment_is_xen(&why_not) )
    {
        message("this machine runs Xen on real CPUs, where nothing counts single instructions: "
                "--host=lab traces the row in the lab");
        return STATUS_ENVIRONMENT;
    }
    else if ( !strcmp(a->host, "auto") )
        free(why_not);
    status = need_plugins(a->cpu);
    return status;
}

static const char *nowhere(const struct image_row *row, const struct column *column)
{
    return columns_have(&row->columns, column) ? NULL : row_elsewhere(row, column);
}

/* Are the instructions of the column, besides the guest's, those of a lab? */
static bool has_symbols(const struct column *column)
{
    return column->home == HOME_XEN || column->asked;
}

static void symbols_forget(struct session *s)
{
    for ( int i = 0; i < 2; i++ )
        lab_symbols_free(&s->symbols[i]);
}

static int find_symbols(struct session *s, const struct column *column, struct lab_symbols *symbols)
{
    static const char *const none[] = { NULL };
    const char *against = s->arguments->against;
    const struct column *other = against ? column_find(against) : NULL;
    bool device_model = column->device_model || (other && other->device_model);
    struct lab_options lab = s->lab;

    if ( symbols->root )
        return STATUS_OK;
    lab.system = column->alone ? SYSTEM_LINUX : SYSTEM_XEN;
    if ( column->alone )
        lab.variant = (struct variant){ 0 };
    return lab_symbols(&lab, column->program || column->alone ? none : modules_of(s->row->needs), device_model,
                       symbols);
}

static int trace_column(struct session *s, const struct column *column, struct traced *t)
{
    char *runs = column->runs ? data_file(column->runs) : NULL;
    const char *elf = runs ? runs : s->elf;
    struct capture_options o = {
        .lab = &s->lab, .image = s->image, .elf = elf, .config_dir = s->configs,
        .row = s->row, .column = column, .samples = s->arguments->samples,
        .choice = s->arguments->choice, .number = s->arguments->number, .deadline = DEADLINE,
    };
    struct lab_symbols *symbols = &s->symbols[column->alone];
    int status;

    *t = (struct traced){ 0 };
    if ( nowhere(s->row, column) )
    {
        message("%s in %s: %s", s->row->name, column->name, nowhere(s->row, column));
        free(runs);
        return STATUS_USAGE;
    }
    status = has_symbols(column) ? find_symbols(s, column, symbols) : STATUS_OK;
    if ( status == STATUS_OK )
        status = capture_take(&o, &t->capture);
    if ( status != STATUS_OK )
    {
        free(runs);
        return status;
    }
    if ( symbols->kernel && t->capture.environment.dom0_modules )
        symbols_place_modules(symbols->kernel, t->capture.environment.dom0_modules);
    if ( s->lab.variant.xen )
        environment_name_build(&t->capture.environment);
    t->names = names_new(symbols, elf, column, &t->capture.record);
    if ( !trace_make(&t->capture, t->names, &t->trace) )
        status = STATUS_FAILED;
    t->trace.row = xstrdup(s->row->name);
    t->trace.column = column;
    t->trace.operations = s->row->operations;
    t->trace.cpu_features = has_symbols(column) ? lab_features(&s->lab) : NULL;
    t->trace.xen_symbols = symbols->xen != NULL;
    t->trace.xen = t->capture.environment.xen;
    t->trace.dom0_kernel = t->capture.environment.dom0_kernel;
    free(runs);
    return status;
}

static int write_with(const char *path, void (*writer)(FILE *, const struct trace *),
                      const struct trace *trace)
{
    char *text = NULL;
    size_t size;
    FILE *out = path ? notes_begin(&text, &size) : NULL;
    int status;

    if ( !path )
        return STATUS_OK;
    writer(out, trace);
    fclose(out);
    status = output_write(path, text);
    free(text);
    return status;
}

static int write_files(const struct trace_options *a, const struct trace *trace)
{
    int status = write_with(a->folded, trace_folded, trace);

    if ( status == STATUS_OK )
        status = write_with(a->svg, trace_flame, trace);
    if ( status == STATUS_OK )
        status = write_with(a->sequence, trace_sequence, trace);
    if ( status == STATUS_OK )
        status = write_with(a->perfetto, trace_perfetto, trace);
    if ( status == STATUS_OK )
        status = write_with(a->speedscope, trace_speedscope, trace);
    return status;
}

/* What --against names: a mode, else a file, else a suite if it can be called that. */
enum other { OTHER_NONE, OTHER_MODE, OTHER_FILE, OTHER_XEN, OTHER_SUITE };

/* A trace is JSON; packed files and ELF files begin otherwise. */
static enum other other_file(const char *path)
{
    FILE *f = fopen(path, "re");
    int first = f ? fgetc(f) : EOF;
    struct stat st;

    if ( stat(path, &st) == 0 && S_ISDIR(st.st_mode) )
        first = 0x7f;   /* a tree of one */

    if ( f )
        fclose(f);
    return first == 0x1f || first == 0x7f ? OTHER_XEN : OTHER_FILE;
}

static enum other other_side(const char *against)
{
    if ( !against )
        return OTHER_NONE;
    if ( column_find(against) )
        return OTHER_MODE;
    return access(against, F_OK) && !strpbrk(against, "./") ? OTHER_SUITE : other_file(against);
}

static int trace_file(const char *against, struct traced *t)
{
    size_t size = 0;
    char *text;
    int status;

    *t = (struct traced){ 0 };
    text = read_whole_file(against, &size);
    if ( !text )
    {
        message("--against=%s: neither a mode, a suite nor a file that can be read: %s", against,
                strerror(errno));
        return STATUS_USAGE;
    }
    status = trace_from_json(text, size, against, &t->trace);
    free(text);
    return status;
}

/* The same row in a suite's own lab, a session of its own. */
static int trace_suite(struct session *s, const char *suite, const struct column *column,
                       struct traced *t)
{
    int status = suite_choose(&suite);

    s->lab.suite = suite;
    s->lab.variant = (struct variant){ .xen = NULL };
    return status ? status : trace_column(s, column, t);
}

/* The same row on another Xen. */
static int trace_xen(struct session *s, const char *xen, const struct column *column,
                     struct traced *t)
{
    int status;

    s->lab.variant = (struct variant){ .xen = xen };
    status = variant_check(&s->lab.variant);
    return status ? status : trace_column(s, column, t);
}

static int trace_row(struct session *s, const struct column *column)
{
    const struct trace_options *a = s->arguments;
    struct session elsewhere = *s;
    struct traced one = { 0 }, other = { 0 };
    enum other side = other_side(a->against);
    /* The file first: whether it can be read does not depend on the lab. */
    int status = side == OTHER_FILE ? trace_file(a->against, &other) : STATUS_OK;

    memset(elsewhere.symbols, 0, sizeof(elsewhere.symbols));
    if ( status == STATUS_OK )
        status = trace_column(s, column, &one);
    if ( status == STATUS_OK && side == OTHER_MODE )
        status = trace_column(s, column_find(a->against), &other);
    if ( status == STATUS_OK && side == OTHER_XEN )
        status = trace_xen(&elsewhere, a->against, column, &other);
    if ( status == STATUS_OK && side == OTHER_SUITE )
        status = trace_suite(&elsewhere, a->against, column, &other);
    if ( status == STATUS_OK )
        status = write_files(a, &one.trace);
    if ( status == STATUS_OK && a->json )
    {
        char *text = trace_to_json(&one.trace);

        fputs(text, stdout);
        free(text);
    }
    else if ( status == STATUS_OK && side == OTHER_FILE )
        trace_print_two(stdout, &other.trace, &one.trace, &a->view);
    else if ( status == STATUS_OK && side != OTHER_NONE )
        trace_print_two(stdout, &one.trace, &other.trace, &a->view);
    else if ( status == STATUS_OK )
        trace_print(stdout, &one.trace, &a->view);
    traced_free(&one);
    traced_free(&other);
    symbols_forget(&elsewhere);
    return status;
}

/* dom0's own, or nobody's. */
static int no_row(const struct trace_options *a, const struct image_row *row)
{
    if ( row )
        message("%s is dom0's own row: a trace follows what a guest or an application measures",
                a->row);
    else
        message("there is no row %s; `xenometer list` shows them", a->row);
    return STATUS_USAGE;
}

/* A trace that --json wrote, shown again. */
static int show_file(const struct trace_options *a)
{
    struct trace trace, other = { 0 };
    int status = trace_read(a->row, &trace);

    if ( status != STATUS_OK )
        return status;
    if ( a->against )
        status = trace_read(a->against, &other);
    if ( status == STATUS_OK )
        status = write_files(a, &trace);
    if ( status == STATUS_OK && a->against )
        trace_print_two(stdout, &other, &trace, &a->view);
    else if ( status == STATUS_OK )
        trace_print(stdout, &trace, &a->view);
    trace_free(&other);
    trace_free(&trace);
    return status;
}

static bool find_ways(const struct trace *t, struct trace_ways *ways)
{
    bool answered = false;

    *ways = (struct trace_ways){ 0 };
    for ( size_t i = 0; i < t->stage_count; i++ )
    {
        const struct stage *g = &t->stages[i];

        if ( t->places[g->place].layer == LAYER_KERNEL && !ways->out )
            ways->out = g->at;
        /* The answer is the stage before the tail. */
        answered = answered || (i + 1 < t->stage_count && t->stages[i + 1].tail);
        if ( answered && !g->tail )
            ways->in += g->count;
    }
    ways->in -= ways->in > t->overhead ? t->overhead : 0;
    return ways->out && answered;
}

int trace_ways(const struct lab_options *lab, const char *row, const struct column *column,
               struct trace_ways *ways)
{
    const struct trace_options arguments = { .row = row, .host = "lab", .cpu = lab->cpu };
    struct session s = { .arguments = &arguments, .lab = *lab };
    struct traced one = { 0 };
    const char *how = "";
    int status = STATUS_ENVIRONMENT;

    s.elf = lab_cpu_file(lab->cpu, "xenometer.elf", &how);
    s.configs = data_file("configs");
    s.image = s.elf && s.configs ? select_catalogue(s.elf) : NULL;
    s.row = s.image ? image_find(s.image, row) : NULL;
    if ( s.row )
        status = need_plugins(lab->cpu);
    if ( status == STATUS_OK )
        status = trace_column(&s, column, &one);
    if ( status == STATUS_OK && !find_ways(&one.trace, ways) )
    {
        message("%s in %s: the trace does not show where dom0 begins and where it answers", row, column->name);
        status = STATUS_FAILED;
    }
    traced_free(&one);
    symbols_forget(&s);
    image_free(s.image);
    free(s.elf);
    free(s.configs);
    return status;
}

/* Rows have a slash in their names and no suffix. */
static bool is_file(const char *row)
{
    const char *dot = strrchr(row, '.');

    return dot && !strcmp(dot, ".json");
}

int trace_run(struct trace_options *a)
{
    struct session s = { .arguments = a, .lab = { .clock = LAB_EXACT } };
    const char *how = "";
    char *image;
    int status;

    if ( suite_choose(&a->suite) )
        return STATUS_USAGE;
    s.lab.suite = a->suite;
    s.lab.without = a->without;
    s.lab.cpu = a->cpu;
    s.lab.variant = a->variant;
    if ( !a->view.stages && !a->view.functions )
        a->view.stages = a->view.functions = true;
    if ( is_file(a->row) )
        return show_file(a);
    if ( a->without && !lab_cpu_adds_features(a->cpu) )
    {
        message("--without is for QEMU's AMD CPU");
        return STATUS_USAGE;
    }
    image = a->image ? xstrdup(a->image) : lab_cpu_file(a->cpu, "xenometer.elf", &how);
    if ( !image )
        message("xenometer.elf not found beside the program: run `%s`", how);
    s.image = image ? select_catalogue(image) : NULL;
    if ( !s.image )
    {
        free(image);
        return STATUS_ENVIRONMENT;
    }
    s.configs = data_file("configs");
    s.row = image_find(s.image, a->row);
    s.elf = s.row && s.row->program ? data_file(s.row->program)
            : xstrdup(image);
    if ( !s.row || s.row->own )
    {
        status = no_row(a, s.row);
    }
    else if ( s.row->needs & DOMAIN_SMP )
    {
        message("%s needs two CPUs at once, and a trace follows one: `xenometer run %s` "
                "measures it", s.row->name, s.row->name);
        status = STATUS_USAGE;
    }
    else if ( !s.configs )
    {
        message("configs/ not found beside the program: run `make`");
        status = STATUS_ENVIRONMENT;
    }
    else if ( (status = need_lab(a)) == STATUS_OK )
        status = trace_row(&s, a->column ? a->column : columns_first(&s.row->columns));
    symbols_forget(&s);
    image_free(s.image);
    free(image);
    free(s.elf);
    free(s.configs);
    return status;
}
