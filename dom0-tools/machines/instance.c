#include "machines/instance.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/child.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "machines/emulator.h"
#include "xenometer.h"

#define SHOWN_LINES 15   /* of the serial log, after a failure */
#define SILENT_PART 5u   /* the part of a boot's time that is silence enough to give up */

/* The linker's names for the ends of the section of EMULATOR(). */
extern const struct emulator __start_emulators[], __stop_emulators[];

const struct emulator *emulator_next(const struct emulator *e)
{
    e = e ? e + 1 : __start_emulators;
    return e < __stop_emulators ? e : NULL;
}

const struct emulator *emulator_of(const struct lab_options *options)
{
    const struct emulator *e;

    /* One that names it goes before one that takes any name. */
    for ( e = emulator_next(NULL); e; e = emulator_next(e) )
        for ( const struct emulator_cpu *c = e->cpus; options->cpu && c->name; c++ )
            if ( c->cpu && !strcmp(options->cpu, c->cpu) )
                return e;
    for ( e = emulator_next(NULL); !e->has_cpu(options->cpu) && emulator_next(e); )
        e = emulator_next(e);
    return e;
}

int instance_prepare(struct instance *instance, const struct lab_options *options)
{
    void *mapped;

    *instance = (struct instance){
        .emulator = emulator_of(options), .options = *options, .serial = -1,
        .channel = memory_file("channel", CHANNEL_FILE_SIZE),
    };
    if ( instance->channel < 0 )
        return STATUS_ENVIRONMENT;
    mapped = mmap(NULL, CHANNEL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, instance->channel, 0);
    if ( mapped == MAP_FAILED )
    {
        message("cannot map the shared memory: %s", strerror(errno));
        return STATUS_ENVIRONMENT;
    }
    instance->header = mapped;
    return instance->emulator->prepare(instance);
}

int instance_boot(struct instance *instance, const struct cache *cache, int *console)
{
    if ( console == NULL && (instance->serial = memory_file("serial", 0)) < 0 )
        return STATUS_ENVIRONMENT;
    return instance->emulator->boot(instance, cache, console);
}

int instance_load(struct instance *instance, const struct cache *cache)
{
    instance->serial = memory_file("serial", 0);
    return instance->serial < 0 ? STATUS_ENVIRONMENT
                                : instance->emulator->load(instance, cache);
}

bool instance_wait(struct instance *instance, int milliseconds)
{
    return instance->emulator->wait(instance, milliseconds);
}

char *instance_ending(struct instance *instance)
{
    return instance->emulator->ending(instance);
}

void instance_end(struct instance *instance)
{
    if ( instance->own )
        instance->emulator->end(instance);
    if ( instance->header )
        munmap(instance->header, CHANNEL_SIZE);
    if ( instance->channel >= 0 )
        close(instance->channel);
    if ( instance->serial >= 0 )
        close(instance->serial);
    *instance = (struct instance){ .channel = -1, .serial = -1 };
}

static const char *const last_words[] = { "Kernel panic", "Panic on CPU", "Dom0 crashed" };
#define LAST_WORDS (sizeof(last_words) / sizeof(last_words[0]))

/* The first of the last words in the log; NULL when there are none. */
static char *find_panic(char *log)
{
    char *first = NULL;

    for ( size_t i = 0; i < LAST_WORDS; i++ )
    {
        char *found = strstr(log, last_words[i]);

        if ( found && (first == NULL || found < first) )
            first = found;
    }
    return first;
}

/* Xen's log without NULs, which Bochs's serial line sends after a load; the caller's. */
static char *serial_text(struct instance *instance, size_t *length)
{
    size_t size, kept = 0;
    char *text = memory_file_text(instance->serial, &size);

    for ( size_t i = 0; i < size; i++ )
        if ( text[i] )
            text[kept++] = text[i];
    text[kept] = '\0';
    if ( length )
        *length = kept;
    return text;
}

bool instance_panicked(struct instance *instance)
{
    char *log;
    size_t length;
    bool panicked;

    if ( instance->serial < 0 )
        return false;
    log = serial_text(instance, &length);
    /* From where the last look ended, less a line that was then half there. */
    panicked = find_panic(log + (instance->looked > 80 ? instance->looked - 80 : 0));
    instance->looked = length;
    free(log);
    return panicked;
}

char *instance_log(struct instance *instance)
{
    return serial_text(instance, NULL);
}

/* The start of the line that `at` is in, and of one of the lines before it. */
static char *line_start(char *log, char *at, unsigned before)
{
    for ( ; at > log; at-- )
        if ( at[-1] == '\n' && before-- == 0 )
            break;
    return at;
}

/* What the lab's init says when something does not start; the kernel's panic that follows has
 * nothing new. */
#define INIT_WORDS "\ninit: "

void instance_explain(struct instance *instance, const char *what)
{
    char *log = serial_text(instance, NULL), *rest = log + strlen(log), *line;
    char *panic = find_panic(log), *init = strstr(log, INIT_WORDS);

    message("%s", what);
    /* From the panic on, because call traces follow, or from what made init end, with the
     * complaint before it; else the last lines. */
    if ( init )
        rest = line_start(log, init + 1, 4);
    else if ( panic )
    {
        /* Where Xen was, above its registers. */
        char *where = memmem(log, (size_t)(panic - log), "(XEN) RIP: ", 11);

        if ( where )
            message("  | %.*s", (int)strcspn(where, "\r\n"), where);
        rest = line_start(log, panic, 2);
    }
    else
        rest = line_start(log, rest, SHOWN_LINES);
    for ( unsigned lines = 0;
          lines < SHOWN_LINES && (line = strsep(&rest, "\n")) != NULL; lines++ )
    {
        line[strcspn(line, "\r")] = '\0';
        if ( *line )
            message("  | %s", line);
        if ( init && !strncmp(line, INIT_WORDS + 1, strlen(INIT_WORDS) - 1) )
            break;
    }
    free(log);
}

/* The emulator has ended: QEMU without an error, when the machine was reset. */
static int explain_end(struct instance *instance)
{
    char *ending = instance_ending(instance);
    char *text = strstr(ending, "exited with status 0")
        ? xasprintf("the lab did not boot: Xen or dom0's kernel reset the machine (%s)", ending)
        : xasprintf("the lab did not boot: %s", ending);

    instance_explain(instance, text);
    free(text);
    free(ending);
    return STATUS_ENVIRONMENT;
}

/* How far it was when something was last heard of it. */
struct heard {
    size_t length;       /* of the serial log */
    uint64_t cpu_ms;     /* of the emulator's CPU time */
};

/* Nothing for so long that nothing will come: by the emulator's own time, since it may have
 * a small part of a CPU. */
static bool is_silent(struct instance *instance, struct heard *heard)
{
    struct stat st;
    uint64_t now = instance->emulator->cpu_ms(instance);

    if ( instance->serial < 0 || fstat(instance->serial, &st) ||
         (size_t)st.st_size != heard->length )
    {
        heard->length = instance->serial < 0 ? 0 : (size_t)st.st_size;
        heard->cpu_ms = now;
    }
    return now > heard->cpu_ms + 1000ull * instance->emulator->boot_seconds / SILENT_PART;
}

int instance_wait_for_agent(struct instance *instance)
{
    unsigned seconds = instance->emulator->boot_seconds;
    uint64_t until = now_ms() + 1000ull * seconds;
    struct heard heard = { 0 };
    char *text;

    while ( __atomic_load_n(&instance->header->agent_state, __ATOMIC_ACQUIRE) == CHANNEL_BOOTING )
    {
        if ( cancelled() )
            return cancelled();
        if ( instance_wait(instance, 20) )
            return explain_end(instance);
        if ( instance_panicked(instance) )
        {
            /* Let it finish its last words. */
            instance_wait(instance, 500);
            instance_explain(instance, "the lab did not boot: panic");
            return STATUS_ENVIRONMENT;
        }
        if ( is_silent(instance, &heard) )
        {
            text = xasprintf("the lab did not boot: it hangs, and has said nothing for %u s of %s's "
                             "CPU time", seconds / SILENT_PART, instance->emulator->name);
            instance_explain(instance, text);
            free(text);
            return STATUS_ENVIRONMENT;
        }
        if ( now_ms() > until )
        {
            text = xasprintf("the lab did not boot in %u s", seconds);
            instance_explain(instance, text);
            free(text);
            return STATUS_DEADLINE;
        }
        stage_tick();
    }
    return STATUS_OK;
}

static void keep_log(const char *directory, const char *name, const char *text)
{
    char *path = path_in(directory, name);
    int error = write_whole_file(path, text, strlen(text), 0666);

    if ( error )
        message("cannot keep %s: %s", path, strerror(error));
    free(path);
}

void instance_keep_logs(struct instance *instance, const char *directory)
{
    char *serial, *messages, *name;
    int error;

    if ( directory == NULL )
        return;
    error = make_directories(directory);
    if ( error )
    {
        message("cannot keep logs in %s: %s", directory, strerror(error));
        return;
    }
    serial = serial_text(instance, NULL);
    messages = instance->emulator->messages(instance);
    name = xasprintf("%s.log", instance->emulator->name);
    for ( char *c = name; *c; c++ )
        *c = (char)tolower(*c);
    keep_log(directory, "serial.log", serial);
    keep_log(directory, name, messages);
    free(serial);
    free(messages);
    free(name);
}
