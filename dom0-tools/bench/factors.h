/*
 * What an option of Xen's or of dom0's kernel, another suite or another build costs each path: the
 * same rows in the lab once as it is, and once on each other side (side.h), in one table.
 */
#ifndef BENCH_FACTORS_H
#define BENCH_FACTORS_H

#include <stdio.h>

#include "bench/run.h"

/* One more; STATUS_USAGE, said why, when there are as many as a table has room for. */
int factors_add(struct run_factors *, const char *factor);

/* "out.json" for a factor: "out-sched=credit.json"; the caller's. */
char *factor_output(const char *output, const char *factor);

/* What Xen said in its boot log of options that it does not know or take: its line, the
 * caller's; NULL: nothing. */
char *factor_refused(const char *log, const char *xen);

/*
 * Measure and print; with options->output FILE.json, each is written to FILE-FACTOR.json.  A value
 * that Xen refuses is left out, with its words.  An exit status; said why.
 */
int factors_run(struct run_options *);

/* The options that are known to matter, with what they change. */
void factors_list(FILE *);

#endif
