/*
 * The lab's machine in QEMU: started from power-on, or from a snapshot (save.c).
 *
 * A snapshot is three files: `ram`, the guest's memory (sparse), `state`, QEMU's
 * device state, and `bar`, where the shared memory was.  A run maps `ram` privately, so loading takes no longer
 * than starting QEMU, and runs side by side share the page cache.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/files.h"
#include "machines/boot.h"
#include "machines/channel.h"
#include "machines/qemu/parts.h"
#include "machines/snapshot.h"
#include "xenometer.h"

#define BOOT_SECONDS 300u   /* a boot takes 6 to 20 */

static int require(const struct lab_options *options)
{
    char *path = qemu_find(MACHINE_QEMU, NULL);

    (void)options;
    if ( path == NULL )
        message("%s is not installed; install the package %s", MACHINE_QEMU, MACHINE_PACKAGE);
    free(path);
    return path ? STATUS_OK : STATUS_ENVIRONMENT;
}

struct qemu_own *qemu_instance_prepare(struct instance *instance)
{
    struct qemu_own *own = xmalloc(sizeof(*own));

    *own = (struct qemu_own){
        .cpu_plugin = -1, .ram = -1, .state = -1,
        .qemu = { .child = { .pidfd = -1 }, .qmp = -1, .messages = -1 },
    };
    instance->own = own;
    return own;
}

int qemu_open_plugin(struct qemu_own *own, const char *name)
{
    char *plugin = data_file(name);

    own->cpu_plugin = plugin ? open(plugin, O_RDONLY | O_CLOEXEC) : -1;
    if ( own->cpu_plugin < 0 )
        message("%s not found beside the program: run `make`", name);
    free(plugin);
    return own->cpu_plugin < 0 ? STATUS_ENVIRONMENT : STATUS_OK;
}

static int prepare(struct instance *instance)
{
    struct qemu_own *own = qemu_instance_prepare(instance);

    return machine_wants_plugin(&instance->options) ? qemu_open_plugin(own, "cpu-plugin.so") : STATUS_OK;
}

int qemu_instance_start(struct instance *instance, const struct cache *cache, int console,
                        qemu_command_line *command_line)
{
    struct qemu_own *own = instance->own;
    struct machine_files files = {
        .serial = console < 0 ? instance->serial : -1, .console = console, .channel = instance->channel,
        .ram = own->ram, .state = own->state, .cpu_plugin = own->cpu_plugin,
        .to_be_saved = instance->save_to != NULL, .plugin = instance->options.plugin,
        .system = cache->system,
    };
    struct machine machine;
    int keep[9], status;
    size_t count = 0;

    status = qemu_prepare(&own->qemu, &files.qmp);
    if ( status != STATUS_OK )
        return status;
    keep[count++] = files.qmp;
    keep[count++] = instance->channel;
    keep[count++] = console >= 0 ? console : instance->serial;
    if ( own->ram >= 0 )
        keep[count++] = own->ram;
    if ( own->state >= 0 )
        keep[count++] = own->state;
    if ( own->cpu_plugin >= 0 )
        keep[count++] = own->cpu_plugin;
    if ( files.plugin )
    {
        keep[count++] = files.plugin->library;
        keep[count++] = files.plugin->record;
    }
    command_line(&machine, &instance->options, &files, cache);
    status = qemu_start(&own->qemu, &machine, cache->lab, keep, count);
    machine_free(&machine);
    /* Theirs alone now: its closing tells us that QEMU is gone. */
    close(files.qmp);
    return status;
}

int qemu_instance_boot(struct instance *instance, const struct cache *cache, int *console,
                       qemu_command_line *command_line)
{
    struct qemu_own *own = instance->own;
    int ends[2] = { -1, -1 }, status;

    if ( console && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) )
    {
        message("no socket for the console: %s", strerror(errno));
        return STATUS_ENVIRONMENT;
    }
    if ( console )
        *console = ends[0];
    status = qemu_instance_start(instance, cache, ends[1], command_line);
    if ( ends[1] >= 0 )
        close(ends[1]);
    if ( status == STATUS_OK )
        status = qemu_command(&own->qemu, "cont", NULL, NULL);
    return status;
}

static void command_line(struct machine *machine, const struct lab_options *options,
                         struct machine_files *files, const struct cache *cache)
{
    char *xen_options = cache->system->xen ? boot_xen_options(cache, options->smp) : NULL;
    char *linux_options = boot_linux_options(cache, machine_clock_name(options->clock));

    files->xen_options = xen_options;
    files->linux_options = linux_options;
    machine_lab(machine, options, files);
    free(xen_options);
    free(linux_options);
}

static int boot(struct instance *instance, const struct cache *cache, int *console)
{
    struct qemu_own *own = instance->own;

    own->ram = memory_file("ram", MACHINE_RAM);
    return own->ram < 0 ? STATUS_ENVIRONMENT : qemu_instance_boot(instance, cache, console, command_line);
}

int qemu_ignore_shared(struct qemu *qemu)
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

int qemu_find_channel(struct instance *instance, unsigned *slot, uint64_t *address)
{
    struct qemu_own *own = instance->own;
    json_t *buses, *bus, *device, *region;
    size_t i, j, k;
    int status = qemu_command(&own->qemu, "query-pci", NULL, &buses);
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
    struct qemu_own *own = instance->own;
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
        status = write_config(&own->qemu, slot, 0x18, (uint32_t)address);
    if ( status == STATUS_OK )
        status = write_config(&own->qemu, slot, 0x1c, (uint32_t)(address >> 32));
    if ( status == STATUS_OK )
        status = write_config(&own->qemu, slot, 0x04, 2);
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

int qemu_open_state(struct instance *instance, const struct cache *cache, const char *name)
{
    struct qemu_own *own = instance->own;
    char *path = xasprintf("%s/%s/state", cache->lab, name);

    own->state = open(path, O_RDONLY | O_CLOEXEC);
    if ( own->state < 0 )
        message("cannot read %s: %s; run `xenometer lab clean` and try again", path,
                strerror(errno));
    free(path);
    return own->state < 0 ? STATUS_ENVIRONMENT : STATUS_OK;
}

int qemu_load_state(struct qemu_own *own)
{
    char *source = xasprintf("%s%d", own->qemu.major >= QEMU_MIGRATES_FILES ? "file:/proc/self/fd/"
                                                                            : "fd:", own->state);
    int status = qemu_command(&own->qemu, "migrate-incoming", json_pack("{s:s}", "uri", source),
                              NULL);

    free(source);
    if ( status == STATUS_OK )
        status = wait_for_state(&own->qemu);
    return status;
}

static int load(struct instance *instance, const struct cache *cache)
{
    struct qemu_own *own = instance->own;
    int status;

    status = qemu_open_state(instance, cache, machine_name(&instance->options));
    if ( status == STATUS_OK )
        status = qemu_instance_start(instance, cache, -1, command_line);
    if ( status == STATUS_OK )
        status = qemu_ignore_shared(&own->qemu);
    if ( status == STATUS_OK )
        status = place_channel(instance, cache);
    if ( status == STATUS_OK )
        status = qemu_load_state(own);
    if ( status == STATUS_OK )
        status = qemu_command(&own->qemu, "cont", NULL, NULL);
    return status;
}

bool qemu_instance_wait(struct instance *instance, int milliseconds)
{
    struct qemu_own *own = instance->own;

    return qemu_wait(&own->qemu, milliseconds);
}

uint64_t qemu_instance_cpu_ms(struct instance *instance)
{
    struct qemu_own *own = instance->own;

    return child_cpu_ms(&own->qemu.child);
}

char *qemu_instance_messages(struct instance *instance)
{
    struct qemu_own *own = instance->own;

    return memory_file_text(own->qemu.messages, NULL);
}

char *qemu_instance_ending(struct instance *instance)
{
    struct qemu_own *own = instance->own;

    return qemu_ending(&own->qemu);
}

void qemu_instance_end(struct instance *instance)
{
    struct qemu_own *own = instance->own;

    qemu_end(&own->qemu);
    if ( own->ram >= 0 )
        close(own->ram);
    if ( own->state >= 0 )
        close(own->state);
    if ( own->cpu_plugin >= 0 )
        close(own->cpu_plugin);
    free(own);
    instance->own = NULL;
}

char *qemu_version(const char *program)
{
    char *version, *path = qemu_find(program, &version);

    if ( path && version == NULL )
        version = xstrdup("");
    free(path);
    return version;
}

static char *version(void)
{
    return qemu_version(MACHINE_QEMU);
}

static char *cpu(const struct lab_options *options)
{
    return xstrdup(machine_cpu(options));
}

/* The one that is there when none was named. */
static bool has_cpu(const char *name)
{
    return name == NULL;
}

static const struct emulator_cpu cpus[] = { { "amd", NULL }, { NULL, NULL } };

static void snapshots(const struct cache *cache,
                      void (*found)(void *context, const struct emulator_snapshot *), void *context)
{
    static const enum lab_clock clocks[] = { LAB_EXACT, LAB_FAST, LAB_KVM };

    for ( size_t i = 0; i < 8 * sizeof(clocks) / sizeof(clocks[0]); i++ )
    {
        const struct lab_options kind = { .clock = clocks[i / 8], .smp = i % 2,
                                          .without = (uint32_t)(i / 2 % 4) };

        /* Of KVM's there is no other kind. */
        if ( snapshot_exists(cache, &kind) && (kind.clock != LAB_KVM || !kind.without) )
            found(context, &(struct emulator_snapshot){
                machine_name(&kind), machine_clock_name(kind.clock), kind.smp });
    }
}

EMULATOR(qemu) = {
    .name = "QEMU", .architecture = &architecture_x86, .key = machine_key,
    .traces = MACHINE_QEMU, .adds_features = true,
    .two_cpus = true, .any_system = true, .boot_seconds = BOOT_SECONDS,
    .has_cpu = has_cpu, .cpus = cpus,
    .require = require, .snapshot_name = machine_name, .snapshots = snapshots,
    .prepare = prepare, .boot = boot, .load = load, .wait = qemu_instance_wait,
    .cpu_ms = qemu_instance_cpu_ms, .messages = qemu_instance_messages, .ending = qemu_instance_ending, .end = qemu_instance_end,
    .save = qemu_save, .version = version, .cpu = cpu,
};
