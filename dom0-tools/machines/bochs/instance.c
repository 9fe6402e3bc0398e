/*
 * The lab's machine in Bochs: started from power-on.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "lib/files.h"
#include "lib/stage.h"
#include "machines/bochs/bochs.h"
#include "machines/bochs/models.h"
#include "machines/channel.h"
#include "machines/qemu/machine.h"
#include "xenometer.h"

#define TERMINAL_NAME 64u

#define BOOT_SECONDS  3600u   /* a boot takes some 100 on a free CPU, many times that on a busy one */
#define STILL_SECONDS 60u     /* Bochs executes always: it has no idle time */

/* What it loads and looks for, which another Bochs of the machine's has, too. */
#define BOCHS_PLUGINS "/usr/lib/x86_64-linux-gnu/bochs/plugins"
#define BOCHS_SHARE   "/usr/share/bochs"

/* What is needed beside Bochs itself; each by its Debian package. */
static const struct {
    const char *path, *package;
} parts[] = {
    { BOCHS_PROGRAM,                                 "bochs" },
    { BOCHS_PLUGINS "/libbx_term_gui.so",            "bochs-term" },
    { "/usr/share/bochs/BIOS-bochs-latest",          "bochsbios" },
    { "/usr/share/bochs/VGABIOS-lgpl-latest",        "vgabios" },
    { "/usr/bin/grub-mkrescue",                      "grub-common" },
    { "/usr/lib/grub/i386-pc/multiboot2.mod",        "grub-pc-bin" },
    { "/usr/bin/xorriso",                            "xorriso" },
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

static int require(const struct lab_options *options)
{
    char *missing = NULL;

    (void)options;
    for ( size_t i = 0; i < PARTS; i++ )
        if ( access(parts[i].path, R_OK) )
        {
            char *longer = xasprintf("%s %s", missing ? missing : "", parts[i].package);

            free(missing);
            missing = longer;
        }
    if ( missing == NULL )
        return bochs_get();
    message("--cpu needs Bochs; install the packages as root: apt-get install%s", missing);
    free(missing);
    return STATUS_ENVIRONMENT;
}

static const char *snapshot_name(const struct lab_options *options)
{
    static char name[96];
    char *configuration = bochs_configuration(options, "");
    uint64_t hash = hash_string(HASH_START, configuration);
    char *program = bochs_file(BOCHS_PROGRAM);
    struct stat st = { 0 };

    free(configuration);
    /* It belongs to the very Bochs that wrote it. */
    stat(program, &st);
    free(program);
    hash = hash_bytes(hash, &st.st_size, sizeof(st.st_size));
    hash = hash_bytes(hash, &st.st_mtim, sizeof(st.st_mtim));
    snprintf(name, sizeof(name), "bochs-%s-%08x", options->cpu, (unsigned)hash);
    return name;
}

static int prepare(struct instance *instance)
{
    struct bochs_own *own = xmalloc(sizeof(*own));

    *own = (struct bochs_own){
        .child = { .pidfd = -1 }, .terminal = -1, .console = -1,
        .config = memory_file("bochsrc", 0), .commands = memory_file("commands", 0),
        .log = memory_file("log", 0), .messages = memory_file("messages", 0),
    };
    instance->own = own;
    return own->config < 0 || own->commands < 0 || own->log < 0 || own->messages < 0
               ? STATUS_ENVIRONMENT : STATUS_OK;
}

/* A pseudo terminal: our end, which does not block, the other, and that one's name. */
static int open_terminal(int *ours, int *theirs, char name[TERMINAL_NAME])
{
    *theirs = -1;
    *ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if ( *ours >= 0 && !grantpt(*ours) && !unlockpt(*ours) &&
         !ptsname_r(*ours, name, TERMINAL_NAME) )
        *theirs = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if ( *theirs >= 0 )
        return STATUS_OK;
    message("no pseudo terminal for Bochs: %s", strerror(errno));
    return STATUS_ENVIRONMENT;
}

static int write_file(int fd, const char *text)
{
    int error = write_all(fd, text, strlen(text));

    if ( error )
        message("no memory for Bochs's configuration: %s", strerror(error));
    return error ? STATUS_ENVIRONMENT : STATUS_OK;
}

/* `option` and its value say what it begins with; always with plugin.c in it. */
static int start(struct instance *instance, const struct cache *cache, const char *option,
                 const char *value)
{
    struct bochs_own *own = instance->own;
    char *plugin = data_file(BOCHS_PLUGIN);
    char *preload = xasprintf("LD_PRELOAD=%s", plugin ? plugin : "");
    /* Empty: nobody will ask for a snapshot. */
    char *save = xasprintf("XENOMETER_SAVE=%s", instance->save_to ? instance->save_to : "");
    char *program = bochs_file(BOCHS_PROGRAM), *plugins = bochs_file(BOCHS_PLUGINS);
    char *share = bochs_file(BOCHS_SHARE);
    char *where[] = { xasprintf("LTDL_LIBRARY_PATH=%s", plugins), xasprintf("BXSHARE=%s", share) };
    const char *argv[] = {
        "env", "TERM=vt100", preload, save, where[0], where[1], program, "-q", option,
        value,
        /* Debian's Bochs has its debugger in it, and starts in it: "c" goes on. */
        "-rc", "/proc/self/fd/204", NULL };
    /* The last is not there where the serial line is a terminal. */
    const int numbers[] = { BOCHS_FD_CONFIG, BOCHS_FD_DISK, BOCHS_FD_LOG, BOCHS_FD_COMMANDS,
                            BOCHS_FD_SERIAL };
    const int keep[] = { own->config, instance->channel, own->log, own->commands,
                         instance->serial };
    char name[TERMINAL_NAME];
    int theirs = -1, error = 0, status = STATUS_OK;

    if ( plugin == NULL )
    {
        message("%s not found beside the program: run `make`", BOCHS_PLUGIN);
        status = STATUS_ENVIRONMENT;
    }
    if ( status == STATUS_OK )
        status = write_file(own->commands, "c\n");
    if ( status == STATUS_OK )
        status = open_terminal(&own->terminal, &theirs, name);
    if ( status == STATUS_OK )
        error = child_start(&own->child, &(struct child_start){
            .argv = argv, .directory = cache->lab, .stdin_fd = theirs, .stdout_fd = theirs,
            .stderr_fd = own->messages, .keep = keep, .numbers = numbers,
            .keep_count = sizeof(keep) / sizeof(keep[0]) - (instance->serial < 0) });
    if ( error )
    {
        message("cannot start %s: %s", program, strerror(error));
        status = STATUS_ENVIRONMENT;
    }
    if ( theirs >= 0 )
        close(theirs);
    free(where[1]);
    free(where[0]);
    free(share);
    free(plugins);
    free(program);
    free(save);
    free(preload);
    free(plugin);
    return status;
}

#define CONFIG "/proc/self/fd/200"

static int load(struct instance *instance, const struct cache *cache)
{
    /* Its configuration is in there. */
    return start(instance, cache, "-r", snapshot_name(&instance->options));
}

int bochs_require_space(const char *directory)
{
    struct statvfs space;

    if ( statvfs(directory, &space) ||
         (uint64_t)space.f_bavail * space.f_frsize >= (uint64_t)BOCHS_RAM << 20 )
        return STATUS_OK;
    return cache_error(directory, ENOSPC);
}

static int boot(struct instance *instance, const struct cache *cache, int *console)
{
    struct bochs_own *own = instance->own;
    char *serial = NULL, *text, name[TERMINAL_NAME];
    int theirs = -1, status = STATUS_OK;

    if ( instance->save_to )
        status = bochs_require_space(instance->save_to);
    if ( status == STATUS_OK && console )
        status = open_terminal(console, &theirs, name);
    if ( status != STATUS_OK )
        return status;
    serial = console ? xasprintf("mode=term, dev=%s", name)
                     : xstrdup("mode=file, dev=/proc/self/fd/202");
    text = bochs_configuration(&instance->options, serial);
    status = write_file(own->config, text);
    if ( status == STATUS_OK )
        status = start(instance, cache, "-f", CONFIG);
    own->console = theirs;   /* until the end: without one, ours would be at its end */
    free(text);
    free(serial);
    return status;
}

/* Its screen, thrown away before it fills the terminal and stops Bochs. */
static void empty_terminal(struct bochs_own *own)
{
    char screen[4096];

    while ( own->terminal >= 0 && read(own->terminal, screen, sizeof(screen)) > 0 )
        ;
}

/* Has it not executed anything for STILL_SECONDS in which we looked?  (We may have been
 * stopped.) */
static bool stands_still(struct bochs_own *own)
{
    uint64_t now = now_ms(), passed = now - own->looked, spent;
    struct timespec time;
    clockid_t clock;

    if ( clock_getcpuclockid(own->child.pid, &clock) || clock_gettime(clock, &time) )
        return false;   /* it has ended */
    spent = (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
    own->still = spent > own->spent ? 0 : own->still + (passed < 1000 ? passed : 1000);
    own->spent = spent;
    own->looked = now;
    return own->still > STILL_SECONDS * 1000;
}

/* No device ends Bochs: when the agent has said its last, we do. */
static bool wait(struct instance *instance, int milliseconds)
{
    struct bochs_own *own = instance->own;

    empty_terminal(own);
    if ( __atomic_load_n(&instance->header->agent_state, __ATOMIC_ACQUIRE) >= CHANNEL_DONE )
        child_kill(&own->child);
    else if ( !own->child.ended && stands_still(own) )
        child_kill(&own->child);
    return child_wait(&own->child, milliseconds);
}

static uint64_t cpu_ms(struct instance *instance)
{
    struct bochs_own *own = instance->own;

    return child_cpu_ms(&own->child);
}

/* What it said before it had read where its log goes, and that log. */
static char *messages(struct instance *instance)
{
    struct bochs_own *own = instance->own;
    char *early = memory_file_text(own->messages, NULL);
    char *log = memory_file_text(own->log, NULL), *all = xasprintf("%s%s", early, log);

    free(log);
    free(early);
    return all;
}

/* The last line that tells of a panic, as Bochs calls all that ends it; else the last. */
static char *ending(struct instance *instance)
{
    struct bochs_own *own = instance->own;
    char *how = child_ending(&own->child), *text = messages(instance), *rest = text, *line;
    const char *last = "";
    char *whole;

    while ( (line = strsep(&rest, "\n")) != NULL )
        if ( *line && (strstr(line, ">>PANIC<<") || !strstr(last, ">>PANIC<<")) )
            last = line;
    if ( own->still > STILL_SECONDS * 1000 )
        whole = xasprintf("Bochs stood still for %u s", STILL_SECONDS);
    else
        whole = xasprintf("Bochs %s%s%s", how, *last ? ": " : "", last);
    free(text);
    free(how);
    return whole;
}

static void end(struct instance *instance)
{
    struct bochs_own *own = instance->own;
    const int files[] = { own->config, own->commands, own->log, own->messages, own->terminal,
                          own->console };

    child_kill(&own->child);
    for ( size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++ )
        if ( files[i] >= 0 )
            close(files[i]);
    free(own);
    instance->own = NULL;
}

static char *cpu(const struct lab_options *options)
{
    return xstrdup(options->cpu);
}

/* Any that was named: QEMU's has no other. */
static bool has_cpu(const char *model)
{
    return model != NULL;
}

static bool among(const char *list, const char *word)
{
    char *spaced = xasprintf(" %s ", word), *whole = xasprintf("%s ", list);
    bool found = strstr(whole, spaced) != NULL;

    free(whole);
    free(spaced);
    return found;
}

static int check_cpu(const char *model)
{
    const char *why = bochs_no_xen(model);
    char *list;
    int status = require(&(struct lab_options){ .cpu = model });

    if ( status != STATUS_OK )
        return status;
    list = bochs_models();
    if ( list == NULL )
        return STATUS_ENVIRONMENT;
    if ( !among(list, model) )
    {
        message("--cpu=%s: must be amd, intel, amd-bochs, or a model of Bochs:%s", model, list);
        status = STATUS_USAGE;
    }
    else if ( why )
    {
        message("--cpu=%s: it %s", model, why);
        status = STATUS_USAGE;
    }
    free(list);
    return status;
}

static const struct emulator_cpu cpus[] = {
    { "intel", BOCHS_INTEL }, { "amd-bochs", BOCHS_AMD }, { NULL, NULL },
};

/* They are told by their names: of which CPUs is not known beforehand. */
static void snapshots(const struct cache *cache,
                      void (*found)(void *context, const struct emulator_snapshot *), void *context)
{
    char *pattern = path_in(cache->lab, "bochs-*/config");
    glob_t all;

    if ( glob(pattern, 0, NULL, &all) == 0 )
    {
        for ( size_t i = 0; i < all.gl_pathc; i++ )
        {
            *strrchr(all.gl_pathv[i], '/') = '\0';
            found(context, &(struct emulator_snapshot){ strrchr(all.gl_pathv[i], '/') + 1, "exact", false });
        }
        globfree(&all);
    }
    free(pattern);
}

EMULATOR(bochs) = {
    .name = "Bochs", .boot_seconds = BOOT_SECONDS,
    .architecture = &architecture_x86, .slow = true, .key = machine_key,
    .has_cpu = has_cpu, .cpus = cpus, .check_cpu = check_cpu, .no_hvm = bochs_no_hvm,
    .require = require, .snapshot_name = snapshot_name, .snapshots = snapshots,
    .made = bochs_iso_exists, .make = bochs_iso_make,
    .prepare = prepare, .boot = boot, .load = load, .wait = wait,
    .cpu_ms = cpu_ms, .messages = messages, .ending = ending, .end = end,
    .save = bochs_save,
    .version = bochs_version, .cpu = cpu, .forget = bochs_forget,
};
