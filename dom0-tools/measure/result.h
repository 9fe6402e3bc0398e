/*
 * What a run yields: the environment and one result per row and column.
 * Filled by measure/session.c, written and read by report/json.c, shown by
 * report/table.c.  The JSON form is schema "xenometer/1".
 */
#ifndef MEASURE_RESULT_H
#define MEASURE_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenometer/row.h>

#include "catalogue/column.h"

#define RESULTS_SCHEMA "xenometer/1"

/* Every string is owned (malloc'd) or NULL for unknown. */
struct environment {
    char *host;          /* "xen", "lab-exact", "lab-fast", "lab-kvm" */
    char *clock;         /* the unit of all figures: "cycles", "instructions", or
                            "ticks" of an emulated TSC, which are neither */
    uint64_t tsc_hz;     /* 0: unknown or meaningless */
    char *xen;           /* "4.17.7" */
    char *xen_build_id;  /* in hexadecimal */
    char *xen_debug;     /* "y" or "n", as its boot log says */
    char *xen_config;    /* of its Kconfig, what paths depend on: "DEBUG=n PV32=y" */
    char *xen_options;   /* of the user's own, in the lab */
    char *dom0_options;  /* likewise, of dom0's kernel */
    char *dom0_kernel;
    char *dom0_modules;  /* where the kernel's modules were while rows ran, "name address" a
                            line; only with raw samples, else NULL */
    char *linux_system;  /* of columns that are no domains: the lab's Linux without Xen, and what
                            starts containers and sandboxes there; NULL: nothing ran in it */
    char *qemu;          /* the lab's, NULL on a Xen host */
    char *cpu;
    char *architecture;  /* whose instructions or cycles they are: "x86", "arm64" */
    char *bochs;         /* its version, where it is the emulator */
    char *below;         /* the hypervisor whose guest this machine is; NULL: none in sight, or a lab */
    char *cpu_features;  /* of virtualization, with commas between: "svm,npt,nrip-save";
                            NULL: not said */
    char *pinned;        /* how vCPUs are pinned, in words */
    char *mitigations;   /* what Xen reports, in words */
    char *xenometer;     /* our version */
    char *image;         /* the unikernel's build id */
    char *started;       /* ISO 8601, UTC */
    uint32_t boots;      /* of each kind of domain; 0: unknown */
    uint64_t seed;       /* of their order (measure/plan.h) */
    uint32_t suspends;   /* of the one domain there was, before its last rows: saved and
                            restored, migrated, or gone on with */
};

/* How many samples came out at a value. */
struct tally {
    uint64_t value;
    uint32_t count;
};

/*
 * One row in one column, over all boots.  All figures are in the environment's
 * clock, per operation, rounded to the nearest integer, with the empty timed
 * region (`overhead`) already subtracted; raw samples are as the guest took
 * them: per sample of `operations` operations, nothing subtracted, boot by boot.
 */
struct result {
    char *row, *work, *path;   /* owned */
    char *against;             /* owned; the row to be compared with; NULL: none */
    const struct column *column;
    enum outcome outcome;
    char *reason;              /* owned; NULL with success */
    bool dom0;                 /* the path reaches dom0 (ROW_DOM0) */
    bool blocks;               /* the vCPU may block inside (ROW_BLOCKS) */
    bool batches;              /* operations share events (ROW_BATCHES) */
    bool apic;                 /* a CPU may do it without an exit (ROW_APIC) */
    uint32_t operations;       /* per sample */
    uint32_t samples;          /* of all boots */
    uint32_t boots;            /* it was measured in */
    uint64_t *boot_medians;    /* owned; `boots` of them, in order */
    uint64_t first;            /* first iteration, warm-up included; median of the boots */
    uint64_t min, median, p90, p99, p999, max;
    uint64_t ci95[2];          /* bootstrap interval of the median */
    /*
     * The mean of everything from the first sample to the end of the last, less
     * what the empty row's loop takes: also what falls between the samples.
     * Only of rows that do nothing but the operation (`has_batch`).
     */
    uint64_t batch;
    bool has_batch;
    uint64_t overhead;         /* the empty region, ticks per sample */
    uint32_t bytes;            /* that one operation moves; 0: not what it is about */
    uint64_t upcalls;          /* event upcalls and interrupts of devices taken while it
                                  ran, all boots */
    uint64_t notifications;    /* events sent to the backend meanwhile */
    uint64_t dom0_events;      /* those of its events that dom0's process took one by
                                  one, where it counts them; else 0 */
    uint64_t total;            /* operations of all runs, warm-up included */
    uint64_t stolen;           /* ns in which others had its CPU meanwhile, all boots */
    struct tally *distribution;   /* owned; the samples' net values, ascending */
    size_t distinct;
    uint64_t served[2];        /* several domains at once: requests served of the least
                                  and the most served one; 0: not such a row */
    uint64_t *raw;             /* owned; NULL unless kept */
    size_t raw_count;
    uint64_t layers[5];        /* enum layer (trace/record.h), of the median sample, whole:
                                  nothing subtracted */
    bool has_layers;
};

struct results {
    struct environment environment;
    struct result *rows;       /* owned */
    size_t count, capacity;
};

/* The same, with texts of its own. */
struct environment environment_copy(const struct environment *);

/* Do both count the same instruction set's instructions, as far as is known? */
bool results_one_architecture(const struct results *, const struct results *);

/* Is that feature among its cpu_features? */
bool environment_has(const struct environment *, const char *feature);

/* Append a zeroed result; never fails (ends the program when out of memory). */
struct result *results_add(struct results *);
void results_free(struct results *);

/*
 * Move all results of `from` behind those of `to`, and free the rest of it.
 * Its environment is kept where `to` has none yet.
 */
void results_merge(struct results *to, struct results *from);

struct image;

/* In the order of the catalogue, and there of the columns. */
void results_sort(struct results *, const struct image *);

/* The worst outcome of all rows. */
enum outcome results_worst(const struct results *);

#endif
