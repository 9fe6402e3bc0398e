/*
 * A run: what was asked for is measured on this machine's Xen or in the lab, shown and written.
 *
 *     run.c        what is asked for, where, and what becomes of the results
 *     run_check.c  what makes no sense together is said before anything starts
 *     run_here.c   this machine is a Xen dom0
 *     run_this.c   this machine is a Linux: applications and KVM
 *     run_lab.c    which machines of the lab, with how many CPUs
 *     run_divided.c  two labs at the same time, each with some of the columns
 *     run_dom0.c   the same run, inside the lab's dom0
 *     run_cpus.c   on several CPUs, one after the other
 */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalogue/column.h"
#include "machines/lab.h"

#define RUN_MAX_SAMPLES 8192u  /* what the guest's buffer holds */
#define RUN_MAX_BOOTS   100u
#define RUN_BOOTS       2     /* one whole block of their order: measure/plan.h */
#define RUN_BOOTS_BOCHS 1     /* a domain takes 10 to 25 s there, and the next counts the same */

/* Seconds of the wall clock that a whole run may take, where nothing is said. */
#define RUN_DEADLINE           1800
#define RUN_DEADLINE_BOCHS     7200   /* the headline takes some six minutes of CPU time there */
/*
 * Seconds of dom0's clock that one row may take in one domain.  In the exact lab a second is a thousand
 * million instructions: the longest rows take a few per cent of that, and QEMU some ten seconds of
 * this machine's time.  In Bochs it is 50 million instructions.
 */
#define RUN_ROW_DEADLINE       30
#define RUN_ROW_DEADLINE_EXACT 3
#define RUN_ROW_DEADLINE_BOCHS 60

/* From xl create to Connected, likewise: an HVM domain, the longest, takes 0.4 s of the exact lab's clock.
 * One that spins there takes ten seconds of a CPU for each. */
#define RUN_DOMAIN_DEADLINE       60
#define RUN_DOMAIN_DEADLINE_EXACT 5

#define RUN_LABS        "XENOMETER_LABS"   /* variable: .labs of who says nothing */

#define RUN_MAX_FACTORS 8u   /* in one table */

/* What --factor names, in order. */
struct run_factors {
    const char *list[RUN_MAX_FACTORS];
    size_t count;
};

/* Hosts of cells, by --on. */
struct run_hosts {
    const char *list[RUN_MAX_FACTORS];
    size_t count;
};

struct preset;   /* bench/preset.h */

/* As on the command line; strings may be NULL where nothing was said. */
struct run_options {
    char **patterns;
    size_t pattern_count;
    struct column_set columns;   /* none: the usual ones (select.h) */
    uint32_t samples, boots, seed, row_deadline, deadline;   /* 0: the usual ones */
    uint32_t labs;               /* at the same time, 1 or 2; 0: as this machine has room */
    const char *output, *save, *image, *configs, *suite, *bridge, *kernel;
    const char *host;            /* "auto", "xen" or "lab" */
    char *cpu;                   /* one or several, with commas between; cut up */
    enum lab_clock clock;
    struct variant variant;      /* what the lab has of the user's own */
    struct run_factors factors;  /* bench/factors.h */
    const struct preset *preset; /* NULL: none */
    const char *xen_source;      /* tree that kconfig: factors are built from */
    const char *plan;            /* directory of cells (bench/cells.h); NULL: measure now */
    uint32_t cell, split;        /* 0: all of it; rows a cell at most, 0: all */
    struct run_hosts on;
    uint32_t without;
    bool json, raw, wide, layers, cold;
};

/* An exit status; said why.  The options are the run's to change. */
int run_rows(struct run_options *);

#endif
