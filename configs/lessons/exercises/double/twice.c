/*
 * The double fetch, live: the domain's second vCPU is a frontend that changes a number in a shared page all the time,
 * the first one a backend that checks it and then uses it.  Once with two reads, once with a copy of its own.
 *
 * QEMU's exact clock runs one CPU at a time and changes over at PAUSE: so one stands between check and use, where on
 * two real CPUs nothing need stand.
 */
#include "exercise.h"

#include <arch/smp.h>

#define SEGMENTS_MAX 11u
#define TURNS 64u       /* in one sample */

/* A request in a page that both write. */
static volatile struct {
    u32 segments;
} shared;

static volatile u32 running, stop;

static void attack(void *unused)
{
    (void)unused;
    running = 1;
    while ( !stop )
    {
        shared.segments = SEGMENTS_MAX;
        cpu_relax();
        shared.segments = 200;
        cpu_relax();
    }
}

/* How many segments the backend would have written into its list of SEGMENTS_MAX; 0: refused. */
static u32 serve_reading_twice(void)
{
    if ( shared.segments > SEGMENTS_MAX )
        return 0;
    cpu_relax();
    return shared.segments;
}

static u32 serve_copying(void)
{
    u32 segments = shared.segments;

    if ( segments > SEGMENTS_MAX )
        return 0;
    cpu_relax();
    return segments;
}

static const char *setup(struct row_run *r)
{
    (void)r;
    return smp_start();
}

static void run(struct row_run *r, u32 (*serve)(void))
{
    running = stop = 0;
    smp_run(attack, NULL);
    while ( !running )
        smp_let_run();
    FOR_EACH_SAMPLE(r, i)
    {
        u32 most = 0;

        sample_keep(r, i, TIMED(
            for ( u32 k = 0; k < TURNS; k++ )
            {
                u32 used = serve();

                most = used > most ? used : most;
                cpu_relax();   /* until the next request comes */
            }));
        if ( most > SEGMENTS_MAX )
            r->failure = "11 segments at most were checked, 200 were used: the backend is overrun";
    }
    stop = 1;
    smp_wait();
}

static void run_twice(struct row_run *r)
{
    run(r, serve_reading_twice);
}

static void run_once(struct row_run *r)
{
    run(r, serve_copying);
}

EXPLANATION(race_twice) =
    "A backend that reads a number of the frontend's once to check it and once to use it.";
ROW(race_twice, .setup = setup, .run = run_twice) = {
    .name = "race/reads-twice", .work = "serve a request that changes meanwhile", .path = "checks, and reads again",
    .help = "a backend that reads a number twice, under attack", .explanation = explanation_race_twice,
    .elsewhere = "bare mode is not tried", .columns = "xen", .needs = DOMAIN_SMP,
    .operations = TURNS, .samples = 20, .warmup = 1,
};

EXPLANATION(race_once) =
    "The same backend with a copy of its own, which it checks and uses.";
ROW(race_once, .setup = setup, .run = run_once) = {
    .name = "race/copies", .work = "serve a request that changes meanwhile", .path = "copies once, checks the copy",
    .help = "a backend that copies the number first, under attack", .explanation = explanation_race_once,
    .elsewhere = "bare mode is not tried", .columns = "xen", .needs = DOMAIN_SMP,
    .operations = TURNS, .samples = 20, .warmup = 1,
};
