#include "machines/qemu/machine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <xenometer/protocol.h>

#include "lib/files.h"
#include "machines/boot.h"
#include "machines/channel.h"
#include "machines/qemu/qemu.h"
#include "xenometer.h"

void machine_add(struct machine *m, const char *argument)
{
    m->argv = xrealloc(m->argv, (m->count + 2) * sizeof(*m->argv));
    m->argv[m->count++] = argument;
    m->argv[m->count] = NULL;
}

void machine_add_pair(struct machine *m, const char *option, const char *value)
{
    machine_add(m, option);
    machine_add(m, value);
}

/* The value was allocated for us. */
void machine_add_owned(struct machine *m, const char *option, char *value)
{
    m->owned = xrealloc(m->owned, (m->owned_count + 1) * sizeof(*m->owned));
    m->owned[m->owned_count++] = value;
    machine_add_pair(m, option, value);
}

void machine_free(struct machine *m)
{
    for ( size_t i = 0; i < m->owned_count; i++ )
        free(m->owned[i]);
    free(m->owned);
    free(m->argv);
    *m = (struct machine){ 0 };
}

const char *machine_clock_name(enum lab_clock clock)
{
    static const char *const names[] = {
        [LAB_EXACT] = "exact", [LAB_FAST] = "fast", [LAB_KVM] = "kvm",
    };

    return names[clock];
}

#define ALL_FEATURES (LAB_NRIP_SAVE | LAB_DECODE_ASSISTS)

/* The features that are left to what QEMU has; KVM's CPU is real. */
static uint32_t missing(const struct lab_options *options)
{
    return options->clock == LAB_KVM ? ALL_FEATURES : options->without & ALL_FEATURES;
}

bool machine_wants_plugin(const struct lab_options *options)
{
    return missing(options) != ALL_FEATURES;
}

const char *machine_name(const struct lab_options *options)
{
#define NAMES(name) { name, name "-without-nrip-save", name "-without-decodeassists", \
                      name "-without-both" }
    static const char *const names[][2][ALL_FEATURES + 1] = {
        [LAB_EXACT] = { NAMES("exact"), NAMES("exact-smp") },
        [LAB_FAST]  = { NAMES("fast"), NAMES("fast-smp") },
    };
#undef NAMES

    if ( options->clock == LAB_KVM )
        return options->smp ? "kvm-smp" : "kvm";
    return names[options->clock][options->smp][missing(options)];
}

const char *machine_cpu(const struct lab_options *options)
{
    /* A model with SVM and nested paging: TCG emulates both, VMX it doesn't. */
#define MODEL "EPYC,+svm,+npt"
    static const char *const models[ALL_FEATURES + 1] = {
        MODEL ",+nrip-save,+decodeassists", MODEL ",+decodeassists", MODEL ",+nrip-save", MODEL,
    };
#undef MODEL

    return options->clock == LAB_KVM ? "host" : models[missing(options)];
}

void machine_begin(struct machine *m, const char *program, const char *package,
                   const struct lab_options *options, const char *cpu, unsigned shift)
{
    *m = (struct machine){ .package = package };
    machine_add(m, program);
    switch ( options->clock )
    {
    case LAB_EXACT:
        /* A TSC tick is a virtual nanosecond; idle time is jumped over, not slept. */
        machine_add_pair(m, "-accel", "tcg,thread=single");
        machine_add_owned(m, "-icount", xasprintf("shift=%u,sleep=off", shift));
        break;
    case LAB_FAST:
        machine_add_pair(m, "-accel", "tcg,thread=multi");
        break;
    case LAB_KVM:
        machine_add_pair(m, "-accel", "kvm");
        break;
    }
    machine_add_pair(m, "-cpu", cpu);
    machine_add(m, "-no-user-config");
    machine_add(m, "-nodefaults");
    machine_add(m, "-no-reboot");
    machine_add_pair(m, "-display", "none");
    /* The guest's random numbers and its date are the same in every run. */
    machine_add_pair(m, "-seed", "1");
    machine_add_pair(m, "-rtc", "clock=vm,base=2026-01-01");
}

/* This board's: clock, CPU, and the port by which a guest ends it. */
static void begin(struct machine *m, const struct lab_options *options, const char *cpu,
                  unsigned shift)
{
    machine_begin(m, MACHINE_QEMU, MACHINE_PACKAGE, options, cpu, shift);
    machine_add_pair(m, "-device", "isa-debug-exit,iobase=0xf4,iosize=4");
}

static void add_control(struct machine *m, int qmp)
{
    machine_add_owned(m, "-chardev", xasprintf("socket,id=qmp,fd=%d", qmp));
    machine_add_pair(m, "-mon", "chardev=qmp,mode=control");
}

void machine_add_lines(struct machine *m, const struct machine_files *files)
{
    machine_add_owned(m, "-object", xasprintf("memory-backend-file,id=channel,size=%lluM,"
              "mem-path=/proc/self/fd/%d,share=on", CHANNEL_SIZE >> 20, files->channel));
    machine_add_pair(m, "-device", "ivshmem-plain,memdev=channel,master=on");
    add_control(m, files->qmp);
    if ( files->console >= 0 )
        machine_add_owned(m, "-chardev", xasprintf("socket,id=serial,fd=%d", files->console));
    else
        machine_add_owned(m, "-chardev",
                          xasprintf("file,id=serial,path=/proc/self/fd/%d", files->serial));
    machine_add_pair(m, "-serial", "chardev:serial");
}

/*
 * A machine that goes on from a snapshot has booted: what QEMU would read for a boot loader
 * (130 MB of kernel and root, by fw_cfg) nobody asks for again.  -kernel stays, for QEMU then gives
 * the machine the ROM which the saved one has.
 */
static bool loads_snapshot(const struct machine_files *files)
{
    return files->state >= 0;
}

void machine_add_wait(struct machine *m, const struct machine_files *files)
{
    machine_add(m, "-S");
    if ( loads_snapshot(files) )
        machine_add_pair(m, "-incoming", "defer");
}

void machine_add_trace(struct machine *m, const struct lab_plugin *plugin)
{
    if ( plugin )
        machine_add_owned(m, "-plugin", xasprintf("/proc/self/fd/%d,fd=%d", plugin->library,
                                          plugin->record));
}

/* "vmlinux OPTIONS,dom0.cpio": QEMU takes ",," for a comma in the options. */
static char *modules_argument(const char *options)
{
    char *text = xcalloc(1, 2 * strlen(options) + 64), *at = stpcpy(text, "vmlinux ");

    for ( ; *options; options++ )
    {
        *at++ = *options;
        if ( *options == ',' )
            *at++ = ',';
    }
    strcpy(at, ",dom0.cpio");
    return text;
}

static void add_xen(struct machine *m, const struct lab_options *options,
                    const struct machine_files *files)
{
    machine_add_pair(m, "-kernel", "xen");
    machine_add_owned(m, "-append", files->xen_options ? xstrdup(files->xen_options)
                            : xstrdup(options->smp ? XEN_DEFAULTS XEN_SMP_OPTIONS
                                                    : XEN_DEFAULTS XEN_OPTIONS));
    if ( !loads_snapshot(files) )
        machine_add_owned(m, "-initrd", files->linux_options ? modules_argument(files->linux_options)
                                : xasprintf("vmlinux " DOM0_OPTIONS ",dom0.cpio",
                                            machine_clock_name(options->clock)));
}

/* The same kernel, started by QEMU itself at its PVH entry, which is for uncompressed ones. */
static void add_linux(struct machine *m, const struct lab_options *options,
                      const struct machine_files *files)
{
    machine_add_pair(m, "-kernel", "vmlinux");
    machine_add_owned(m, "-append", files->linux_options ? xstrdup(files->linux_options)
                            : xasprintf(LINUX_OPTIONS, machine_clock_name(options->clock)));
    if ( !loads_snapshot(files) )
        machine_add_pair(m, "-initrd", files->system->root);
}

void machine_lab(struct machine *m, const struct lab_options *options,
                 const struct machine_files *files)
{
    begin(m, options, machine_cpu(options), files->to_be_saved ? MACHINE_BOOT_SHIFT : 0);
    if ( machine_wants_plugin(options) )
        machine_add_owned(m, "-plugin", xasprintf("/proc/self/fd/%d%s%s%s", files->cpu_plugin,
                  /* No domain is started before the snapshot is taken. */
                  files->to_be_saved ? ",domains=off" : "",
                  missing(options) & LAB_NRIP_SAVE ? "" : ",nrip-save=on",
                  missing(options) & LAB_DECODE_ASSISTS ? "" : ",decodeassists=on"));
    machine_add_pair(m, "-machine", "pc,memory-backend=ram");
    machine_add_owned(m, "-m", xasprintf("%lluM", MACHINE_RAM >> 20));
    machine_add_pair(m, "-smp", options->smp || options->clock != LAB_EXACT ? "2" : "1");
    /*
     * Booting: in a shared memory file, which becomes the snapshot.  Running:
     * in a private mapping of that snapshot: pages are read when touched and
     * copied when written, and any number of runs share one file.
     */
    if ( files->ram >= 0 )
        machine_add_owned(m, "-object", xasprintf("memory-backend-file,id=ram,size=%lluM,"
                  "mem-path=/proc/self/fd/%d,share=on", MACHINE_RAM >> 20, files->ram));
    else
        machine_add_owned(m, "-object", xasprintf("memory-backend-file,id=ram,size=%lluM,"
                  "mem-path=%s/ram,share=off", MACHINE_RAM >> 20, machine_name(options)));
    machine_add_lines(m, files);
    if ( !files->system || files->system->xen )
        add_xen(m, options, files);
    else
        add_linux(m, options, files);
    machine_add_wait(m, files);
    machine_add_trace(m, files->plugin);
}

void machine_bare(struct machine *m, const struct lab_options *options, const char *elf,
                  int qmp, int commands, int console, int results)
{
    const struct lab_options plain = { .clock = options->clock, .without = ALL_FEATURES };

    begin(m, options, machine_cpu(&plain), 0);
    machine_add_pair(m, "-machine", "pc");
    machine_add_owned(m, "-m", xasprintf("%lluM", MACHINE_BARE_RAM >> 20));
    machine_add_pair(m, "-smp", options->smp ? "2" : "1");
    add_control(m, qmp);
    machine_add_owned(m, "-chardev", xasprintf("file,id=console,path=/proc/self/fd/%d", console));
    machine_add_pair(m, "-device", "isa-debugcon,iobase=0xe9,chardev=console");
    /* As in configs/hvm.cfg: nothing behind it. */
    machine_add_pair(m, "-chardev", "null,id=serial");
    machine_add_pair(m, "-serial", "chardev:serial");
    machine_add_owned(m, "-chardev", xasprintf("file,id=results,path=/proc/self/fd/%d", results));
    machine_add_owned(m, "-device", xasprintf("isa-debugcon,iobase=%#x,chardev=results",
                                      BARE_RESULT_PORT));
    machine_add_pair(m, "-kernel", elf);
    if ( commands >= 0 )
        machine_add_owned(m, "-initrd", xasprintf("/proc/self/fd/%d", commands));
    machine_add_trace(m, options->plugin);
}

static uint64_t hash_command_lines(uint64_t hash, const struct system *system)
{
    static const enum lab_clock clocks[] = { LAB_EXACT, LAB_FAST, LAB_KVM };
    const struct machine_files files = { .console = -1, .state = -1, .system = system };

    for ( size_t i = 0; i < 8 * sizeof(clocks) / sizeof(clocks[0]); i++ )
    {
        const struct lab_options options = { .clock = clocks[i / 8], .smp = i % 2,
                                             .without = (uint32_t)(i / 2 % 4) };
        struct machine m;

        machine_lab(&m, &options, &files);
        for ( size_t j = 0; j < m.count; j++ )
            hash = hash_string(hash, m.argv[j]);
        machine_free(&m);
    }
    return hash;
}

uint64_t machine_key_of(const char *program, const struct system *system,
                        uint64_t (*hash_lines)(uint64_t hash, const struct system *))
{
    char *qemu = qemu_find(program, NULL), *real = qemu ? realpath(qemu, NULL) : NULL;
    uint64_t hash = HASH_START;
    struct stat st;
    bool there = real && stat(real, &st) == 0;

    /* A snapshot belongs to the very QEMU that wrote it.  Size and time of
     * change stand for its version: asking it would cost each run 50 ms. */
    if ( there )
    {
        hash = hash_string(hash, real);
        hash = hash_bytes(hash, &st.st_size, sizeof(st.st_size));
        hash = hash_bytes(hash, &st.st_mtim, sizeof(st.st_mtim));
        hash = hash_lines(hash, system);
    }
    free(real);
    free(qemu);
    return there ? hash : 0;
}

uint64_t machine_key(const struct system *system)
{
    return machine_key_of(MACHINE_QEMU, system, hash_command_lines);
}
