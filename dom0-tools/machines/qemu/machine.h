/*
 * QEMU's command lines: one virtual machine for the lab and for bare mode, so
 * that figures of both can stand side by side.
 */
#ifndef MACHINES_QEMU_MACHINE_H
#define MACHINES_QEMU_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machines/lab.h"

#define MACHINE_QEMU      "qemu-system-x86_64"
#define MACHINE_PACKAGE   "qemu-system-x86"
#define MACHINE_RAM       (768ull << 20)   /* bytes, of the lab */
#define MACHINE_BARE_RAM  (288ull << 20)
/*
 * While the exact lab boots for its snapshot, an instruction takes 2^this nanoseconds instead
 * of one: what waits for time to pass (Xen for the ticks of timers, for the second of the
 * CMOS clock to change) then executes a 16th of the instructions.  save.c has the snapshot
 * go on with one.
 */
#define MACHINE_BOOT_SHIFT 4u

/* File descriptors QEMU gets; it opens those files through /proc/self/fd. */
struct machine_files {
    int qmp;             /* our end's partner of the control socket */
    int serial;          /* memory file for Xen's serial log; -1: see console */
    int console;         /* socket for an interactive serial line; or -1 */
    int channel;         /* the shared memory (channel.h) */
    int ram;             /* memory file to boot in; -1: the snapshot's */
    int state;           /* the snapshot's device state to load; or -1 */
    bool to_be_saved;    /* it boots to become the snapshot: MACHINE_BOOT_SHIFT */
    int cpu_plugin;      /* the machine's own, where it has one (qemu_own); else -1 */
    const struct lab_plugin *plugin;   /* or NULL */
    const struct system *system;       /* what is booted; NULL: Xen */
    const char *xen_options, *linux_options;  /* NULL: what every lab's are told (boot.h) */
};

/* A NULL-terminated argument list; free with machine_free(). */
struct machine {
    const char *package;     /* of Debian's that has argv[0] */
    const char **argv;
    size_t count;
    char **owned;        /* the strings among argv that were allocated */
    size_t owned_count;
};

/*
 * The lab's machine.  It runs in the assembled lab's directory: kernel, root
 * and snapshot are named relative to that, for a comma or space in a path
 * would mean something to QEMU.  Waits (-S) with files->state or for a boot
 * alike.
 */
void machine_lab(struct machine *machine, const struct lab_options *options,
                 const struct machine_files *files);

/* Bare mode; commands, console and results are memory files.  No guest in it, so no
 * cpu-plugin.so either. */
void machine_bare(struct machine *machine, const struct lab_options *options, const char *elf,
                  int qmp, int commands, int console, int results);

/* Whether the CPU has features that cpu-plugin.so emulates. */
bool machine_wants_plugin(const struct lab_options *options);

void machine_free(struct machine *machine);

/* For who puts one together: words that live as long, and one that was allocated for it. */
void machine_add(struct machine *machine, const char *argument);
void machine_add_pair(struct machine *machine, const char *option, const char *value);
void machine_add_owned(struct machine *machine, const char *option, char *value);

/* What all our machines share, of any board: QEMU's program and Debian's package with it, clock and
 * CPU, and no devices nobody asked for.  An instruction takes 2^shift nanoseconds. */
void machine_begin(struct machine *machine, const char *program, const char *package,
                   const struct lab_options *, const char *cpu, unsigned shift);
/* The lines to us: the channel, the control socket, and the serial line or console. */
void machine_add_lines(struct machine *machine, const struct machine_files *);
/* It waits to be told to run, and before that for its state when it is a snapshot's. */
void machine_add_wait(struct machine *machine, const struct machine_files *);
/* trace/plugin.c, where there is one. */
void machine_add_trace(struct machine *machine, const struct lab_plugin *);

/* "exact", "fast", "kvm" */
const char *machine_clock_name(enum lab_clock clock);
/* The same with "-smp" and "-without-FEATURE" behind it where that is so: the snapshot's
 * directory. */
const char *machine_name(const struct lab_options *options);
/* The -cpu of that lab. */
const char *machine_cpu(const struct lab_options *options);
/* Hash over all command lines for that system and the QEMU that is installed: part of the lab's
 * key.  0: there is none. */
uint64_t machine_key(const struct system *);
/* The same for another program and its command lines. */
uint64_t machine_key_of(const char *program, const struct system *,
                        uint64_t (*hash_command_lines)(uint64_t hash, const struct system *));

#endif
