/*
 * What is said about the cost of virtualization, judged by what was measured.
 *
 * Claims stand in a file, configs/claims.json or the user's own.  Each has parts, and a part a figure
 * with its bounds:
 *
 *     { "id": "C4", "source": "who says it", "claim": "the words", "parts": [
 *         { "says": "200 to 400 cycles", "figure": {"row": "hypercall/null"},
 *           "columns": "pv pvh", "unit": "cycles", "low": 200, "high": 400, "cpu": "intel" },
 *         { "says": "what nobody measures", "unmeasured": "why" } ] }
 *
 * A figure is one of
 *
 *     {"row": R, "column": C, "field": F}    of a result: its median; "notifications", "upcalls" per operation
 *     {"trace": R, "column": C, "count": N}  of a trace: "stages", who runs how many times; "entries", of
 *                                            the guest into Xen; or a list of functions: their calls
 *     {"minus": [A, B]}  {"over": [A, B]}    of two figures
 *     {"left": A}                            of a row timer-load/…: per cent of the CPU that are left
 *
 * and is taken in each of the part's columns, where it does not name its own.
 *
 * The unit decides which clock can judge: "cycles", "ns" and "percent" are times, which only a CPU's
 * cycles tell; "instructions" only the lab's clock; "count" of events both
 * (what is counted may be said by "counted").  Instructions never stand for
 * cycles; but of so many instructions that no CPU can execute them in the claimed cycles
 * (CLAIM_RETIRED), an upper bound is refuted.
 */
#ifndef REPORT_CLAIMS_H
#define REPORT_CLAIMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "measure/result.h"
#include "trace/trace.h"

/* Instructions that a CPU retires in a cycle at most: twice what AMD's Zen 5 can
 * (8, by its Software Optimization Guide). */
#define CLAIM_RETIRED 16

enum claim_answer { CLAIM_UNKNOWN, CLAIM_YES, CLAIM_NO };

struct claim_figure {
    const struct column *column;   /* NULL: the figure names its own */
    double value;                  /* in the unit of the clock, or the part's */
    enum claim_answer answer;
};

struct claim_part {
    const json_t *part;            /* borrowed from the document */
    const char *says;              /* likewise */
    struct claim_figure *figures;
    size_t count;                  /* 0: nothing was measured, `why` says why */
    const char *unit;              /* of the values, as text behind them */
    char *verdict;                 /* "holds", "does not hold for PVH, HVM", … */
    char *why;                     /* of what is not judged; NULL: nothing is left open */
};

struct claim {
    const char *id, *text, *source;   /* borrowed from the document */
    struct claim_part *parts;
    size_t count;
    bool measured;                    /* anything of it */
};

struct claims {
    json_t *document;
    struct claim *all;
    size_t count;
};

/* Read and check the file, NULL: the program's own.  STATUS_OK, or a status after a message (then
 * nothing is to be freed). */
int claims_read(const char *path, struct claims *);
void claims_free(struct claims *);

/* Fill in figures and verdicts. */
void claims_judge(struct claims *, const struct results *, const struct trace *, size_t trace_count);

/* What they are judged by, each once: of rows their names (column NULL), of traces row and column. */
void claims_each(const struct claims *, void (*row)(void *, const char *name),
                 void (*trace)(void *, const char *name, const struct column *), void *context);

/* A figure as text, with its column's title; the caller's. */
char *claim_figure_text(const struct claim_figure *);

void claims_list(FILE *, const struct claims *);    /* what they say, and what judges them */
void claims_print(FILE *, const struct claims *);   /* judged */
json_t *claims_json(const struct claims *);         /* judged; the caller's */
char *claims_sum(const struct claims *);            /* how many of what verdict, a sentence; the caller's */

#endif
