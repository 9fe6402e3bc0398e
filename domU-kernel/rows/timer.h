/*
 * Arming a timer and getting its tick, by each timer there is: what an architecture's rows of that
 * share.
 */
#ifndef ROWS_TIMER_H
#define ROWS_TIMER_H

#include "../harness/row.h"

/*
 * How far ahead timers are armed, ns: beyond Xen's timer_slop (50 us by
 * default), within which it puts off a timer to fire together with others.
 */
#define AHEAD 200000u

#define BILLION 1000000000ul

#define NEVER "the timer was armed, its tick did not come"

/* How long a tick may take before it is given up, ns. */
#define PATIENCE 100000000u

/* Swallow what an earlier programming left on its way, then learn the turn (harness/stolen.h). */
void timer_settle(void);

/*
 * What arming and handling one tick takes from the guest.  The wait does not
 * count: only what is executed by others, or by the tick's handler, does.
 * `arm` arms it in a timed region and returns the ticks of that.
 */
void timer_one_shot(struct row_run *, u64 (*arm)(struct row_run *));

#define ONE_SHOT_TEXT \
    "Arms a tick 200 us ahead and reads the TSC until it is handled.  The figure is what that takes from the " \
    "guest: arming, and all that others and the handler execute meanwhile; not the wait.  Here: "

/* ---- the load of a periodic timer ---- */

/* ns; set by the set-up, and a sample of the row, from tick to tick. */
extern u64 timer_load_period;
void timer_run_load(struct row_run *);

/* For start_ and teardown_ of a path, which three rows share: once in the image is enough. */
#define NOT_INLINE __attribute__((noinline))

#define LOAD_TEXT \
    "The guest reads the TSC, turn after turn.  The figure is what is stolen from it of each 1,000,000,000 " \
    "ticks: all that others and its own handler execute; a billion less the figure is the CPU left to the guest, " \
    "10,000,000 are one percent.  On the instruction clock of the lab in QEMU a second is a billion instructions, in " \
    "Bochs 50 million.  "

/* LOAD_REPEATS of most: */
#define LOAD_BY_ITSELF \
    "The timer repeats by itself; a kernel that arms each tick anew pays for that as well (interrupt/timer-*).  "

#define LOAD_ROW(hz, path_name, source, row_path, why_not, row_columns, count)      \
    static const char *setup_load_##source##_##hz(struct row_run *r)                \
    {                                                                               \
        timer_load_period = BILLION / hz;                                                 \
        return start_##source(r);                                                   \
    }                                                                               \
    EXPLANATION(timer_load_##source##_##hz) = \
        LOAD_TEXT LOAD_REPEATS \
        "One sample is one period.  Compare with timer-load/guest-tickless."; \
    ROW(timer_load_##source##_##hz,                                                 \
        .setup = setup_load_##source##_##hz, .run = timer_run_load, .teardown = teardown_##source) = { \
        .name = "timer-load/guest-" #hz "hz-" path_name,                            \
        .work = "run with a " #hz " Hz timer, of a billion ticks",                  \
        .path = row_path,                                                           \
        .help = "what a " #hz " Hz timer takes of each billion ticks",              \
        .explanation = explanation_timer_load_##source##_##hz,                      \
        .elsewhere = why_not, .columns = row_columns,                               \
        .flags = ROW_TIMER, .operations = 1, .samples = count, .warmup = 1,         \
    }

#endif
