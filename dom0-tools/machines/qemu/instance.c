#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/files.h"
#include "machines/channel.h"
#include "machines/qemu/snapshot.h"
#include "xenometer.h"

#define SHOWN_LINES 15   /* of the serial log, after a failure */

int instance_prepare(struct instance *instance, const struct lab_options *options)
{
    void *mapped = MAP_FAILED;
    char *plugin;

    *instance = (struct instance){
        .options = *options, .cpu_plugin = -1,
        .channel = memory_file("channel", CHANNEL_SIZE), .serial = -1, .ram = -1, .state = -1,
        .qemu = { .child = { .pidfd = -1 }, .qmp = -1, .messages = -1 },
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
    if ( !machine_wants_plugin(options) )
        return STATUS_OK;
    plugin = data_file("cpu-plugin.so");
    instance->cpu_plugin = plugin ? open(plugin, O_RDONLY | O_CLOEXEC) : -1;
    if ( instance->cpu_plugin < 0 )
        message("cpu-plugin.so not found beside the program: run `make`");
    free(plugin);
    return instance->cpu_plugin < 0 ? STATUS_ENVIRONMENT : STATUS_OK;
}

/* Start QEMU with the descriptors that are there. */
static int start(struct instance *instance, const struct cache *cache, int console)
{
    struct machine_files files = {
        .serial = -1, .console = console, .channel = instance->channel,
        .ram = instance->ram, .state = instance->state, .cpu_plugin = instance->cpu_plugin,
        .plugin = instance->options.plugin,
    };
    struct machine machine;
    int keep[9], status;
    size_t count = 0;

    status = qemu_prepare(&instance->qemu, &files.qmp);
    if ( status != STATUS_OK )
        return status;
    if ( console < 0 )
    {
        instance->serial = memory_file("serial", 0);
        if ( instance->serial < 0 )
        {
            close(files.qmp);
            return STATUS_ENVIRONMENT;
        }
        files.serial = instance->serial;
    }
    keep[count++] = files.qmp;
    keep[count++] = instance->channel;
    if ( console >= 0 )
        keep[count++] = console;
    else
        keep[count++] = instance->serial;
    if ( instance->ram >= 0 )
        keep[count++] = instance->ram;
    if ( instance->state >= 0 )
        keep[count++] = instance->state;
    if ( instance->cpu_plugin >= 0 )
        keep[count++] = instance->cpu_plugin;
    if ( files.plugin )
    {
        keep[count++] = files.plugin->library;
        keep[count++] = files.plugin->record;
    }

    machine_lab(&machine, &instance->options, &files);
    status = qemu_start(&instance->qemu, &machine, cache->lab, keep, count);
    machine_free(&machine);
    /* Theirs alone now: its closing tells us that QEMU is gone. */
    close(files.qmp);
    return status;
}

int instance_boot(struct instance *instance, const struct cache *cache, int console)
{
    int status;

    instance->ram = memory_file("ram", MACHINE_RAM);
    if ( instance->ram < 0 )
        return STATUS_ENVIRONMENT;
    status = start(instance, cache, console);
    if ( status == STATUS_OK )
        status = qemu_command(&instance->qemu, "cont", NULL, NULL);
    return status;
}

int instance_ignore_shared(struct qemu *qemu)
{
    return qemu_command(qemu, "migrate-set-capabilities",
                        json_pack("{s:[{s:s,s:b}]}", "capabilities", "capability",
                                  "x-ignore-shared", "state", 1), NULL);
}

/* One command of QEMU's human monitor: what QMP has no words for. */
static int monitor(struct qemu *qemu, const char *line)
{
    return qemu_command(qemu, "human-monitor-command",
                        json_pack("{s:s}", "command-line", line), NULL);
}

/* Write a 32-bit register of the channel's PCI device (bus 0) by the configuration ports. */
static int write_config(struct qemu *qemu, unsigned slot, unsigned offset, uint32_t value)
{
    char *address = xasprintf("o /w 0xcf8 0x%x", 0x80000000u | slot << 11 | offset);
    char *data = xasprintf("o /w 0xcfc 0x%x", value);
    int status = monitor(qemu, address);

    if ( status == STATUS_OK )
        status = monitor(qemu, data);
    free(data);
    free(address);
    return status;
}

int instance_find_channel(struct instance *instance, unsigned *slot, uint64_t *address)
{
    json_t *buses, *bus, *device, *region;
    size_t i, j, k;
    int status = qemu_command(&instance->qemu, "query-pci", NULL, &buses);
    bool found = false;

    if ( status != STATUS_OK )
        return status;
    json_array_foreach(buses, i, bus)
        json_array_foreach(json_object_get(bus, "devices"), j, device)
        {
            json_t *id = json_object_get(device, "id");

            if ( json_integer_value(json_object_get(id, "vendor")) != CHANNEL_VENDOR ||
                 json_integer_value(json_object_get(id, "device")) != CHANNEL_DEVICE )
                continue;
            *slot = (unsigned)json_integer_value(json_object_get(device, "slot"));
            json_array_foreach(json_object_get(device, "regions"), k, region)
                if ( json_integer_value(json_object_get(region, "bar")) == 2 )
                {
                    *address = (uint64_t)json_integer_value(json_object_get(region, "address"));
                    found = true;
                }
        }
    json_decref(buses);
    if ( !found )
        message("QEMU has no ivshmem device with its memory mapped");
    return found ? STATUS_OK : STATUS_ENVIRONMENT;
}

/*
 * QEMU insists that memory it takes for shared is at the same address before
 * the load as it was when saved; but a BAR has no address before its
 * configuration is loaded.  So we place it, as firmware would.  The load then
 * restores all of the device's configuration.
 */
static int place_channel(struct instance *instance, const struct cache *cache)
{
    char *path = xasprintf("%s/%s/bar", cache->lab, machine_name(&instance->options));
    char *text = read_whole_file(path, NULL);
    unsigned long long address = 0;
    unsigned slot = 0;
    int status = STATUS_OK;

    if ( text == NULL || sscanf(text, "%u %llx", &slot, &address) != 2 )
    {
        message("cannot read %s; run `xenometer lab clean` and try again", path);
        status = STATUS_ENVIRONMENT;
    }
    /* PCI 3.0, 6.1: command at 0x04 (bit 1: memory space), BAR 2 and 3 at 0x18. */
    if ( status == STATUS_OK )
        status = write_config(&instance->qemu, slot, 0x18, (uint32_t)address);
    if ( status == STATUS_OK )
        status = write_config(&instance->qemu, slot, 0x1c, (uint32_t)(address >> 32));
    if ( status == STATUS_OK )
        status = write_config(&instance->qemu, slot, 0x04, 2);
    free(text);
    free(path);
    return status;
}

static int wait_for_state(struct qemu *qemu)
{
    for ( ;; )
    {
        json_t *answer;
        const char *state;
        int status = qemu_command(qemu, "query-status", NULL, &answer);
        bool loading;

        if ( status != STATUS_OK )
            return status;
        state = json_string_value(json_object_get(answer, "status"));
        loading = state && strcmp(state, "inmigrate") == 0;
        json_decref(answer);
        if ( !loading )
            return STATUS_OK;
        qemu_wait(qemu, 2);
    }
}

int instance_load(struct instance *instance, const struct cache *cache)
{
    char *path = xasprintf("%s/%s/state", cache->lab, machine_name(&instance->options));
    char *source;
    int status;

    instance->state = open(path, O_RDONLY | O_CLOEXEC);
    if ( instance->state < 0 )
    {
        message("cannot read %s: %s; run `xenometer lab clean` and try again", path,
                strerror(errno));
        free(path);
        return STATUS_ENVIRONMENT;
    }
    free(path);
    status = start(instance, cache, -1);
    if ( status == STATUS_OK )
        status = instance_ignore_shared(&instance->qemu);
    if ( status == STATUS_OK )
        status = place_channel(instance, cache);
    if ( status == STATUS_OK )
    {
        source = xasprintf("fd:%d", instance->state);
        status = qemu_command(&instance->qemu, "migrate-incoming",
                              json_pack("{s:s}", "uri", source), NULL);
        free(source);
    }
    if ( status == STATUS_OK )
        status = wait_for_state(&instance->qemu);
    if ( status == STATUS_OK )
        status = qemu_command(&instance->qemu, "cont", NULL, NULL);
    return status;
}

void instance_end(struct instance *instance)
{
    qemu_end(&instance->qemu);
    if ( instance->header )
        munmap(instance->header, CHANNEL_SIZE);
    if ( instance->channel >= 0 )
        close(instance->channel);
    if ( instance->serial >= 0 )
        close(instance->serial);
    if ( instance->ram >= 0 )
        close(instance->ram);
    if ( instance->state >= 0 )
        close(instance->state);
    if ( instance->cpu_plugin >= 0 )
        close(instance->cpu_plugin);
    *instance = (struct instance){ .cpu_plugin = -1, .channel = -1, .serial = -1, .ram = -1, .state = -1,
                                   .qemu = instance->qemu };
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

bool instance_panicked(struct instance *instance)
{
    char *log;
    size_t length;
    bool panicked;

    if ( instance->serial < 0 )
        return false;
    log = memory_file_text(instance->serial, &length);
    /* From where the last look ended, less a line that was then half there. */
    panicked = find_panic(log + (instance->looked > 80 ? instance->looked - 80 : 0));
    instance->looked = length;
    free(log);
    return panicked;
}

void instance_explain(struct instance *instance, const char *what)
{
    char *log = memory_file_text(instance->serial, NULL), *rest = log + strlen(log), *line;
    char *panic = find_panic(log);

    message("%s", what);
    /* From the panic on, because call traces follow; else the last lines. */
    if ( panic )
        for ( rest = panic; rest > log && rest[-1] != '\n'; rest-- )
            ;
    else
        for ( unsigned lines = 0; rest > log; rest-- )
            if ( rest[-1] == '\n' && lines++ == SHOWN_LINES )
                break;
    for ( unsigned lines = 0;
          lines < SHOWN_LINES && (line = strsep(&rest, "\n")) != NULL; lines++ )
    {
        line[strcspn(line, "\r")] = '\0';
        if ( *line )
            message("  | %s", line);
    }
    free(log);
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
    char *serial, *messages;
    int error;

    if ( directory == NULL )
        return;
    error = make_directories(directory);
    if ( error )
    {
        message("cannot keep logs in %s: %s", directory, strerror(error));
        return;
    }
    serial = memory_file_text(instance->serial, NULL);
    messages = memory_file_text(instance->qemu.messages, NULL);
    keep_log(directory, "serial.log", serial);
    keep_log(directory, "qemu.log", messages);
    free(serial);
    free(messages);
}
