/*
 * `xenometer trace`: where every instruction of one crossing goes.
 *
 * Try: xenometer trace port/qemu-ide --mode=hvm
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/modules.h"
#include "bench/capture.h"
#include "catalogue/catalogue.h"
#include "catalogue/select.h"
#include "lib/files.h"
#include "machines/qemu/qemu.h"
#include "measure/environment.h"
#include "report/trace_files.h"
#include "report/trace_table.h"
#include "trace/lab_symbols.h"
#include "trace/symbols.h"
#include "trace/trace.h"
#include "xenometer.h"

#define DEADLINE    600u   /* seconds, each of the two runs: for what hangs; a trace takes 5 to 30 */
#define MAX_SAMPLES 8192u  /* what the guest's buffer holds */

struct arguments {
    const char *row, *image, *host, *suite, *against, *folded, *svg, *sequence;
    const struct column *column;
    uint32_t without;
    bool json;
    uint32_t samples, number;
    enum sample_choice choice;
    struct trace_view view;
};

enum { OPTION_WITHOUT = 256, OPTION_IMAGE, OPTION_HOST, OPTION_AGAINST, OPTION_FOLDED, OPTION_SVG,
       OPTION_SEQUENCE, OPTION_STAGES, OPTION_FUNCTIONS, OPTION_LIMIT, OPTION_SAMPLE,
       OPTION_SUITE };

static const struct argp_option options[] = {
    { "mode", 'm', "MODE", 0, "pv, pvh, hvm or bare (default: the first that the row runs in)", 0 },
    { "against", OPTION_AGAINST, "MODE|SUITE|FILE", 0, "Set beside it the same row in another mode, in the lab of another Debian suite, or a trace written with --json: what changed, function by function, most first", 0 },
    { "stages", OPTION_STAGES, NULL, 0, "Only the table of stages, in order", 0 },
    { "functions", OPTION_FUNCTIONS, NULL, 0, "Only the table of functions", 0 },
    { "limit", OPTION_LIMIT, "N", 0, "Lines of the table of functions (default 20; 0: all)", 0 },
    { "json", 'j', NULL, 0, "Print JSON instead of tables", 0 },
    { "folded", OPTION_FOLDED, "FILE", 0, "Write folded stacks, for flame graph programs", 0 },
    { "svg", OPTION_SVG, "FILE", 0, "Write a flame graph, in the order of execution", 0 },
    { "sequence", OPTION_SEQUENCE, "FILE", 0, "Write a sequence diagram (SVG)", 0 },
    { "without", OPTION_WITHOUT, "FEATURE", 0, "The lab's CPU without a feature that QEMU lacks and the lab adds: nrip-save, decodeassists", 0 },
    { "sample", OPTION_SAMPLE, "median|min|max|N", 0, "Which sample (default: the median one)", 0 },
    { "samples", 'n', "N", 0, "Samples to take (default: the row's own number, at most 101)", 0 },
    { "host", OPTION_HOST, "auto|lab", 0, "lab: use the lab also on a machine that runs Xen", 0 },
    { "lab-suite", OPTION_SUITE, "SUITE", 0, "The lab made of another Debian suite's packages, such as bookworm (default: $XENOMETER_LAB_SUITE, or " LAB_SUITE ")", 0 },
    { "image", OPTION_IMAGE, "FILE", 0, "The unikernel (default: xenometer.elf beside the program)", 0 },
    { "verbose", 'v', NULL, 0, "Say more about what happens", 0 },
    { 0 }
};

static int parse_mode(const char *option, const char *text, const struct column **column)
{
    *column = column_find(text);
    if ( *column && (*column)->mode )
        return 0;
    message("%s=%s: must be pv, pvh, hvm or bare", option, text);
    return EINVAL;
}

static int parse_sample(struct arguments *a, const char *text)
{
    if ( !strcmp(text, "median") )
        a->choice = SAMPLE_MEDIAN;
    else if ( !strcmp(text, "min") )
        a->choice = SAMPLE_MIN;
    else if ( !strcmp(text, "max") )
        a->choice = SAMPLE_MAX;
    else
    {
        a->choice = SAMPLE_NUMBER;
        return parse_count("--sample", text, 0, MAX_SAMPLES - 1, &a->number) ? EINVAL : 0;
    }
    return 0;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct arguments *a = state->input;

    switch ( key )
    {
    case 'm':             return parse_mode("--mode", text, &a->column);
    case 'n':
        return parse_count("--samples", text, 1, MAX_SAMPLES, &a->samples) ? EINVAL : 0;
    case OPTION_LIMIT:
        return parse_count("--limit", text, 0, 1000000, &a->view.limit) ? EINVAL : 0;
    case OPTION_SAMPLE:   return parse_sample(a, text);
    case 'v':             verbose = true;           return 0;
    case 'j':             a->json = true;           return 0;
    case OPTION_WITHOUT:
        return lab_features_parse("--without", text, &a->without) ? EINVAL : 0;
    case OPTION_IMAGE:    a->image = text;          return 0;
    case OPTION_SUITE:    a->suite = text;          return 0;
    case OPTION_AGAINST:  a->against = text;        return 0;
    case OPTION_FOLDED:   a->folded = text;         return 0;
    case OPTION_SVG:      a->svg = text;            return 0;
    case OPTION_SEQUENCE: a->sequence = text;       return 0;
    case OPTION_STAGES:   a->view.stages = true;    return 0;
    case OPTION_FUNCTIONS: a->view.functions = true; return 0;
    case OPTION_HOST:
        if ( strcmp(text, "auto") && strcmp(text, "lab") )
        {
            message("--host=%s: must be auto or lab: only the lab counts instructions", text);
            return EINVAL;
        }
        a->host = text;
        return 0;
    case ARGP_KEY_ARG:
        if ( a->row )
        {
            message("one row at a time; `xenometer list` shows them");
            return EINVAL;
        }
        a->row = text;
        return 0;
    case ARGP_KEY_END:
        if ( a->row )
            return 0;
        message("which row? `xenometer list` shows them");
        return EINVAL;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp parser = {
    .options = options, .parser = parse, .args_doc = "ROW",
    .doc = "Show where every instruction of one crossing goes: guest, Xen, dom0's kernel, dom0's "
           "processes, in order, function by function."
           "\vThe row runs in the lab, with the instruction clock, unchanged; the layers add up to "
           "what the guest's clock says.\n\n"
           "Examples:\n"
           "  xenometer trace port/qemu-ide --mode=hvm\n"
           "  xenometer trace hypercall/null --mode=pv --against=pvh\n"
           "  xenometer trace hypercall/null --mode=pv --against=trixie\n"
           "  xenometer trace ring/echo-64b -m pvh --svg=echo.svg --sequence=sequence.svg\n"
           "  xenometer trace exit/cpuid-basic -m hvm --without=nrip-save --json >before.json\n"
           "  xenometer trace exit/cpuid-basic -m hvm --against=before.json\n\n"
           "Exit status: 0 fine, 1 the row failed, 2 usage, 3 something is missing on this "
           "machine, 4 deadline.",
};

/* What the traces of one command share. */
struct session {
    const struct arguments *arguments;
    struct lab_options lab;
    struct lab_symbols symbols;
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
static int need_plugins(void)
{
    static const char interface[] = "qemu_plugin_register_vcpu_tb_trans_cb";
    char *path = qemu_find(NULL), *data;
    size_t size = 0;
    int status = STATUS_OK;

    data = path ? read_whole_file(path, &size) : NULL;
    /* What is no ELF file is somebody's script: it will say so itself. */
    if ( data && size > 4 && !memcmp(data, "\177ELF", 4) &&
         !memmem(data, size, interface, sizeof(interface) - 1) )
    {
        message("%s is built without plugins, by which tracing is done; Debian's "
                "qemu-system-x86 has them", path);
        status = STATUS_ENVIRONMENT;
    }
    free(data);
    free(path);
    return status;
}

static int need_lab(const struct arguments *a)
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
    status = need_plugins();
    return status;
}

static const char *nowhere(const struct image_row *row, const struct column *column)
{
    return columns_have(&row->columns, column) ? NULL : row_elsewhere(row, column);
}

static int trace_column(struct session *s, const struct column *column, struct traced *t)
{
    struct capture_options o = {
        .lab = &s->lab, .image = s->image, .elf = s->elf, .config_dir = s->configs,
        .row = s->row, .column = column, .samples = s->arguments->samples,
        .choice = s->arguments->choice, .number = s->arguments->number, .deadline = DEADLINE,
    };
    int status;

    *t = (struct traced){ 0 };
    if ( nowhere(s->row, column) )
    {
        message("%s in %s: %s", s->row->name, column->name, nowhere(s->row, column));
        return STATUS_USAGE;
    }
    if ( column->home == HOME_XEN && !s->symbols.root )
    {
        const char *against = s->arguments->against;
        const struct column *other = against ? column_find(against) : NULL;
        bool device_model = column->device_model || (other && other->device_model);

        status = lab_symbols(&s->lab, modules_of(s->row->needs), device_model, &s->symbols);
        if ( status != STATUS_OK )
            return status;
    }
    status = capture_take(&o, &t->capture);
    if ( status != STATUS_OK )
        return status;
    if ( s->symbols.kernel && t->capture.environment.dom0_modules )
        symbols_place_modules(s->symbols.kernel, t->capture.environment.dom0_modules);
    t->names = names_new(&s->symbols, s->elf, &t->capture.record);
    if ( !trace_make(&t->capture, t->names, &t->trace) )
        status = STATUS_FAILED;
    t->trace.row = xstrdup(s->row->name);
    t->trace.column = column;
    t->trace.operations = s->row->operations;
    t->trace.cpu_features = column->home == HOME_BESIDE ? NULL : lab_features(&s->lab);
    t->trace.xen_symbols = s->symbols.xen != NULL;
    t->trace.xen = t->capture.environment.xen;
    t->trace.dom0_kernel = t->capture.environment.dom0_kernel;
    return status;
}

static int write_with(const char *path, void (*writer)(FILE *, const struct trace *),
                      const struct trace *trace)
{
    FILE *out = path ? fopen(path, "w") : NULL;
    bool failed;

    if ( !path )
        return STATUS_OK;
    if ( !out )
    {
        message("cannot write %s: %s", path, strerror(errno));
        return STATUS_USAGE;
    }
    writer(out, trace);
    failed = ferror(out);
    if ( fclose(out) || failed )
    {
        message("cannot write %s: %s", path, strerror(errno));
        return STATUS_ENVIRONMENT;
    }
    return STATUS_OK;
}

static int write_files(const struct arguments *a, const struct trace *trace)
{
    int status = write_with(a->folded, trace_folded, trace);

    if ( status == STATUS_OK )
        status = write_with(a->svg, trace_flame, trace);
    if ( status == STATUS_OK )
        status = write_with(a->sequence, trace_sequence, trace);
    return status;
}

/* What --against names: a mode, else a file, else a suite if it can be called that. */
enum other { OTHER_NONE, OTHER_MODE, OTHER_FILE, OTHER_SUITE };

static enum other other_side(const char *against)
{
    if ( !against )
        return OTHER_NONE;
    if ( column_find(against) )
        return OTHER_MODE;
    return access(against, F_OK) && !strpbrk(against, "./") ? OTHER_SUITE : OTHER_FILE;
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

/* The same row in another suite's lab, a session of its own. */
static int trace_suite(struct session *s, const char *suite, const struct column *column,
                       struct traced *t)
{
    int status = suite_choose(&suite);

    s->lab.suite = suite;
    return status ? status : trace_column(s, column, t);
}

static int trace_row(struct session *s, const struct column *column)
{
    const struct arguments *a = s->arguments;
    struct session elsewhere = *s;
    struct traced one = { 0 }, other = { 0 };
    enum other side = other_side(a->against);
    /* The file first: whether it can be read does not depend on the lab. */
    int status = side == OTHER_FILE ? trace_file(a->against, &other) : STATUS_OK;

    elsewhere.symbols = (struct lab_symbols){ 0 };
    if ( status == STATUS_OK )
        status = trace_column(s, column, &one);
    if ( status == STATUS_OK && side == OTHER_MODE )
        status = trace_column(s, column_find(a->against), &other);
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
    lab_symbols_free(&elsewhere.symbols);
    return status;
}

/* Not in the image: dom0's own, or nobody's. */
static int no_row(const struct arguments *a)
{
    struct image *catalogue = select_catalogue(a->image);

    if ( catalogue && image_find(catalogue, a->row) )
        message("%s is dom0's own row: a trace follows what a guest measures", a->row);
    else
        message("there is no row %s; `xenometer list` shows them", a->row);
    image_free(catalogue);
    return STATUS_USAGE;
}

int command_trace(int argc, char **argv)
{
    struct arguments a = { .view = { .limit = 20 }, .host = "auto" };
    struct session s = { .arguments = &a, .lab = { .clock = LAB_EXACT } };
    int status;

    if ( argp_parse(&parser, argc, argv, 0, NULL, &a) || suite_choose(&a.suite) )
        return STATUS_USAGE;
    s.lab.suite = a.suite;
    s.lab.without = a.without;
    if ( !a.view.stages && !a.view.functions )
        a.view.stages = a.view.functions = true;
    s.image = select_image(a.image);
    if ( !s.image )
        return STATUS_ENVIRONMENT;
    s.elf = a.image ? xstrdup(a.image) : data_file("xenometer.elf");
    s.configs = data_file("configs");
    s.row = image_find(s.image, a.row);
    if ( !s.row )
    {
        status = no_row(&a);
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
    else if ( (status = need_lab(&a)) == STATUS_OK )
        status = trace_row(&s, a.column ? a.column : columns_first(&s.row->columns));
    lab_symbols_free(&s.symbols);
    image_free(s.image);
    free(s.elf);
    free(s.configs);
    return status;
}
