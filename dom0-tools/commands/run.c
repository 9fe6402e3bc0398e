/*
 * `xenometer run`: measure rows, print the comparison, write the results.
 *
 * On a Xen dom0 this process drives the domains itself.  Anywhere else it
 * starts the lab, pushes this same program into the lab's dom0, has it do the
 * same there, and fetches the results.
 *
 * Try: xenometer run hypercall/null --modes=pv,pvh
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "backend/modules.h"
#include "backend/network.h"
#include "bench/batch.h"
#include "bench/layers.h"
#include "catalogue/catalogue.h"
#include "catalogue/image.h"
#include "catalogue/select.h"
#include "lib/lab_clock.h"
#include "machines/lab.h"
#include "measure/environment.h"
#include "measure/plan.h"
#include "measure/session.h"
#include "report/beside.h"
#include "report/json.h"
#include "report/layers.h"
#include "report/output.h"
#include "report/store.h"
#include "report/table.h"
#include "xenometer.h"

/* Seconds of dom0's clock.  In the exact lab a second is a thousand million
 * instructions: the longest rows take a few per cent of that, and QEMU some
 * ten seconds. */
#define ROW_DEADLINE       30u
#define ROW_DEADLINE_EXACT 3u
#define ROW_DEADLINE_BOCHS 60u  /* its second is 50 million instructions */
#define DOMAIN_DEADLINE    60u
#define MAX_SAMPLES     8192u  /* what the guest's buffer holds */
#define BOOTS           2u     /* one whole block of their order: measure/plan.h */
#define MAX_BOOTS       100u

struct run_options {
    char **patterns;
    size_t pattern_count;
    struct column_set columns;
    uint32_t samples, boots, seed, row_deadline, deadline;
    const char *output, *save, *image, *configs, *host, *suite, *bridge, *kernel, *cpu;
    enum lab_clock clock;
    uint32_t without;
    bool json, raw, wide, layers;
};

enum { OPTION_IMAGE = 256, OPTION_CONFIGS, OPTION_HOST, OPTION_CLOCK, OPTION_RAW,
       OPTION_ROW_DEADLINE, OPTION_SEED, OPTION_LAYERS, OPTION_SUITE, OPTION_BRIDGE, OPTION_KERNEL,
       OPTION_WITHOUT, OPTION_CPU, OPTION_SAVE };

static const struct argp_option options_table[] = {
    { "modes", 'm', "LIST", 0, "Modes to run: pv, pvh, hvm, bare, dom0, all (default all)", 0 },
    { "samples", 'n', "N", 0, "Samples per row and boot (default: each row's own number)", 0 },
    { "boots", 'b', "N", 0, "Domains of each kind, one after another, their samples pooled (default 2)", 0 },
    { "seed", OPTION_SEED, "N", 0, "Seed of the order in which the modes are booted (default 1)", 0 },
    { "output", 'o', "FILE", 0, "Write the results as JSON", 0 },
    { "save", OPTION_SAVE, "NAME", 0, "Keep the results under a name, for `xenometer compare NAME FILE` and `report NAME`", 0 },
    { "json", 'j', NULL, 0, "Print JSON instead of the table", 0 },
    { "wide", 'w', NULL, 0, "Print every figure, a line for each row and mode", 0 },
    { "raw", OPTION_RAW, NULL, 0, "Keep the raw samples in the results", 0 },
    { "layers", OPTION_LAYERS, NULL, 0, "In the exact lab, one boot: also who executed them, guest, Xen, dom0's kernel and processes", 0 },
    { "host", OPTION_HOST, "auto|xen|lab", 0, "Where to run (default auto: this machine's Xen if it has one)", 0 },
    { "clock", OPTION_CLOCK, "exact|fast|kvm", 0, "The lab's clock (default exact: counts instructions)", 0 },
    { "lab-suite", OPTION_SUITE, "SUITE", 0, "The lab made of another Debian suite's packages, such as bookworm (default: $XENOMETER_LAB_SUITE, or " LAB_SUITE ")", 0 },
    { "cpu", OPTION_CPU, "CPU", 0, "The lab's: amd (default, in QEMU), intel (in Bochs, with VT-x), amd-bochs, or a model by Bochs's name; several, with commas between, side by side", 0 },
    { "without", OPTION_WITHOUT, "FEATURE", 0, "The lab's CPU without a feature that QEMU lacks and the lab adds: nrip-save, decodeassists", 0 },
    { "deadline", 'd', "SECONDS", 0, "Whole run, wall clock (default 1800)", 0 },
    { "row-deadline", OPTION_ROW_DEADLINE, "SECONDS", 0, "One row in one domain, by dom0's clock (default 30; in the exact lab 3)", 0 },
    { "image", OPTION_IMAGE, "FILE", 0, "The unikernel (default: xenometer.elf beside the program)", 0 },
    { "configs", OPTION_CONFIGS, "DIRECTORY", 0, "Where pv.cfg, pvh.cfg and hvm.cfg are", 0 },
    { "bridge", OPTION_BRIDGE, "NAME", 0, "On a Xen host: dom0's bridge for the net rows (default: one made for the run)", 0 },
    { "kernel", OPTION_KERNEL, "FILE", 0, "On a Xen host: dom0's kernel, for the rows with a Linux domain (default: /boot/vmlinuz-VERSION)", 0 },
    { "verbose", 'v', NULL, 0, "Say more about what happens", 0 },
    { 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct run_options *o = state->input;

    switch ( key )
    {
    case 'm':
        return parse_modes(argument, &o->columns) ? EINVAL : 0;
    case 'n':
        return parse_count("--samples", argument, 1, MAX_SAMPLES, &o->samples) ? EINVAL : 0;
    case 'b':
        return parse_count("--boots", argument, 1, MAX_BOOTS, &o->boots) ? EINVAL : 0;
    case OPTION_SEED:
        return parse_count("--seed", argument, 0, UINT32_MAX, &o->seed) ? EINVAL : 0;
    case 'd':
        return parse_count("--deadline", argument, 1, 86400, &o->deadline) ? EINVAL : 0;
    case OPTION_ROW_DEADLINE:
        return parse_count("--row-deadline", argument, 1, 3600, &o->row_deadline) ? EINVAL : 0;
    case 'o':           o->output = argument;  return 0;
    case OPTION_SAVE:
        o->save = argument;
        return store_check(argument) ? EINVAL : 0;
    case 'j':           o->json = true;        return 0;
    case 'v':           verbose = true;        return 0;
    case 'w':           o->wide = true;        return 0;
    case OPTION_RAW:    o->raw = true;         return 0;
    case OPTION_LAYERS: o->layers = true;      return 0;
    case OPTION_SUITE:  o->suite = argument;   return 0;
    case OPTION_CPU:    o->cpu = argument;     return 0;
    case OPTION_WITHOUT:
        return lab_features_parse("--without", argument, &o->without) ? EINVAL : 0;
    case OPTION_IMAGE:  o->image = argument;   return 0;
    case OPTION_CONFIGS: o->configs = argument; return 0;
    case OPTION_BRIDGE: o->bridge = argument;  return 0;
    case OPTION_KERNEL: o->kernel = argument;  return 0;
    case OPTION_HOST:
        if ( strcmp(argument, "auto") && strcmp(argument, "xen") && strcmp(argument, "lab") )
        {
            message("--host=%s: must be auto, xen or lab", argument);
            return EINVAL;
        }
        o->host = argument;
        return 0;
    case OPTION_CLOCK:
        if ( !strcmp(argument, "exact") )
            o->clock = LAB_EXACT;
        else if ( !strcmp(argument, "fast") )
            o->clock = LAB_FAST;
        else if ( !strcmp(argument, "kvm") )
            o->clock = LAB_KVM;
        else
        {
            message("--clock=%s: must be exact, fast or kvm", argument);
            return EINVAL;
        }
        return 0;
    case ARGP_KEY_ARGS:
        o->patterns = state->argv + state->next;
        o->pattern_count = (size_t)(state->argc - state->next);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp parser = {
    .options = options_table, .parser = parse, .args_doc = "[ROW…]",
    .doc = "Measure rows (default: the headline rows) in every mode and compare them."
           "\vROW is a name or a pattern, as `xenometer list` shows them.\n\n"
           "Examples:\n"
           "  xenometer run\n"
           "  xenometer run 'hypercall/*' --modes=pv,pvh\n"
           "  xenometer run port/qemu-ide port/ioreq -m hvm -n 500 -o ports.json\n"
           "  xenometer run --cpu=amd,intel 'hypercall/*' 'exit/*'\n"
           "  xenometer run --host=lab --lab-suite=bookworm -o xen-4.17.json\n\n"
           "Exit status: 0 fine, 1 a row failed, 2 usage, 3 something is missing on "
           "this machine, 4 deadline.",
};

/* Announce the choice of host: the first line of every run. */
static void announce(const struct run_options *o, const char *text)
{
    if ( o->json )
    {
        /* The lab's own answer to run_in_dom0(): that one has announced it. */
        if ( !getenv(LAB_VARIABLE) )
            message("%s", text);
    }
    else
    {
        printf("%s\n", text);
        fflush(stdout);
    }
}

static const char *clock_name(enum lab_clock clock)
{
    switch ( clock )
    {
    case LAB_EXACT: return "exact";
    case LAB_FAST:  return "fast";
    case LAB_KVM:   return "kvm";
    }
    return "?";
}

static const char *clock_text(enum lab_clock clock)
{
    switch ( clock )
    {
    case LAB_EXACT: return "counting executed instructions exactly";
    case LAB_FAST:  return "multi-threaded, for function, not for figures";
    case LAB_KVM:   return "nested KVM, cycles";
    }
    return "";
}

static int run_here(const struct session_options *session,
                    const struct selection *selection, struct results *results)
{
    struct column_set beside = columns_at(HOME_BESIDE);
    int status;

    if ( geteuid() != 0 )
    {
        message("driving Xen needs root: run this with sudo");
        return STATUS_ENVIRONMENT;
    }
    status = environment_here(&results->environment);
    beside = columns_common(&selection->columns, &beside);
    if ( status == STATUS_OK && !columns_equal(&selection->columns, &beside) )
        status = session_run(session, selection, results);
    if ( session->keep_raw )
        results->environment.dom0_modules = modules_placed();
    FOR_EACH_COLUMN(c)
        if ( status == STATUS_OK && columns_have(&beside, c) )
            batch_skip(c, selection, c->impossible(NULL), results);
    return status;
}

/* Read what the run inside printed: one JSON document. */
static int read_results(int fd, struct results *results)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = xmalloc((size_t)size + 1);
    int status = STATUS_ENVIRONMENT;

    if ( pread(fd, text, (size_t)size, 0) == size )
        status = results_from_json(text, (size_t)size, "the lab's answer", results)
            ? STATUS_ENVIRONMENT : STATUS_OK;
    free(text);
    return status;
}

/* Does the row run in any of these columns? */
static bool runs_in(const struct image_row *row, const struct column_set *columns)
{
    struct column_set common = columns_common(&row->columns, columns);

    return columns_any(&common);
}

/* Does a row start a Linux domain? */
static bool wants_linux(const struct selection *selection)
{
    for ( size_t i = 0; i < selection->count; i++ )
        if ( (selection->rows[i]->needs & DOMAIN_LINUX) &&
             runs_in(selection->rows[i], &selection->columns) )
            return true;
    return false;
}

/* The job: this program, the image, the configs; the same run inside. */
static int run_in_dom0(const struct run_options *o, const struct lab_options *lab,
                       const struct session_options *session,
                       const struct selection *selection, struct results *results)
{
    static const char *const configs[] = { "pv.cfg", "pvh.cfg", "hvm.cfg" };
    struct lab_file push[8];
    size_t pushed = 0, n = 0;
    const char **argv = xcalloc(selection->count + 16, sizeof(*argv));
    char *paths[3], *modes = columns_text(&selection->columns, ",");
    char *mode_argument, *samples, *deadline, *boots, *seed, *program = NULL;
    char *kernel = NULL, *init = NULL;
    /* In memory: a run that is killed leaves no file behind. */
    int status = STATUS_ENVIRONMENT, inner = 0, out = memfd_create("results", MFD_CLOEXEC);

    if ( out < 0 )
    {
        message("no memory for the results: %s", strerror(errno));
        goto out_early;
    }
    status = lab_program(lab, &program);
    if ( status == STATUS_OK && wants_linux(selection) )
    {
        status = lab_guest_kernel(lab, &kernel);
        init = data_file("linux-init");
    }
    if ( status != STATUS_OK )
        goto out_early;
    mode_argument = xasprintf("--modes=%s", modes);
    samples = xasprintf("--samples=%u", o->samples);
    deadline = xasprintf("--row-deadline=%u", o->row_deadline);
    boots = xasprintf("--boots=%u", o->boots);
    seed = xasprintf("--seed=%u", o->seed);

    push[pushed++] = (struct lab_file){ .host_path = program, .name = "xenometer" };
    push[pushed++] = (struct lab_file){ .host_path = session->elf, .name = "xenometer.elf" };
    for ( size_t i = 0; i < 3; i++ )
    {
        paths[i] = xasprintf("%s/%s", session->config_dir, configs[i]);
        push[pushed++] = (struct lab_file){ .host_path = paths[i], .name = configs[i] };
    }

    if ( kernel )
        push[pushed++] = (struct lab_file){ .host_path = kernel, .name = "vmlinux.gz" };
    if ( init )   /* where it is missing, the row says so */
        push[pushed++] = (struct lab_file){ .host_path = init, .name = "linux-init" };

    argv[n++] = "./xenometer";
    argv[n++] = "run";
    argv[n++] = "--host=xen";
    argv[n++] = "--image=xenometer.elf";
    argv[n++] = "--configs=.";
    argv[n++] = "--json";
    argv[n++] = mode_argument;
    argv[n++] = deadline;
    argv[n++] = boots;
    argv[n++] = seed;
    if ( kernel )
        argv[n++] = "--kernel=vmlinux.gz";
    if ( o->samples )
        argv[n++] = samples;
    if ( o->raw || o->layers )
        argv[n++] = "--raw";
    if ( verbose )
        argv[n++] = "--verbose";
    for ( size_t i = 0; i < selection->count; i++ )
        argv[n++] = selection->rows[i]->name;

    status = lab_run(lab, &(struct lab_job){
        .argv = argv, .push = push, .push_count = pushed,
        .stdout_fd = out, .stderr_fd = STDERR_FILENO,
        .deadline_seconds = o->deadline,
    }, &inner);
    if ( status == STATUS_OK && inner > STATUS_FAILED )
        status = inner;   /* it has said why on stderr */
    if ( status == STATUS_OK )
        status = read_results(out, results);

    for ( size_t i = 0; i < 3; i++ )
        free(paths[i]);
    free(mode_argument);
    free(samples);
    free(deadline);
    free(boots);
    free(seed);
out_early:
    if ( out >= 0 )
        close(out);
    free(kernel);
    free(init);
    free(program);
    free(modes);
    free(argv);
    return status;
}

static void replace(char **field, const char *value)
{
    free(*field);
    *field = value && *value ? xstrdup(value) : NULL;
}

/* What only the layers were looked up by. */
static void drop_raw(struct results *results)
{
    for ( size_t i = 0; i < results->count; i++ )
    {
        free(results->rows[i].raw);
        results->rows[i].raw = NULL;
        results->rows[i].raw_count = 0;
    }
}

/* The domains, or the guests of another column: one QEMU, with the plugin for layers in it. */
static int run_part(const struct run_options *o, struct lab_options *lab,
                    const struct session_options *session, const struct selection *selection,
                    const struct column *beside, struct results *results)
{
    struct layers layers;
    /* With two CPUs the clock counts both, and no layers would add up. */
    bool traced = o->layers && !lab->smp;
    int status = traced ? layers_begin(&layers, lab, session->elf) : STATUS_OK, ended;

    if ( status != STATUS_OK )
        return status;
    status = beside ? batch_run(beside, lab, session, selection, results)
                    : run_in_dom0(o, lab, session, selection, results);
    if ( traced )
    {
        ended = layers_end(&layers, lab, status == STATUS_OK, results);
        if ( status == STATUS_OK )
            status = ended;
    }
    return status;
}

/*
 * The part of the selection that runs in some of `columns` with two CPUs for the
 * domain, or the part that does not; where there are no two, one machine has all, and dom0
 * says so for each row.  selection_free() it.
 */
static struct selection part(const struct selection *all, const struct column_set *columns,
                             bool smp, bool both)
{
    struct selection p = { .rows = xcalloc(all->count, sizeof(*p.rows)),
                           .columns = columns_common(&all->columns, columns) };

    for ( size_t i = 0; i < all->count; i++ )
    {
        bool runs = runs_in(all->rows[i], &p.columns);

        if ( both ? !smp && runs : smp == ((all->rows[i]->needs & DOMAIN_SMP) && runs) )
            p.rows[p.count++] = all->rows[i];
    }
    return p;
}

/* Where vCPUs are, for the environment of a document that has both kinds of row. */
static void describe_smp(struct environment *e)
{
    char *text;

    if ( !e->pinned )
        return;   /* there are no others */
    text = xasprintf("%s; in rows with two: 2 CPUs, dom0 and vCPU 0 on the first, "
                     "vCPU 1 on the second", e->pinned);
    free(e->pinned);
    e->pinned = text;
}

/* Those of a column that needs no Xen. */
static int run_beside(const struct run_options *o, struct lab_options *lab,
                      const struct session_options *session, const struct selection *selection,
                      const struct column *column, bool one, struct results *results)
{
    struct column_set only = columns_only(column);
    struct selection own = part(selection, &only, lab->smp, one);
    int status = STATUS_OK;

    if ( own.count && column->impossible(lab) )
        batch_skip(column, &own, column->impossible(lab), results);
    else if ( own.count )
        status = run_part(o, lab, session, &own, column, results);
    selection_free(&own);
    return status;
}

/*
 * All rows whose domain has one vCPU run on one CPU, the reference, whatever
 * else is asked for; the others in a machine with CPUs enough.
 */
static int run_machine(const struct run_options *o, bool smp,
                       const struct session_options *session,
                       const struct selection *selection, struct results *results)
{
    struct lab_options lab = { .clock = o->clock, .smp = smp, .suite = o->suite,
                               .without = o->without, .cpu = o->cpu };
    bool one = !lab_cpu_smp(o->cpu);
    struct column_set in_dom0 = columns_every();
    struct selection xen;
    struct results own = { 0 };
    int status = STATUS_OK;

    FOR_EACH_COLUMN(c)
        in_dom0.has[column_place(c)] = c->home != HOME_BESIDE;
    xen = part(selection, &in_dom0, smp, one);
    if ( xen.count && columns_any(&xen.columns) )
    {
        status = lab_prepare(&lab);
        if ( status == STATUS_OK )
            status = run_part(o, &lab, session, &xen, NULL, &own);
        if ( smp )
            describe_smp(&results->environment);
        results_merge(results, &own);
    }
    selection_free(&xen);
    FOR_EACH_COLUMN(c)
        if ( status == STATUS_OK && c->home == HOME_BESIDE && columns_have(&selection->columns, c) )
            status = run_beside(o, &lab, session, selection, c, one, results);
    return status;
}

static uint64_t seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec;
}

static int run_lab(const struct run_options *o, const struct session_options *session,
                   const struct selection *selection, struct results *results)
{
    struct lab_options lab = { .clock = o->clock, .suite = o->suite, .without = o->without,
                               .cpu = o->cpu };
    struct run_options rest = *o;
    struct lab_facts facts;
    uint64_t begun = seconds();
    char *features;
    int status = run_machine(o, false, session, selection, results);

    if ( status == STATUS_OK )
    {
        /* One deadline for both; what is left of it is never 0, which means none. */
        uint64_t used = seconds() - begun;

        rest.deadline = used < o->deadline ? o->deadline - (uint32_t)used : 1;
        status = run_machine(&rest, true, session, selection, results);
    }
    if ( o->layers && !o->raw )
        drop_raw(results);
    if ( status != STATUS_OK || (status = lab_facts(&lab, &facts)) != STATUS_OK )
        return status;

    /* What only this side knows; the lab's dom0 lives in 2026-01-01. */
    if ( !results->environment.host )
        environment_lab(&results->environment, clock_name(o->clock));
    replace(o->cpu ? &results->environment.bochs : &results->environment.qemu, facts.version);
    replace(&results->environment.cpu, facts.cpu);
    features = lab_features(&lab);
    if ( features )
        replace(&results->environment.cpu_features, features);
    free(features);
    environment_started(&results->environment);
    return STATUS_OK;
}

static char *choose_host(const struct run_options *o, bool *lab)
{
    char *why_not;
    bool xen = environment_is_xen(&why_not);
    char *text;

    *lab = !strcmp(o->host, "lab") || (!strcmp(o->host, "auto") && !xen);
    if ( !*lab )
        text = xasprintf("Host: this machine's Xen (%s)",
                         xen ? "it is a Xen dom0" : "asked for with --host=xen");
    else
        text = xasprintf("Host: the lab, real Xen and dom0%s%s in %s%s%s, %s (%s)",
                         o->suite ? " from Debian's " : "", o->suite ? o->suite : "",
                         o->cpu ? "Bochs (" : "QEMU", o->cpu ? o->cpu : "", o->cpu ? ")" : "",
                         clock_text(o->clock),
                         xen ? "asked for with --host=lab" : why_not);
    free(why_not);
    return text;
}

static int exit_status(const struct results *results)
{
    return results_worst(results) >= OUTCOME_ERROR ? STATUS_FAILED : STATUS_OK;
}

/* Print and write what was measured; also after trouble, when there is some. */
static int hand_over(const struct run_options *o, const struct results *results)
{
    int status = STATUS_OK;

    if ( o->json )
    {
        char *text = results_to_json(results);

        fputs(text, stdout);
        free(text);
    }
    else
    {
        if ( o->wide )
            table_print_wide(stdout, results);
        else
            table_print(stdout, results);
        if ( o->layers )
            layers_print(stdout, results);
    }
    if ( o->output )
        status = results_write(o->output, results);
    if ( o->save && status == STATUS_OK )
        status = store_save(o->save, results);
    return status ? status : exit_status(results);
}

/* Do all columns asked for need VMX or SVM? */
static bool nothing_without_hvm(const struct column_set *columns)
{
    FOR_EACH_COLUMN(c)
        if ( columns_have(columns, c) && !column_is(c, "hardware") )
            return false;
    return true;
}

/* What the CPU's emulator cannot do is said before anything starts.  An enum status. */
static int check_cpu(const struct run_options *o, const char *cpu, bool lab)
{
    const char *why = lab_cpu_no_hvm(cpu);

    if ( !cpu && lab )
        return STATUS_OK;
    if ( !lab )
        message("--cpu is for the lab, and this run uses this machine's Xen: add --host=lab");
    else if ( o->clock != LAB_EXACT )
        message("--clock=%s: Bochs only counts instructions: --clock=exact", clock_name(o->clock));
    else if ( o->without )
        message("--without is for QEMU's CPU; of Bochs's choose another model with --cpu");
    else if ( o->layers )
        message("--layers needs QEMU's plugins: --cpu=amd");
    else if ( why && nothing_without_hvm(&o->columns) )
        message("--cpu=%s %s: only --modes=pv,dom0 can run there", cpu, why);
    else
        return STATUS_OK;
    return STATUS_USAGE;
}

/* What is this machine's makes no sense in the lab.  An enum status; said why. */
static int check_xen_options(const struct run_options *o, bool lab)
{
    char *missing = NULL;
    int status = STATUS_OK;

    if ( lab && (o->bridge || o->kernel) )
    {
        message("--%s is for a Xen host: the lab's dom0 has %s of its own",
                o->bridge ? "bridge" : "kernel", o->bridge ? "a bridge" : "one");
        return STATUS_USAGE;
    }
    if ( o->bridge )
        missing = network_bridge_missing(o->bridge);
    if ( missing )
    {
        message("%s", missing);
        status = STATUS_ENVIRONMENT;
    }
    free(missing);
    return status;
}

/* ---------------------------------------------------------- several CPUs -- */

#define MAX_CPUS 8u

/* What --cpu names: titles, and what lab_options want.  `text` is taken apart. */
struct cpus {
    const char *names[MAX_CPUS], *models[MAX_CPUS];
    size_t count;
};

static int choose_cpus(char *text, struct cpus *cpus)
{
    char *name;
    int status = STATUS_OK;

    while ( status == STATUS_OK && (name = strsep(&text, ",")) != NULL )
    {
        if ( cpus->count == MAX_CPUS )
        {
            message("--cpu: %u CPUs at most", MAX_CPUS);
            return STATUS_USAGE;
        }
        for ( size_t i = 0; i < cpus->count; i++ )
            if ( !strcmp(cpus->names[i], name) )
            {
                message("--cpu: %s is named twice", name);
                return STATUS_USAGE;
            }
        cpus->names[cpus->count] = name;
        status = lab_cpu_choose(name, &cpus->models[cpus->count++]);
    }
    return status;
}

/* "out.json" for one of several CPUs: "out-intel.json"; the caller's. */
static char *output_for(const char *output, const char *cpu)
{
    const char *dot = strrchr(output, '.'), *slash = strrchr(output, '/');

    if ( dot == NULL || (slash && dot < slash) )
        dot = output + strlen(output);
    return xasprintf("%.*s-%s%s", (int)(dot - output), output, cpu, dot);
}

static void finish(const struct run_options *o, const struct image *image,
                   struct results *results)
{
    replace(&results->environment.image, image->build_id);
    results->environment.boots = o->boots;
    results->environment.seed = o->seed;
    results_sort(results, image);
}

static uint32_t row_deadline(const char *cpu, bool exact_lab)
{
    return cpu ? ROW_DEADLINE_BOCHS : exact_lab ? ROW_DEADLINE_EXACT : ROW_DEADLINE;
}

/* One after another, each in a lab of its own. */
static int run_cpus(const struct run_options *o, const struct cpus *cpus,
                    const struct session_options *session, const struct selection *selection,
                    const struct image *image)
{
    struct results all[MAX_CPUS] = { 0 };
    int status = STATUS_OK, worst = STATUS_OK;

    for ( size_t i = 0; status == STATUS_OK && i < cpus->count; i++ )
    {
        struct run_options one = *o;
        char *output = o->output ? output_for(o->output, cpus->names[i]) : NULL;

        one.cpu = cpus->models[i];
        if ( !session->row_deadline )
            one.row_deadline = row_deadline(one.cpu, true);
        message("%s: %s", cpus->names[i], one.cpu ? one.cpu : "in QEMU");
        status = run_lab(&one, session, selection, &all[i]);
        finish(o, image, &all[i]);
        if ( status == STATUS_OK && output )
            status = results_write(output, &all[i]);
        if ( status == STATUS_OK && exit_status(&all[i]) )
            worst = exit_status(&all[i]);
        free(output);
    }
    if ( status == STATUS_OK )
        beside_print(stdout, all, cpus->names, cpus->count);
    for ( size_t i = 0; i < MAX_CPUS; i++ )
        results_free(&all[i]);
    return status ? status : worst;
}

int command_run(int argc, char **argv)
{
    struct run_options o = {
        .columns = columns_every(), .host = "auto", .clock = LAB_EXACT,
        .deadline = 1800, .boots = BOOTS, .seed = PLAN_SEED,
    };
    struct results results = { 0 };
    struct selection selection = { 0 };
    struct session_options session;
    struct cpus cpus = { .count = 0 };
    struct image *image = NULL;
    char *elf = NULL, *configs = NULL, *error = NULL, *host;
    bool lab, suite_given;
    int status = STATUS_USAGE;

    if ( argp_parse(&parser, argc, argv, 0, NULL, &o) )
        return STATUS_USAGE;
    if ( o.cpu && (status = choose_cpus((char *)o.cpu, &cpus)) != STATUS_OK )
        return status;
    /* QEMU's when there are several: what is asked for must be possible there, too. */
    o.cpu = cpus.count > 1 ? NULL : cpus.models[0];
    suite_given = o.suite && *o.suite;
    if ( suite_choose(&o.suite) )
        return STATUS_USAGE;

    elf = o.image ? xstrdup(o.image) : data_file("xenometer.elf");
    configs = o.configs ? xstrdup(o.configs) : data_file("configs");
    if ( !elf || !configs )
    {
        message("%s not found beside the program: run `make`",
                elf ? "configs/" : "xenometer.elf");
        status = STATUS_ENVIRONMENT;
        goto out;
    }
    image = catalogue_load(elf, &error);
    if ( !image )
    {
        message("%s", error);
        free(error);
        goto out;
    }
    status = select_rows(image, o.patterns, o.pattern_count, &o.columns, true, &selection);
    if ( status == STATUS_OK && o.output )
        status = output_writable(o.output);
    if ( status != STATUS_OK )
        goto out;

    host = choose_host(&o, &lab);
    if ( !o.row_deadline && cpus.count < 2 )
        o.row_deadline = row_deadline(o.cpu, lab && o.clock == LAB_EXACT);
    session = (struct session_options){
        .image = image, .elf = elf, .config_dir = configs, .samples = o.samples,
        .boots = o.boots, .seed = o.seed, .bridge = o.bridge, .kernel = o.kernel,
        .keep_raw = o.raw || o.layers,
        .row_deadline = o.row_deadline,
        .domain_deadline = DOMAIN_DEADLINE,
    };
    if ( suite_given && !lab )
    {
        message("--lab-suite=%s is for the lab, and this run uses this machine's Xen: add "
                "--host=lab", o.suite);
        status = STATUS_USAGE;
        free(host);
        goto out;
    }
    for ( size_t i = 0; status == STATUS_OK && i < cpus.count; i++ )
        status = check_cpu(&o, cpus.models[i], lab);
    if ( status == STATUS_OK && cpus.count > 1 && (o.json || o.wide || o.save) )
    {
        message("--%s is for the figures of one CPU: name one, or write them with --output",
                o.json ? "json" : o.wide ? "wide" : "save");
        status = STATUS_USAGE;
    }
    if ( status != STATUS_OK )
    {
        free(host);
        goto out;
    }
    announce(&o, host);
    /* The layers are looked up by raw samples, of one boot. */
    if ( o.layers )
        o.boots = session.boots = 1;
    if ( o.layers && (!lab || o.clock != LAB_EXACT) )
    {
        message("--layers needs the lab's exact clock, which counts instructions: --host=lab%s",
                lab ? " --clock=exact" : "");
        free(host);
        status = STATUS_USAGE;
        goto out;
    }
    free(host);
    status = check_xen_options(&o, lab);
    if ( status != STATUS_OK )
        goto out;
    if ( cpus.count > 1 )
    {
        status = run_cpus(&o, &cpus, &session, &selection, image);
        goto out;
    }
    status = lab ? run_lab(&o, &session, &selection, &results)
                 : run_here(&session, &selection, &results);
    finish(&o, image, &results);
    if ( status == STATUS_OK )
        status = hand_over(&o, &results);
    else if ( results.count )
        hand_over(&o, &results);
out:
    results_free(&results);
    selection_free(&selection);
    image_free(image);
    free(elf);
    free(configs);
    return status;
}
