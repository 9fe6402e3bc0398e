/*
 * A sweep as independent cells: rows, modes and sides (side.h) of which each is measured by a
 * command of its own, on whichever machine, in any order, and merged afterwards.
 *
 *     DIR/plan.json        what belongs to it
 *     DIR/commands         a command a line, for sh, GNU parallel, a Slurm array
 *     DIR/cells/NAME.json  what a cell has measured; .lock while somebody does; .failed if it did not
 */
#ifndef BENCH_CELLS_H
#define BENCH_CELLS_H

#include "bench/run.h"

/* One more host; STATUS_USAGE, said why, when there are too many or it is an option of ssh's. */
int cells_on(struct run_hosts *, const char *host);

/* With --plan: write it, or measure the cell that --cell names.  A status. */
int cells(struct run_options *);

/*
 * Write the plan of the run into `directory`; what is measured there already stays, where it is the
 * same plan.  Nothing is measured.  An enum status; said why.
 */
int cells_plan(struct run_options *, const char *directory);

/* Measure cell `number`, from 1, of the plan, unless it is measured or another process does it. */
int cells_run(const char *directory, uint32_t number);

struct cells_merge {
    const char *directory;
    const char *output;      /* of several sides, a file for each: NAME-SIDE.json */
    bool json, partial;      /* partial: what is missing is left out */
};

/*
 * Put together what the cells have measured, print and write it.  STATUS_USAGE where something does
 * not belong together, STATUS_FAILED where something is missing: said which.
 */
int cells_merge(const struct cells_merge *);

#endif
