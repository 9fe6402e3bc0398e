/*
 * What an option of Xen's or of dom0's kernel costs each path: the same rows in the lab once as
 * it is, and once under each value, in one table.
 */
#ifndef BENCH_FACTORS_H
#define BENCH_FACTORS_H

#include <stdio.h>

#include "bench/run.h"

/* One more; STATUS_USAGE, said why, when there are as many as a table has room for. */
int factors_add(struct run_factors *, const char *factor);

/*
 * "xen:sched=credit", "dom0:mitigations=off", or several with "+" between: what they add to the
 * command lines, the caller's, NULL where nothing.  STATUS_USAGE, said why.
 */
int factor_parse(const char *factor, char **xen, char **dom0);

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
