/* What the files of a run (run.h) have of each other. */
#ifndef BENCH_RUN_PARTS_H
#define BENCH_RUN_PARTS_H

#include "bench/run.h"
#include "catalogue/select.h"
#include "measure/result.h"

#define RUN_MAX_CPUS 8u

/* What --cpu names: titles, and what lab_options want (NULL: QEMU's). */
struct run_cpus {
    const char *names[RUN_MAX_CPUS], *models[RUN_MAX_CPUS];
    size_t count;
};

/* All that return an int return an enum status, and have said why. */

/* `text` is cut up. */
int run_choose_cpus(char *text, struct run_cpus *);

/* `lab`: it is where the run will be. */
int run_check(const struct run_options *, const struct run_cpus *, bool lab);

/* On this machine's Xen. */
int run_here(const struct session_options *, const struct selection *, struct results *);

/* On this machine's Linux, without Xen: --host=this. */
int run_this(const struct session_options *, const struct selection *, struct results *);

/*
 * The part of the selection that runs in some of `columns` with two CPUs for the
 * domain, or the part that does not; where there are no two, one machine has all, and dom0
 * says so for each row.  selection_free() it.
 */
struct selection run_selection(const struct selection *all, const struct column_set *columns,
                               bool smp, bool both);

/* Rows that nothing of what was asked for has, of other programs than the columns': skips. */
void run_skip_unmeasured(const struct selection *, struct results *);

/* In the lab, on the CPU of the options: one model, or NULL. */
int run_lab(const struct run_options *, const struct session_options *,
            const struct selection *, struct results *);

/* What one of two labs has: whole columns, and its part of one that both have, in any order. */
struct run_share {
    struct selection part[2];
    size_t count;
};

/*
 * Whether a second lab at the same time is of use and this machine has CPUs and memory for it: true,
 * and what each has, all of the selection together.  run_shares_free() in any case.
 */
bool run_divide(const struct run_options *, const struct selection *, struct run_share shares[2]);
void run_shares_free(struct run_share shares[2]);
/* Both shares, by `run`: the first in this process, the other in a child.  An enum status; said why. */
int run_divided(const struct run_options *, const struct session_options *,
                const struct run_share shares[2],
                int (*run)(const struct run_options *, const struct session_options *,
                           const struct selection *, struct results *), struct results *);

/* The same run in the dom0 of a lab that is prepared. */
int run_in_dom0(const struct run_options *, const struct lab_options *,
                const struct session_options *, const struct selection *, struct results *);

/* The unikernel for the options' CPU, its rows and the domains' configurations: the caller's, also where
 * some could not be had. */
int run_load_image(const struct run_options *, char **elf, char **configs, struct image **);

/* On several CPUs, each in a lab of its own, with the image and the rows of its architecture; of the
 * session all but these is taken.  Prints them side by side.  An exit status. */
int run_on_cpus(const struct run_options *, const struct run_cpus *, const struct session_options *);

/* Domains of each kind, where nobody said how many. */
uint32_t run_boots(const char *cpu);

/* Seconds of dom0's clock that a row may take. */
uint32_t run_row_deadline(const char *cpu, bool exact_lab);
uint32_t run_deadline(const char *cpu);   /* of the whole, by the wall clock */

/* What the run as a whole knows of its results, and their order. */
void run_finish(const struct run_options *, const struct image *, struct results *);

int run_exit_status(const struct results *);

/* "exact", "fast", "kvm" */
const char *run_clock_name(enum lab_clock);

/* Does the row run in any of these columns? */
bool run_is_in(const struct image_row *, const struct column_set *);

#endif
