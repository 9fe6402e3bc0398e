/*
 * How a row is written.  One file in rows/, one ROW(): nothing else changes.
 *
 *     static void run(struct row_run *r)
 *     {
 *         SAMPLES(r, hypercall_xen_version(XENVER_version, NULL));
 *     }
 *
 *     EXPLANATION(hypercall_null) = "What happens, and what to compare it with.";
 *     ROW(hypercall_null, .run = run) = {
 *         .name = "hypercall/null", …,
 *         .explanation = explanation_hypercall_null,
 *     };
 */
#ifndef HARNESS_ROW_H
#define HARNESS_ROW_H

#include "../arch/cpu.h"
#include "../arch/types.h"

#include <xenometer/protocol.h>
#include <xenometer/row.h>

/* One run of one row. */
struct row_run {
    const struct control_response *command;   /* what dom0 asked for */
    u64 *ticks;          /* where samples go; `count` of them fit */
    u32 count, warmup;
    u32 taken;           /* samples stored so far */
    u64 first;           /* ticks of the very first iteration */
    u64 batch;           /* ticks from the first sample to the end of the last; only
                            where nothing else is done in between: SAMPLES() */
    const char *failure; /* set by run(): what Xen or the device did wrong */
    const char *error;   /* set by run(): what the testbed did wrong */
};

/*
 * The paragraph of a row, before its ROW(): explanation_<identifier>.  It stands in
 * the file for `xenometer explain` and is never loaded; nothing here may read it.
 */
#define EXPLANATION(identifier) \
    static const char explanation_##identifier[] \
        __attribute__((section("explanations")))

/* A row's functions, which are loaded, and its descriptor, which stands beside the
 * explanations (entry/x86/kernel.lds.S collects both). */
#define ROW(identifier, ...) \
    static const struct row_code code_##identifier \
        __attribute__((section("row_code"), used, aligned(8))) = { __VA_ARGS__ }; \
    static const struct row row_##identifier \
        __attribute__((section("rows"), used, aligned(8)))

/* Is there an iteration i, after whatever those before it did? */
bool sample_wanted(const struct row_run *, u32 i);

/* The same, and the batch begins before the first kept sample, and ends behind the last. */
bool batch_wanted(struct row_run *, u32 i);

/* Iterations of a run, numbered from 0, warm-up included. */
#define FOR_EACH_SAMPLE(r, i) for ( u32 i = 0; sample_wanted(r, i); i++ )

/* Keep iteration i's ticks; outside the timed region. */
void sample_keep(struct row_run *, u32 i, u64 ticks);

/*
 * The timed region.  Between the two readings stand the operation and two
 * register moves; the empty row measures them.
 */
#define TIMED(operation) ({                     \
    u64 begin_ = tsc_begin();                   \
    operation;                                  \
    tsc_end() - begin_; })

/*
 * The whole of a row that does nothing between its samples: those, and the
 * batch, whose readings fall between samples.
 */
#define SAMPLES(r, operation)                           \
    for ( u32 i_ = 0; batch_wanted(r, i_); i_++ )       \
        sample_keep(r, i_, TIMED(operation))

#endif
