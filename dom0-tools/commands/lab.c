/*
 * `xenometer lab`: build, run, shell, status, clean.
 *
 * Try: xenometer lab run -- xl info
 */
#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/lab_options.h"
#include "lib/cancel.h"
#include "lib/files.h"
#include "machines/lab.h"
#include "machines/prepare.h"
#include "machines/emulator.h"
#include "machines/qemu/machine.h"
#include "machines/shell.h"
#include "machines/snapshot.h"
#include "systems/assemble.h"
#include "systems/packages.h"
#include "xenometer.h"

struct command;

struct lab_arguments {
    const struct command *command;
    struct lab_options options;
    const char *cpu;          /* as given */
    bool clock_given, json, update;
    unsigned deadline;
    struct lab_file *push, *fetch;
    size_t push_count, fetch_count;
    char **words;             /* dom0's command, after the options */
    int word_count;
};

enum { OPTION_CLOCK = 256, OPTION_FAST, OPTION_SMP, OPTION_CACHE, OPTION_KEEP_LOGS, OPTION_UPDATE,
       OPTION_JSON, OPTION_SUITE, OPTION_WITHOUT, OPTION_CPU, OPTION_COLD, OPTION_SYSTEM };

static const struct argp_option options_table[] = {
    { "clock", OPTION_CLOCK, "exact|fast|kvm", 0, "exact counts instructions and is repeatable (default; shell: fast), fast is multi-threaded, kvm needs working nested KVM", 0 },
    { "fast", OPTION_FAST, NULL, 0, "The same as --clock=fast", 0 },
    { "smp", OPTION_SMP, NULL, 0, "Two CPUs, dom0 pinned to the first: what rows with two vCPUs run in", 0 },
    { "system", OPTION_SYSTEM, "xen|linux", 0, "xen: Xen and its dom0 (default); linux: the same kernel without Xen, with KVM, crun, gVisor and bubblewrap", 0 },
    { "lab-suite", OPTION_SUITE, "SUITE", 0, "The lab made of another Debian suite's packages, such as bookworm (default: $XENOMETER_LAB_SUITE, or " LAB_SUITE ")", 0 },
    { "cpu", OPTION_CPU, "CPU", 0, "amd (default, in QEMU), intel (in Bochs, with VT-x), arm64 (in QEMU, after make arm64), arm64-vhe (the same with VHE), amd-bochs, or a model by Bochs's name", 0 },
    { "without", OPTION_WITHOUT, "FEATURE", 0, "A CPU without the feature that QEMU lacks and the lab adds: nrip-save, decodeassists", 0 },
    { "cold", OPTION_COLD, NULL, 0, "run: boot, instead of going on from the snapshot", 0 },
    { "push", 'p', "FILE", 0, "run, shell: put the file into the job directory, under its base name", 0 },
    { "fetch", 'f', "NAME", 0, "run: bring the file out of the job directory into the current one", 0 },
    { "deadline", 'd', "SECONDS", 0, "run: end it after that time (default 600)", 0 },
    { "json", OPTION_JSON, NULL, 0, "status: for machines", 0 },
    { "update", OPTION_UPDATE, NULL, 0, "build: look for newer packages", 0 },
    { "keep-logs", OPTION_KEEP_LOGS, "DIR", 0, "Write Xen's serial log and the emulator's messages there", 0 },
    { "cache", OPTION_CACHE, "DIR", 0, "Where the lab is kept (default $XENOMETER_CACHE, or ~/.cache/xenometer)", 0 },
    { "quiet", 'q', NULL, 0, "No progress lines", 0 },
    { 0 },
};

static struct lab_file *append(struct lab_file **list, size_t *count)
{
    *list = xrealloc(*list, (*count + 1) * sizeof(**list));
    (*list)[*count] = (struct lab_file){ 0 };
    return &(*list)[(*count)++];
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int parse_clock(struct lab_arguments *arguments, const char *text)
{
    static const enum lab_clock clocks[] = { LAB_EXACT, LAB_FAST, LAB_KVM };

    arguments->clock_given = true;
    for ( size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++ )
        if ( strcmp(text, machine_clock_name(clocks[i])) == 0 )
        {
            arguments->options.clock = clocks[i];
            return 0;
        }
    message("--clock=%s: must be exact, fast or kvm", text);
    return EINVAL;
}

static int parse_deadline(struct lab_arguments *arguments, const char *text)
{
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(text, &end, 10);
    if ( errno || *end || end == text || *text == '-' || value == 0 || value > 86400 )
    {
        message("--deadline=%s: must be a number of seconds from 1 to 86400", text);
        return EINVAL;
    }
    arguments->deadline = (unsigned)value;
    return 0;
}

static const struct command *find_command(const char *name);

/* The first is the subcommand, before or behind options; what follows the second is dom0's
 * command, options of that included. */
static error_t parse_word(struct lab_arguments *a, const char *word, struct argp_state *state)
{
    if ( a->command )
    {
        a->words = state->argv + state->next - 1;
        a->word_count = state->argc - state->next + 1;
        state->next = state->argc;
        return 0;
    }
    a->command = find_command(word);
    if ( a->command )
        return 0;
    message("lab: unknown subcommand '%s'; one of build, run, shell, status, clean", word);
    return EINVAL;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct lab_arguments *a = state->input;
    struct lab_file *file;

    switch ( key )
    {
    case OPTION_CLOCK:     return parse_clock(a, argument);
    case OPTION_FAST:      return parse_clock(a, "fast");
    case OPTION_SMP:       a->options.smp = true;           return 0;
    case OPTION_CACHE:     a->options.cache = argument;     return 0;
    case OPTION_KEEP_LOGS: a->options.keep_logs = argument; return 0;
    case OPTION_COLD:      a->options.cold = true;          return 0;
    case OPTION_JSON:      a->json = true;                  return 0;
    case OPTION_SUITE:     a->options.suite = argument;     return 0;
    case OPTION_SYSTEM:
        return system_parse(argument, &a->options.system) ? EINVAL : 0;
    case OPTION_CPU:         a->cpu = argument;             return 0;
    case OPTION_WITHOUT:
        return lab_features_parse("--without", argument, &a->options.without) ? EINVAL : 0;
    case OPTION_UPDATE:    a->update = true;                return 0;
    case 'q':              a->options.quiet = true;         return 0;
    case 'd':              return parse_deadline(a, argument);
    case 'p':
        file = append(&a->push, &a->push_count);
        file->host_path = argument;
        file->name = base_name(argument);
        return 0;
    case 'f':
        file = append(&a->fetch, &a->fetch_count);
        file->name = argument;
        file->host_path = base_name(argument);
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &a->options.variant;
        return 0;
    case ARGP_KEY_ARG:
        return parse_word(a, argument, state);
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp parser = {
    .options = options_table, .parser = parse, .children = lab_options_children,
    .args_doc = "build\nrun [--] COMMAND [ARGUMENT…]\nshell\nstatus\nclean",
    .doc = "A real Xen with a real dom0, in QEMU or Bochs: for machines that are no Xen host."
           "\vThe lab is assembled from Debian packages, without root and without "
           "changing this machine, and started from a snapshot.\n\n"
           "  build   assemble it and take the snapshot, as far as that is not done\n"
           "  run     run a command in dom0; its output and exit status are ours\n"
           "  shell   dom0 from power-on, on this terminal\n"
           "  status  what is cached, and what it runs on\n"
           "  clean   remove it all, downloaded packages included\n\n"
           "Examples:\n"
           "  xenometer lab build\n"
           "  xenometer lab run -- xl info\n"
           "  xenometer lab run --push=guest.cfg --push=guest.elf -- xl create -c guest.cfg\n"
           "  xenometer lab run --fast --fetch=dmesg.txt -- sh -c 'xl dmesg >dmesg.txt'\n"
           "  xenometer lab shell\n"
           "  xenometer lab build --lab-suite=bookworm\n"
           "  xenometer lab run --system=linux -- uname -a\n\n"
           "Exit status of run: the command's; 3 when the lab is not to be had, 4 at "
           "the deadline. Of the others: 0, 2 usage, 3 something is missing.",
};

static int command_build(struct lab_arguments *a)
{
    struct cache cache;
    int status;

    cancel_begin();
    status = prepare(&a->options, &cache, true, a->update);
    if ( status == STATUS_OK && !a->options.quiet )
        printf("the lab is ready (%s) in %s\n",
               emulator_of(&a->options)->snapshot_name(&a->options), cache.lab);
    cache_close(&cache);
    cancel_end();
    return status;
}

static int command_run_job(struct lab_arguments *a)
{
    int status, exit_status;

    if ( a->word_count == 0 )
    {
        message("lab run: no command given; for example: xenometer lab run -- xl info");
        return STATUS_USAGE;
    }
    status = lab_run(&a->options, &(struct lab_job){
        .argv = (const char *const *)a->words,
        .push = a->push, .push_count = a->push_count,
        .fetch = a->fetch, .fetch_count = a->fetch_count,
        .stdout_fd = STDOUT_FILENO, .stderr_fd = STDERR_FILENO,
        .deadline_seconds = a->deadline ? a->deadline : 600 }, &exit_status);
    /* A command that failed says more than the file it then did not leave. */
    if ( status == STATUS_OK || (status == STATUS_FAILED && exit_status > 0) )
        return exit_status;
    return status;
}

struct snapshot_list {
    const struct cache *cache;
    json_t *list;
};

static void add_snapshot(void *context, const struct emulator_snapshot *s)
{
    const struct snapshot_list *to = context;
    char *path = path_in(to->cache->lab, s->name);

    json_array_append_new(to->list, json_pack("{s:s,s:s,s:b,s:I}", "name", s->name, "clock", s->clock,
        "smp", (int)s->smp, "bytes", (json_int_t)disk_usage(path)));
    free(path);
}

/* Of what has parts of the user's own: what is in it, how large, last used when. */
static void add_kept(void *context, const char *path, time_t used)
{
    char *about = path_in(path, VARIANT_ABOUT), *text = read_whole_file(about, NULL), when[32];
    struct tm t;

    strftime(when, sizeof(when), "%Y-%m-%d %H:%M", localtime_r(&used, &t));
    json_array_append_new(context, json_pack("{s:s,s:s,s:I,s:s}", "name", base_name(path),
        "about", text ? text : "?", "bytes", (json_int_t)disk_usage(path), "used", when));
    free(text);
    free(about);
}

static json_t *kept(const struct cache *cache, const struct cache_kind *kind)
{
    json_t *list = json_array();

    cache_each(cache, kind, add_kept, list);
    return list;
}

static json_t *status_document(const struct cache *cache, const struct recipe *recipe,
                               const struct lab_facts *facts)
{
    bool assembled = cache->lab && access(cache->lab, F_OK) == 0;
    json_t *snapshots = json_array();

    for ( const struct emulator *e = emulator_next(NULL); assembled && e; e = emulator_next(e) )
        if ( e->architecture == cache->architecture )
            e->snapshots(cache, add_snapshot, &(struct snapshot_list){ cache, snapshots });
    return json_pack("{s:s,s:s,s:s,s:I,s:I,s:s,s:b,s:o,s:s*,s:s,s:s,s:s,s:s,s:s,s:b,s:s,s:o,s:o}",
        "cache", cache->root, "suite", cache->suite, "system", cache->system->name,
        "bytes", (json_int_t)disk_usage(cache->root),
        "package_bytes", (json_int_t)disk_usage(cache->debs),
        "packages", recipe->resolved ? "resolved" : "none",
        "assembled", assembled, "snapshots", snapshots,
        "xen", cache->system->xen ? facts->xen : NULL, "dom0_kernel", facts->dom0_kernel,
        "emulator", facts->emulator, "version", facts->version,
        "cpu", facts->cpu, "accelerator", facts->accel,
        "kvm_usable", facts->kvm_usable, "kvm", facts->kvm_reason,
        "own_labs", kept(cache, &cache_own), "built_xens", kept(cache, &cache_built));
}

static void print_kept(const json_t *list, const char *title, const struct cache_kind *kind)
{
    size_t index;
    json_t *one;

    json_array_foreach(list, index, one)
        printf("%-12s %s, %lld MiB, used %s: %s\n", index ? "" : title,
               json_string_value(json_object_get(one, "name")),
               json_integer_value(json_object_get(one, "bytes")) >> 20,
               json_string_value(json_object_get(one, "used")),
               json_string_value(json_object_get(one, "about")));
    if ( json_array_size(list) )
        printf("             of these at most %llu MiB; the one used longest ago makes room\n",
               (unsigned long long)kind->bytes >> 20);
}

static void print_status(json_t *document)
{
    size_t index;
    json_t *snapshot;
    const char *xen = json_string_value(json_object_get(document, "xen"));
    const char *kernel = json_string_value(json_object_get(document, "dom0_kernel"));

#define MIB(object, name) (json_integer_value(json_object_get(object, name)) >> 20)
#define TEXT(name) json_string_value(json_object_get(document, name))
    printf("cache        %s, %lld MiB (packages %lld MiB)\n", TEXT("cache"),
           MIB(document, "bytes"), MIB(document, "package_bytes"));
    printf("suite        %s\n", TEXT("suite"));
    printf("system       %s\n", TEXT("system"));
    if ( xen )
        printf("Xen          %s\n", *xen ? xen : "not downloaded yet");
    printf("%s  %s\n", xen ? "dom0 kernel" : "kernel     ",
           *kernel ? kernel : "not downloaded yet");
    printf("%-12s %s\n", TEXT("emulator"), TEXT("version"));
    printf("CPU          %s\n", TEXT("cpu"));
    printf("assembled    %s\n", json_is_true(json_object_get(document, "assembled")) ? "yes" : "no");
    json_array_foreach(json_object_get(document, "snapshots"), index, snapshot)
        printf("snapshot     %s, %lld MiB\n",
               json_string_value(json_object_get(snapshot, "name")), MIB(snapshot, "bytes"));
    printf("accelerator  %s\n", TEXT("accelerator"));
    printf("KVM          %s\n", TEXT("kvm"));
    print_kept(json_object_get(document, "own_labs"), "own labs", &cache_own);
    print_kept(json_object_get(document, "built_xens"), "built Xens", &cache_built);
#undef MIB
#undef TEXT
}

static int command_status(struct lab_arguments *a)
{
    struct recipe recipe;
    struct cache cache;
    struct lab_facts facts;
    json_t *document;
    int status = lab_facts(&a->options, &facts);

    if ( status != STATUS_OK )
        return status;
    cache_find(&cache, emulator_of(&a->options)->architecture, a->options.suite, a->options.cache);
    cache.system = system_of(a->options.system);
    status = recipe_read(&recipe, &cache);
    if ( status == STATUS_OK )
    {
        if ( recipe.resolved )
            cache_set_key(&cache, recipe_key(&recipe, emulator_of(&a->options)->key(cache.system)), 0);
        document = status_document(&cache, &recipe, &facts);
        if ( a->json )
        {
            json_dumpf(document, stdout, JSON_INDENT(2));
            putchar('\n');
        }
        else
            print_status(document);
        json_decref(document);
    }
    recipe_free(&recipe);
    cache_close(&cache);
    return status;
}

static int command_clean(struct lab_arguments *a)
{
    struct cache cache;
    struct stat st;
    int status;

    cancel_begin();
    cache_find(&cache, emulator_of(&a->options)->architecture, a->options.suite, a->options.cache);
    if ( stat(cache.root, &st) )
        status = STATUS_OK;
    else
    {
        status = cache_lock_build(&cache);
        if ( status == STATUS_OK )
        {
            int error = cache_remove_packages(&cache);

            if ( error )
                status = cache_error(cache.debs, error);
            cache_remove_labs(&cache, true);
            for ( const struct emulator *e = emulator_next(NULL); e; e = emulator_next(e) )
                if ( e->forget )
                    e->forget(&cache);
        }
    }
    cache_close(&cache);
    cancel_end();
    return status;
}

/* For people: the clock that is quick to type at. */
static int command_shell(struct lab_arguments *a)
{
    if ( !a->clock_given )
        a->options.clock = LAB_FAST;
    return lab_shell(&a->options, a->push, a->push_count);
}

static const struct command {
    const char *name;
    int (*function)(struct lab_arguments *);
    bool takes_words;
} commands[] = {
    { "build",  command_build,   false },
    { "run",    command_run_job, true },
    { "shell",  command_shell,   false },
    { "status", command_status,  false },
    { "clean",  command_clean,   false },
};

static const struct command *find_command(const char *name)
{
    for ( size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++ )
        if ( strcmp(commands[i].name, name) == 0 )
            return &commands[i];
    return NULL;
}

/* Bochs has one clock and one CPU; features are added to QEMU's AMD CPU only. */
static int choose_cpu(struct lab_arguments *a)
{
    int status = lab_cpu_choose(a->cpu, &a->options.cpu);

    if ( status != STATUS_OK || a->options.cpu == NULL )
        return status;
    if ( lab_cpu_slow(a->options.cpu) &&
         ((a->clock_given && a->options.clock != LAB_EXACT) || a->options.smp || a->options.without) )
    {
        message("--cpu=%s: Bochs has the exact clock only, and one CPU as it is: leave out "
                "--clock, --smp and --without", a->cpu);
        return STATUS_USAGE;
    }
    if ( a->options.without && !lab_cpu_adds_features(a->options.cpu) )
    {
        message("--cpu=%s: --without is for QEMU's AMD CPU", a->cpu);
        return STATUS_USAGE;
    }
    a->clock_given = true;
    return STATUS_OK;
}

int lab_command(int argc, char **argv)
{
    struct lab_arguments arguments = { 0 };
    int status = STATUS_USAGE;
    char *program = NULL;

    argp_err_exit_status = STATUS_USAGE;
    if ( argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &arguments) == 0 )
    {
        const struct command *command = arguments.command;

        if ( command == NULL )
            message("lab: no subcommand; one of build, run, shell, status, clean");
        else if ( arguments.word_count && !command->takes_words )
            message("lab %s: unexpected '%s'", command->name, arguments.words[0]);
        else
        {
            status = suite_choose(&arguments.options.suite);
            if ( status == STATUS_OK && arguments.cpu )
                status = choose_cpu(&arguments);
            if ( status == STATUS_OK )
                status = lab_push_program(&arguments.options, arguments.push,
                                          arguments.push_count, &program);
            if ( status == STATUS_OK )
                status = command->function(&arguments);
        }
    }
    free(program);
    free(arguments.push);
    free(arguments.fetch);
    return status;
}
