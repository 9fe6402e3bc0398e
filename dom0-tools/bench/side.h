/*
 * One column of a comparison that differs by what the lab is made of: a Debian suite, a Xen of
 * one's own, options, a configuration.  "xen:spec-ctrl=no", "suite:bookworm", "build:xen/dist",
 * or several with "+" between.
 */
#ifndef BENCH_SIDE_H
#define BENCH_SIDE_H

#include "bench/run.h"
#include "lib/words.h"
#include "measure/result.h"

struct side {
    char *name;                 /* for people */
    const char *suite;          /* NULL: LAB_SUITE */
    struct variant variant;
    char *own_suite, *build, *xen_options, *dom0_options;   /* what the two above point to */
    char *kconfig;              /* "DEBUG=n …", options the Xen of --xen-source is to be built with */
};

/*
 * What the run is asked for, with the factor's parts besides; NULL: as it is.  STATUS_USAGE, said
 * why.  side_free() in any case.
 */
int side_parse(const struct run_options *, const char *factor, struct side *);
void side_free(struct side *);

/* The options that ask for it, added. */
void side_words(const struct side *, struct words *);

/* `xenometer run` with the run's rows and numbers on that side, added; JSON to stdout. */
void side_run_words(const struct run_options *, const struct side *, struct words *);

/* Run our own `words`, and read the results they print; between cancel_begin() and _end(). */
int side_results(struct words *, struct results *);

/* That, from the words to the results. */
int side_measure(const struct run_options *, const struct side *, struct results *);

/* Is its lab to be had?  As lab_prepare(). */
int side_prepare(const struct side *);

#endif
