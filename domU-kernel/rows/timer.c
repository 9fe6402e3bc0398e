#include "timer.h"
#include "../arch/cpu.h"
#include "../drivers/clock.h"
#include "../harness/stolen.h"

/*
 * How often a tick that does not come is armed again.  A vCPU that loses its CPU between the HPET's
 * counter read and its comparator written has armed it for the past, which is a minute ahead.
 */
#define TRIES 4u

u64 timer_load_period;

void timer_settle(void)
{
    stolen_until_tick(stolen_timer_ticks(), clock_ticks(AHEAD));
    stolen_calibrate();
}

void timer_one_shot(struct row_run *r, u64 (*arm)(struct row_run *))
{
    u64 limit = clock_ticks(PATIENCE);

    FOR_EACH_SAMPLE(r, i)
    {
        u64 seen, arming;
        u32 tries = 0;
        struct stolen s;

        do {
            seen = stolen_timer_ticks();
            arming = arm(r);
            s = stolen_until_tick(seen, limit);
        } while ( !s.ticked && ++tries < TRIES );
        sample_keep(r, i, arming + s.stolen);
        if ( !s.ticked )
            r->failure = NEVER;
        else if ( !tries && stolen_timer_ticks() != seen + 1 )
            r->failure = "the timer was armed once and fired more often";
    }
}

/* One sample is one period, from tick to tick. */
void timer_run_load(struct row_run *r)
{
    u64 period = clock_ticks(timer_load_period), limit = clock_ticks(PATIENCE), total = 0, ticks;

    stolen_until_tick(stolen_timer_ticks(), limit);
    ticks = stolen_timer_ticks();
    FOR_EACH_SAMPLE(r, i)
    {
        struct stolen s = stolen_until_tick(stolen_timer_ticks(), limit);

        sample_keep(r, i, s.stolen * BILLION / s.elapsed);
        total += s.elapsed;
        if ( !s.ticked )
            r->failure = NEVER;
    }
    /* Each tick taken has had its period, roughly. */
    period *= stolen_timer_ticks() - ticks;
    if ( total < period - period / 4 || total > period + period / 4 )
        r->error = "the ticks did not come as often as they were armed for: a busy machine";
}

static const char *start_none(struct row_run *r)
{
    (void)r;
    timer_settle();
    return NULL;
}

#define IDLE_PERIOD 10000000u

static void run_tickless(struct row_run *r)
{
    u64 window = clock_ticks(IDLE_PERIOD);

    FOR_EACH_SAMPLE(r, i)
    {
        struct stolen s = stolen_until_tick(stolen_timer_ticks(), window);

        sample_keep(r, i, s.stolen * BILLION / s.elapsed);
    }
}

EXPLANATION(timer_load_tickless) =
    LOAD_TEXT
    "Here no timer of the guest runs: what is stolen is the work of Xen and of dom0 on this CPU, the floor of the other "
    "rows of the group.  One sample is 10 ms.";
ROW(timer_load_tickless, .setup = start_none, .run = run_tickless) = {
    .name = "timer-load/guest-tickless",
    .work = "run without a timer, of a billion ticks",
    .path = "no timer",
    .help = "what Xen and dom0 take of each billion ticks, the guest having no timer",
    .explanation = explanation_timer_load_tickless,
    .columns = "image", .flags = ROW_TIMER, .operations = 1, .samples = 8, .warmup = 1,
};
