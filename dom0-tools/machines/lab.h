/*
 * The lab: a real Xen with a real Linux dom0 inside an emulator, QEMU or Bochs, for machines
 * that are no Xen host themselves; or, beside it and on the same clock, a Linux without Xen.
 *
 * It is assembled without root from Debian packages into a cache directory,
 * booted once per clock and number of CPUs, and kept as a snapshot of a dom0 that waits for a
 * job.  A job is a command with the files it needs; it runs in a private copy
 * of the snapshot, which is gone afterwards.
 *
 * Try: xenometer lab run -- xl info
 *
 * All functions that return int return an enum status (xenometer.h), with a
 * one-line message already printed for anything but STATUS_OK.  When SIGINT,
 * SIGTERM or SIGHUP ended the work (or nobody reads the output any more:
 * SIGPIPE), they return 128 + the signal's number, without a message;
 * everything they started is gone by then, and the caller's own handlers are
 * back in place.
 */
#ifndef MACHINES_LAB_H
#define MACHINES_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "systems/suite.h"
#include "systems/system.h"
#include "systems/variant.h"

enum lab_clock {
    LAB_EXACT,   /* TCG, one vCPU unless smp; the TSC counts executed instructions */
    LAB_FAST,    /* multi-threaded TCG, two vCPUs; the TSC follows the host */
    LAB_KVM,     /* nested KVM; only where a probe has shown that it runs Xen */
};

/*
 * CPU features that all hardware has and QEMU lacks, which the lab adds to its emulated CPU
 * (machines/qemu/cpu_plugin.c) unless told not to.  Not with LAB_KVM, whose CPU is real.
 */
enum lab_feature {
    LAB_NRIP_SAVE      = 1u << 0,   /* a VM exit saves the next instruction's address */
    LAB_DECODE_ASSISTS = 1u << 1,   /* and, by a nested page fault, the instruction's bytes */
};

/* A plugin for QEMU (trace/plugin.c), loaded for tracing only. */
struct lab_plugin {
    int library;             /* descriptor of the shared object */
    int record;              /* memory file for its request and answer */
};

struct lab_options {
    enum lab_clock clock;
    enum lab_system system;  /* what is installed in it */
    const char *cpu;         /* as lab_cpu_choose() found it: a CPU model of Bochs, which then is the
                                emulator, or QEMU's ARM64 one; NULL: QEMU, with an AMD CPU */
    bool smp;                /* two CPUs, for guests with two vCPUs; dom0 has one
                                vCPU, pinned to the first */
    uint32_t without;        /* enum lab_feature: left to what QEMU has */
    const struct lab_plugin *plugin;   /* NULL: none */
    const char *suite;       /* Debian suite whose packages it is made of; NULL:
                                LAB_SUITE */
    struct variant variant;  /* parts of the user's own: another Xen, options */
    bool cold;               /* from power-on, not from a snapshot */
    bool quiet;              /* no progress lines */
    const char *cache;       /* cache directory; NULL: $XENOMETER_CACHE, else
                                ${XDG_CACHE_HOME:-$HOME/.cache}/xenometer */
    const char *keep_logs;   /* NULL, or a directory where Xen's serial log and
                                QEMU's messages of each run are written */
};

/* A file on its way into dom0 (push) or out of it (fetch). */
struct lab_file {
    const char *host_path;
    const char *name;        /* in the job directory; without '/' */
    const void *data;        /* push only: used instead of host_path if not NULL */
    size_t size;             /* of data, bytes */
};

struct lab_job {
    const char *const *argv;         /* run in dom0, NULL-terminated; its working
                                        directory is the job directory, which is
                                        first in its PATH; stdin is empty */
    const struct lab_file *push;     /* there before the command starts; all 0755 */
    size_t push_count;
    const struct lab_file *fetch;    /* written (temporary file, then rename) when
                                        the command has ended, however it ended */
    size_t fetch_count;
    int stdout_fd, stderr_fd;        /* the command's output goes here while it
                                        runs; -1: discard */
    unsigned deadline_seconds;       /* wall clock, from the load of the snapshot;
                                        0: none */
};

/*
 * Make the lab ready for options->clock: download, assemble, boot, snapshot,
 * and only what is missing or stale.  Waits for another process that is doing
 * it already.
 */
int lab_prepare(const struct lab_options *options);

/*
 * Prepare, load the snapshot (or boot), push, run, stream, fetch, and end the emulator.
 * *status gets the command's exit status (128 + N when signal N killed it);
 * it is only valid when STATUS_OK or STATUS_FAILED is returned.  STATUS_FAILED:
 * the command ran, but a file to fetch was missing or could not be written, or
 * output was lost.  STATUS_DEADLINE: it was ended.
 */
int lab_run(const struct lab_options *options, const struct lab_job *job, int *status);

/*
 * Add the features in `text`, names with commas between, to *without.  STATUS_USAGE, said why
 * for that option, when there is none of that name.
 */
int lab_features_parse(const char *option, const char *text, uint32_t *without);

/*
 * The CPU that --cpu=TEXT means: amd, arm64 (QEMU's), intel, amd-bochs, or a model by Bochs's name, for
 * which Bochs must be installed.  *cpu becomes what lab_options want and may point into `text`.
 * STATUS_USAGE, with the list, when there is none of that name, or Xen does not run on it.
 */
int lab_cpu_choose(const char *text, const char **cpu);

/* Why the CPU (lab_options.cpu) has no PVH and HVM domains; NULL: it has, as far as is known. */
const char *lab_cpu_no_hvm(const char *cpu);

/* Whether the CPU's lab can have two of it (lab_options.smp). */
bool lab_cpu_smp(const char *cpu);

/* Of its emulator: the name; whether it executes a tenth of what QEMU does in a second; the program
 * that traces and counts layers, by a plugin (NULL: none); whether the lab adds features to its CPU, which
 * lab_options.without leaves out. */
const char *lab_cpu_emulator(const char *cpu);
bool lab_cpu_slow(const char *cpu);
const char *lab_cpu_traces(const char *cpu);
bool lab_cpu_adds_features(const char *cpu);

/* The name of its architecture: "x86", "arm64". */
const char *lab_cpu_architecture(const char *cpu);

/* The path of a file of this program's that is built for the CPU's architecture, such as the image
 * xenometer.elf; the caller's.  NULL: it is not there; what makes it, in *how (static). */
char *lab_cpu_file(const char *cpu, const char *name, const char **how);

/* The image for the CPU that --cpu=TEXT means, the caller's.  An enum status; said why. */
int lab_cpu_image(const char *text, char **path);

/* The name of the feature number `i`, from 0; NULL: there are no more. */
const char *lab_feature_name(size_t i);

/*
 * The virtualization features of that lab's CPU, with commas between: "svm,npt,nrip-save,decodeassists".
 * NULL: Xen says which, for they are the host CPU's, or Bochs's.  The caller's.
 */
char *lab_features(const struct lab_options *options);

/* What the lab consists of, for the environment of results and for doctor. */
struct lab_facts {
    char xen[64];            /* "4.17.7"; empty: no packages resolved yet */
    char xen_build_id[65];   /* of the assembled lab's; empty: none is */
    char dom0_kernel[64];    /* "6.1.0-56-amd64"; empty likewise */
    char linux_system[192];  /* of the system without Xen: "6.12.117+deb13-amd64, crun 1.21, …" */
    const char *emulator;    /* "QEMU" or "Bochs" */
    char version[64];        /* its: "7.2.22" */
    char cpu[128];           /* the CPU by the emulator's name, and the host's model name */
    const char *accel;       /* what options->clock runs on: "tcg" or "kvm" */
    bool kvm_usable;
    char kvm_reason[160];    /* one line: why KVM is, or is not, usable */
};

/*
 * Path of the program that runs in that lab's dom0: this one linked with the suite's
 * libxenctrl and libc, made first if need be.  The caller's.
 */
int lab_program(const struct lab_options *options, char **path);

/*
 * Among files to push, this very program, which that dom0 could not run, becomes the one
 * of lab_program().  *path keeps its path (or NULL); the caller's, after the push.
 */
int lab_push_program(const struct lab_options *options, struct lab_file *push, size_t count,
                     char **path);

/*
 * The kernel of that lab's dom0, for domains: a file that libxenguest unpacks; or, with `boot`, a
 * bzImage for a firmware, which a lab with a vmlinux of the user's own has not: NULL.  The caller's.
 */
int lab_guest_kernel(const struct lab_options *options, bool boot, char **path);

/* Starts nothing but `qemu --version` or the like.  STATUS_ENVIRONMENT without the emulator. */
int lab_facts(const struct lab_options *options, struct lab_facts *facts);

/*
 * Start the unikernel `elf` directly, with no Xen: QEMU's PVH loader, the same
 * CPU model and clock as the lab, 32 MiB, a PC with its IDE controller, and
 * `commands` as the boot module.  The image writes results to BARE_RESULT_PORT,
 * console text to port 0xe9, and ends with a write to port 0xf4.
 * *out (with *out_size bytes) and *console (a string) are the caller's to
 * free, and set, possibly empty, whatever is returned.
 */
int lab_bare(const struct lab_options *options, const char *elf,
             const void *commands, size_t size, void **out, size_t *out_size,
             char **console, unsigned deadline_seconds);

/* `xenometer lab …`; argv[0] is the command's name.  Exit status. */
int lab_command(int argc, char **argv);

#endif
