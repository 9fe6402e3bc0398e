/*
 * An ARM64 machine in QEMU: its "virt" board with the virtualization extensions (EL2), on which
 * Xen boots; a Cortex-A57 (--cpu=arm64) or a Neoverse N1 (--cpu=arm64-vhe), GICv3.
 *
 * Without firmware: QEMU's guest-loader puts dom0's kernel and root into memory and tells Xen of them
 * in the device tree.  The channel is an ivshmem device, as on x86.  A snapshot is one file, `state`,
 * with memory and devices: the device's memory has no place before its configuration is loaded, and
 * this board no ports to write that by, so that memory cannot stay out of the stream
 * (machines/qemu/instance.c).
 *
 * What its CPU lacks is in cpu_plugin.c: timers of EL2 that come back with a snapshot; two CPUs that count
 * instructions take turns.
 *
 * Xen gets xsm=dummy, its default on x86: ARM's, silo, keeps domains from events and grants of each other.
 *
 * The clock: with -icount the PMU's cycle counter counts each instruction once, at all exception
 * levels (domU-kernel/arch/arm64/machine/cpu.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/files.h"
#include "lib/lab_clock.h"
#include "machines/boot.h"
#include "machines/channel.h"
#include "machines/qemu/parts.h"
#include "machines/snapshot.h"
#include "xenometer.h"

#define PROGRAM "qemu-system-aarch64"
#define PACKAGE "qemu-system-arm"
#define CPU     "cortex-a57"
/*
 * With the virtualization host extensions (FEAT_VHE, ARMv8.1), as each server's CPU has them today: Linux and its KVM
 * are at EL2.  Xen is there anyway; but it branches in a loop at each entry from a guest, against Spectre-BHB, which
 * this CPU has and that one has not.
 */
#define CPU_VHE "neoverse-n1"
#define RAM     1280u          /* MiB */
/*
 * A guest of KVM has no cycle counter but one that KVM emulates by its own perf, an exit at each reading.  So
 * there the clock is the virtual counter, which counts nanoseconds on such a CPU, as ARMv8.6 has it: with -icount
 * one an instruction.
 */
#define LINUX_FEATURES ",cntfrq=1000000000"

/* Where guest-loader puts them, in RAM, which begins at 1 GiB; Xen itself is QEMU's -kernel. */
#define KERNEL_ADDRESS "0x4a000000"
#define ROOT_ADDRESS   "0x52000000"

#define BOOT_SECONDS 300u      /* a boot takes 15 to 20 */

#define XEN_OPTIONS_ARM64 \
    "console=dtuart bootscrub=0 xsm=dummy dom0_mem=512M dom0_max_vcpus=1 loglvl=all guest_loglvl=all"
/* As on x86 (machines/boot.h): nothing moves. */
#define XEN_SMP_OPTIONS_ARM64 XEN_OPTIONS_ARM64 " dom0_vcpus_pin"

/* Linux without Xen, which QEMU itself starts, at EL2: KVM. */
#define LINUX_OPTIONS_ARM64 \
    "console=ttyAMA0 panic=1 loglevel=4 rootfstype=ramfs cryptomgr.notests rodata=off " LAB_VARIABLE "=%s"

static int require(const struct lab_options *options)
{
    char *path;

    if ( variant_is_own(&options->variant) )
    {
        message("a lab on ARM64 has Debian's Xen and kernel: --xen, --dom0-kernel and options for them are "
                "for x86");
        return STATUS_USAGE;
    }
    if ( options->clock == LAB_KVM )
    {
        message("ARM64 is emulated: --clock=exact or --clock=fast");
        return STATUS_USAGE;
    }
    path = qemu_find(PROGRAM, NULL);
    if ( path == NULL )
        message("%s is not installed; install the package %s", PROGRAM, PACKAGE);
    free(path);
    return path ? STATUS_OK : STATUS_ENVIRONMENT;
}

static bool has_cpu(const char *name)
{
    return name && (!strcmp(name, CPU) || !strcmp(name, CPU_VHE));
}

static const struct emulator_cpu cpus[] = { { "arm64", CPU }, { "arm64-vhe", CPU_VHE }, { NULL, NULL } };

static bool has_vhe(const struct lab_options *options)
{
    return options->cpu && !strcmp(options->cpu, CPU_VHE);
}

static char *cpu(const struct lab_options *options)
{
    return xstrdup(has_vhe(options) ? CPU_VHE : CPU);
}

static const char *snapshot_name(const struct lab_options *options)
{
#define NAMES(name) { { name, name "-smp" }, { name "-vhe", name "-vhe-smp" } }
    static const char *const names[][2][2] = { [LAB_EXACT] = NAMES("exact"), [LAB_FAST] = NAMES("fast") };
#undef NAMES

    return names[options->clock][has_vhe(options)][options->smp];
}

/* All that there are: the one of this number, below SNAPSHOTS. */
#define SNAPSHOTS 8

static struct lab_options snapshot_options(int number)
{
    return (struct lab_options){ .clock = number % 2 ? LAB_FAST : LAB_EXACT, .smp = number / 2 % 2,
                                 .cpu = cpus[number / 4].cpu };
}

static bool takes_turns(const struct lab_options *options)
{
    return options->smp && options->clock == LAB_EXACT;
}

/* The guest-loader's argument, in which ",," is a comma. */
static char *loader(const char *address, const char *kind, const char *file, const char *options)
{
    return options ? xasprintf("guest-loader,addr=%s,%s=%s,bootargs=%s", address, kind, file, options)
                   : xasprintf("guest-loader,addr=%s,%s=%s", address, kind, file);
}

static void add_xen(struct machine *m, const struct lab_options *options)
{
    char *dom0 = xasprintf("console=hvc0 panic=1 loglevel=4 cryptomgr.notests rodata=off "
                           LAB_VARIABLE "=%s", machine_clock_name(options->clock));

    machine_add_pair(m, "-kernel", "xen");
    machine_add_pair(m, "-append", options->smp ? XEN_SMP_OPTIONS_ARM64 : XEN_OPTIONS_ARM64);
    machine_add_owned(m, "-device", loader(KERNEL_ADDRESS, "kernel", "vmlinux", dom0));
    machine_add_owned(m, "-device", loader(ROOT_ADDRESS, "initrd", "dom0.cpio", NULL));
    free(dom0);
}

static void add_linux(struct machine *m, const struct lab_options *options, const struct system *system)
{
    machine_add_pair(m, "-kernel", "vmlinux");
    machine_add_owned(m, "-append", xasprintf(LINUX_OPTIONS_ARM64, machine_clock_name(options->clock)));
    machine_add_pair(m, "-initrd", system->root);
}

static void add_all(struct machine *m, const struct lab_options *options,
                    const struct machine_files *files)
{
    bool xen = !files->system || files->system->xen;
    const char *model = has_vhe(options) ? xen ? CPU_VHE : CPU_VHE LINUX_FEATURES
                                         : xen ? CPU : CPU LINUX_FEATURES;

    machine_begin(m, PROGRAM, PACKAGE, options, model, files->to_be_saved ? MACHINE_BOOT_SHIFT : 0);
    machine_add_pair(m, "-machine", "virt,virtualization=on,gic-version=3");
    machine_add_owned(m, "-m", xasprintf("%uM", RAM));
    machine_add_pair(m, "-smp", options->smp || options->clock != LAB_EXACT ? "2" : "1");
    machine_add_owned(m, "-plugin", xasprintf("/proc/self/fd/%d,turns=%s", files->cpu_plugin,
                                              takes_turns(options) ? "on" : "off"));
    machine_add_lines(m, files);
    if ( xen )
        add_xen(m, options);
    else
        add_linux(m, options, files->system);
    machine_add_trace(m, files->plugin);
    machine_add_wait(m, files);
}

static uint64_t hash_command_lines(uint64_t hash, const struct system *system)
{
    const struct machine_files files = {
        .console = -1, .state = -1, .to_be_saved = true, .system = system,
    };

    for ( int i = 0; i < SNAPSHOTS; i++ )
    {
        const struct lab_options options = snapshot_options(i);
        struct machine m;

        add_all(&m, &options, &files);
        for ( size_t j = 0; j < m.count; j++ )
            hash = hash_string(hash, m.argv[j]);
        machine_free(&m);
    }
    return hash;
}

static uint64_t key(const struct system *system)
{
    return machine_key_of(PROGRAM, system, hash_command_lines);
}

static int prepare(struct instance *instance)
{
    struct qemu_own *own = qemu_instance_prepare(instance);

    return qemu_open_plugin(own, "arm64-cpu-plugin.so");
}

static void command_line(struct machine *m, const struct lab_options *options,
                         struct machine_files *files, const struct cache *cache)
{
    (void)cache;
    add_all(m, options, files);
}

static int boot(struct instance *instance, const struct cache *cache, int *console)
{
    return qemu_instance_boot(instance, cache, console, command_line);
}

/* The channel's memory is in the stream, too, as it was when the agent began to wait: the job is
 * put back before the machine runs. */
static int load(struct instance *instance, const struct cache *cache)
{
    struct qemu_own *own = instance->own;
    size_t size = CHANNEL_JOB + CHANNEL_JOB_SIZE;
    struct channel_header *job = xmalloc(size), *header = instance->header;
    int status = qemu_open_state(instance, cache, snapshot_name(&instance->options));

    memcpy(job, header, size);
    if ( status == STATUS_OK )
        status = qemu_instance_start(instance, cache, -1, command_line);
    if ( status == STATUS_OK )
        status = qemu_load_state(own);
    if ( status == STATUS_OK )
    {
        job->agent_state = CHANNEL_WAITING;
        memcpy(header, job, size);
        status = qemu_command(&own->qemu, "cont", NULL, NULL);
    }
    free(job);
    return status;
}

/* The agent has no way to end the machine (agent.c): what it says last is the end. */
static bool wait(struct instance *instance, int milliseconds)
{
    uint32_t state;
    bool ended = qemu_instance_wait(instance, milliseconds);

    state = __atomic_load_n(&instance->header->agent_state, __ATOMIC_ACQUIRE);
    return ended || state == CHANNEL_DONE || state == CHANNEL_FAILED;
}

static char *version(void)
{
    return qemu_version(PROGRAM);
}

static void snapshots(const struct cache *cache,
                      void (*found)(void *context, const struct emulator_snapshot *), void *context)
{
    for ( int i = 0; i < SNAPSHOTS && cache->architecture == &architecture_arm64; i++ )
    {
        const struct lab_options kind = snapshot_options(i);

        if ( snapshot_exists(cache, &kind) )
            found(context, &(struct emulator_snapshot){
                snapshot_name(&kind), machine_clock_name(kind.clock), kind.smp });
    }
}

EMULATOR(qemu_arm64) = {
    .name = "QEMU", .architecture = &architecture_arm64, .key = key,
    .traces = PROGRAM, .two_cpus = true, .any_system = true, .boot_seconds = BOOT_SECONDS,
    .has_cpu = has_cpu, .cpus = cpus,
    .require = require, .snapshot_name = snapshot_name, .snapshots = snapshots,
    .prepare = prepare, .boot = boot, .load = load, .wait = wait,
    .cpu_ms = qemu_instance_cpu_ms, .messages = qemu_instance_messages,
    .ending = qemu_instance_ending, .end = qemu_instance_end,
    .save = qemu_save, .version = version, .cpu = cpu,
};
