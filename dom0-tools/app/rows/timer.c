/*
 * What a periodic timer takes from an application that computes: the same as the unikernel's
 * rows timer-load ask of a guest, beside which they stand.
 */
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

#include "app/row.h"

#define BILLION 1000000000ull

/* Ticks of an undisturbed turn of the loop below, the mean of the quietest of so many windows; what is
 * more than two of them is somebody else's, be it a signal's handler (domU-kernel/harness/stolen.c). */
#define WINDOWS 8u
#define WINDOW  5000u
static uint64_t turn;
#define IS_STOLEN(delta) ((delta) > 2 * turn)

/* Periods that a tick may take before it is given up. */
#define PATIENCE 50u

static volatile uint32_t signals;
static uint64_t limit;       /* ticks */

static void on_alarm(int number)
{
    (void)number;
    signals++;
}

struct stolen {
    uint64_t stolen, elapsed, turns;
    bool ticked;
};

static struct stolen compute_until(uint32_t seen, uint64_t most)
{
    struct stolen s = { 0 };
    uint64_t begin = tsc_begin(), last = begin;

    do {
        uint64_t t, delta;

        /* Asked before the clock: what is seen here has been timed below. */
        s.ticked = signals != seen;
        t = tsc_begin();
        delta = t - last;
        last = t;
        s.turns++;
        if ( IS_STOLEN(delta) )
            s.stolen += delta - turn;
    } while ( !s.ticked && last - begin < most );
    s.elapsed = tsc_end() - begin;
    return s;
}

static void calibrate(void)
{
    turn = UINT64_MAX / 2;
    for ( unsigned i = 0; i < WINDOWS; i++ )
    {
        struct stolen s = compute_until(signals, WINDOW);
        uint64_t mean = (s.elapsed + s.turns / 2) / s.turns;

        if ( mean < turn )
            turn = mean;
    }
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * BILLION + (uint64_t)t.tv_nsec;
}

/* Ticks in that many nanoseconds, from what a millisecond has. */
static uint64_t ticks_in(uint64_t ns)
{
    uint64_t begin = tsc_begin(), from = now_ns(), to;

    while ( (to = now_ns()) - from < BILLION / 1000 )
        ;
    return (uint64_t)((unsigned __int128)(tsc_end() - begin) * ns / (to - from));
}

static const char *start(uint64_t period_ns)
{
    const struct itimerval timer = {
        .it_interval.tv_usec = (suseconds_t)(period_ns / 1000),
        .it_value.tv_usec = (suseconds_t)(period_ns / 1000),
    };

    calibrate();
    limit = ticks_in(PATIENCE * period_ns);
    if ( signal(SIGALRM, on_alarm) == SIG_ERR || setitimer(ITIMER_REAL, &timer, NULL) )
        return refused("setitimer", errno);
    return NULL;
}

static void stop(struct row_run *r)
{
    const struct itimerval none = { 0 };

    (void)r;
    setitimer(ITIMER_REAL, &none, NULL);
    signal(SIGALRM, SIG_DFL);
}

/* One sample is one period, from tick to tick. */
static void run(struct row_run *r)
{
    compute_until(signals, limit);
    FOR_EACH_SAMPLE(r, i)
    {
        struct stolen s = compute_until(signals, limit);

        sample_keep(r, i, s.stolen * BILLION / s.elapsed);
        if ( !s.ticked )
            r->failure = "the timer was armed, its signal did not come";
    }
}

#define NOT_HERE "WASI has no signals; of cells it is measured where the paradigms differ: container, gVisor, Linux guests"

#define TIMER_ROW(hz, count)                                                                        \
    static const char *setup_##hz(struct row_run *r)                                                \
    {                                                                                               \
        (void)r;                                                                                    \
        return start(BILLION / hz);                                                                 \
    }                                                                                               \
    EXPLANATION(app_timer_##hz) =                                                                   \
        "An application that computes, with setitimer's signal " #hz " times a second: of each billion ticks those in " \
        "which others executed, or its handler.  The kernel's own tick, 250 times a second, is in it as well.  "   \
        "timer-load/guest-" #hz "hz-* is the same of a guest that has its timer from a hypervisor: there each tick is "  \
        "an interrupt that has to be injected and completed, here a signal that is delivered.";                    \
    ROW(app_timer_##hz, .setup = setup_##hz, .run = run, .teardown = stop) = {                      \
        .name = "app/timer-load-" #hz "hz", .work = "run with a " #hz " Hz timer, of a billion ticks", \
        .path = "setitimer, signal, handler",                                                       \
        .help = "what a signal " #hz " times a second takes of each billion ticks of an application", \
        .explanation = explanation_app_timer_##hz,                                                  \
        .elsewhere = NOT_HERE, .columns = "native container gvisor gvisorkvm linux", .flags = ROW_TIMER, .operations = 1, .samples = count, .warmup = 1,       \
    }

TIMER_ROW(100, 8);
TIMER_ROW(250, 20);
TIMER_ROW(1000, 50);
