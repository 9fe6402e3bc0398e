/*
 * What a workload spends on crossings, in each mode and by each paradigm: so many of each kind a second,
 * each at the price that was measured.
 *
 *     total = trap + schedule + isolation
 *
 *     trap       getting into the hypervisor and back: hypercall/enosys of that mode, for each entry
 *     schedule   others get the CPU and give it back: what sleeping, waking and a batch's journey take
 *     isolation  the work behind the border: decoding, emulating, checking, copying
 *
 * The three are measured, as differences of rows, and add up to the rows themselves.  What several requests
 * in flight cost follows from two rows: isolation is paid for each of them, trap and schedule once a batch,
 *
 *     request(depth) = isolation + (trap + schedule) / depth
 *
 * and a timer's load from the rows timer-load/…, straight between the rates that were measured
 * (tests/host/test_model.c: where that is within MODEL_WITHIN of a rate left out, and where it is not).
 *
 * Everything is in the clock of the results, instructions or cycles, and neither is ever taken for the other.
 */
#ifndef REPORT_MODEL_H
#define REPORT_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "measure/result.h"

/* What two ways must differ by for the model to tell them apart. */
#define MODEL_WITHIN 0.10

/* No rate may be more: a CPU of today makes as many instructions a second, or so. */
#define MODEL_MOST 1e11

enum model_kind {
    MODEL_HYPERCALLS, MODEL_EXITS, MODEL_MSR, MODEL_IO, MODEL_MMIO, MODEL_DEVICE, MODEL_HLT, MODEL_MEMORY,
    MODEL_EVENTS, MODEL_SYSCALLS, MODEL_FAULTS, MODEL_TIMER, MODEL_REQUESTS, MODEL_KINDS
};

/* "hlt" and the like, as --exits=hlt:20 has them, and in words. */
const char *model_kind_name(enum model_kind);
const char *model_kind_title(enum model_kind);
/* False: there is none of that name. */
bool model_kind_find(const char *name, enum model_kind *);

struct model_workload {
    double rate[MODEL_KINDS];   /* a second */
    double depth;               /* requests in flight, at least 1 */
    double work;                /* of the clock's unit a second that it computes for itself; 0: not said */
    double cpu;                 /* of the clock's unit that a CPU executes in a second; 0: not said */
};

/* Of one kind in one way; per operation. */
struct model_cost {
    bool known;
    const char *absent;         /* the way has no such crossing, and why; then it costs nothing */
    double trap, schedule, isolation;
};

/* A mode and a paradigm: a table of model.c. */
struct model_way;
const char *model_way_name(const struct model_way *);
const char *model_way_title(const struct model_way *);
const char *model_way_what(const struct model_way *);

struct model_answer {
    const struct model_way *way;
    struct model_cost costs[MODEL_KINDS];
    double background;          /* taken of a guest that does nothing, a second; with a timer's rate only */
    double trap, schedule, isolation, total;   /* a second; the background is of schedule */
    double crossings;           /* a second */
    bool complete;
    char *missing;              /* the rows without which nothing is said of it; NULL: complete */
};

struct model {
    struct model_workload workload;
    struct environment environment;   /* a copy */
    struct model_answer *answers;
    size_t count;
    const struct model_answer *best;  /* NULL: none is complete */
};

/* The rows that a workload is told by, each once. */
void model_rows(const struct model_workload *, void (*row)(void *, const char *name), void *context);

void model_make(const struct model_workload *, const struct results *, struct model *);
void model_free(struct model *);

/* What a periodic timer takes of a way's guest in a second, straight between rates that were measured, from
 * `loads` at `rates` (ascending, the first is 0 Hz); beyond the last in proportion to that. */
double model_timer(const double *rates, const double *loads, size_t count, double hz);

void model_print(FILE *, const struct model *);
json_t *model_json(const struct model *);   /* the caller's */

#endif
