/*
 * One crossing, taken apart: every instruction of one sample by layer, process
 * and function, in order.
 */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "catalogue/column.h"
#include "trace/capture.h"
#include "trace/names.h"

#define TRACE_SCHEMA "xenometer-trace/1"

/* Instructions in a row with the same call stack. */
struct step {
    size_t place;            /* index into trace.places */
    uint64_t count;
    uint64_t at;             /* instructions before it, idle included */
    size_t depth;
    const char **frames;     /* functions, outermost first; at least one unless idle */
};

/* Steps in a row at the same place. */
struct stage {
    size_t place;
    uint64_t count, at;
    size_t first, steps;     /* its steps */
    bool tail;               /* runs although the answer is ready */
    char *what;              /* functions that say what it does */
};

struct place {
    const char *name;        /* "guest", "Xen", "dom0 kernel", a program, "idle" */
    enum layer layer;
    uint64_t count;
};

struct function {
    size_t place;
    const char *name;
    uint64_t own;            /* executed in it */
    uint64_t with_callees;   /* in it and what it called */
    uint64_t calls;          /* how often it was entered */
};

/* Names are of names.h or literals; everything else is the trace's own. */
struct trace {
    char *row;
    const struct column *column;
    char *cpu_features;      /* of the lab's CPU, with commas between (machines/lab.h); NULL in
                                bare mode and in traces that do not say */
    uint64_t total;          /* what the guest's TSC said */
    uint64_t overhead;       /* of it the empty timed region */
    enum region region;      /* what it is to the sample */
    uint64_t raw;            /* the sample as the guest took it */
    uint64_t tail;           /* of it after the answer was ready, by others than Xen's switch back */
    uint32_t operations;     /* in the sample */
    uint32_t sample, samples;
    uint64_t layers[LAYERS];
    struct place *places;
    struct step *steps;
    struct stage *stages;
    struct function *functions;   /* most instructions of their own first */
    size_t place_count, step_count, stage_count, function_count;
    bool xen_symbols;        /* without them, no tail is known */
    const char *xen, *dom0_kernel;   /* versions; borrowed, or NULL */
    json_t *document;        /* a trace read from a file: holds its strings */
};

/*
 * Take a capture apart.  The names must outlive the trace.  False, after a
 * message, when the steps do not add up to what the clock counted.
 */
bool trace_make(const struct capture *, struct names *, struct trace *);
void trace_free(struct trace *);

/* A few functions that say what a stage does (what.c); the caller's. */
char *stage_words(const struct trace *, const struct stage *);

/* "guest", "xen", "dom0_kernel", "dom0_user", "idle", "guest_kernel", "kvm": the layer's key in
 * JSON. */
const char *layer_key(enum layer);

/* All layers, from the application outwards: how they are listed. */
extern const enum layer layers_outwards[LAYERS];

#endif
