/*
 * Who executed the instructions of each row of a whole run: `run --layers`.
 * Between begin and end stands one run of the lab, or of bare mode.
 */
#ifndef BENCH_LAYERS_H
#define BENCH_LAYERS_H

#include "machines/lab.h"
#include "measure/result.h"

struct layers {
    struct lab_plugin plugin;
};

/* Put the plugin into lab->plugin.  An enum status; with STATUS_OK layers_end()
 * must follow. */
int layers_begin(struct layers *, struct lab_options *lab, const char *elf);

/*
 * Take it out again, and give the results their layers.  With `ran` false the
 * run has failed, and only the first is done.  An enum status.
 */
int layers_end(struct layers *, struct lab_options *lab, bool ran, struct results *);

#endif
