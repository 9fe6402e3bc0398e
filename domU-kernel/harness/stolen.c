#include "stolen.h"
#include "../arch/cpu.h"
#include "../arch/interrupts.h"
#include "../xen/events.h"

u32 stolen_timer_port;

/*
 * Ticks of an undisturbed turn.  What is more than two of them is no jitter of
 * the CPU: an interrupt takes longer than that anywhere, also on the instruction
 * clock, where a turn is some 20 instructions and the shortest handler 28.
 */
static u64 turn;
#define IS_STOLEN(delta) ((delta) > 2 * turn)

/* The turn is the mean of the quietest of so many windows, of so many ticks. */
#define WINDOWS 8u
#define WINDOW  5000u

u64 stolen_timer_ticks(void)
{
    /* Port 0 is nobody's, its count stays 0. */
    return cpu_interrupts + event_arrivals[stolen_timer_port];
}

struct stolen stolen_until_tick(u64 seen, u64 limit)
{
    struct stolen s = { 0 };
    /* The two readings by which a trace finds it. */
    u64 begin = tsc_begin(), last = begin;

    do {
        u64 t, delta;

        /* Asked before the clock: what is seen here has been timed below. */
        s.ticked = stolen_timer_ticks() != seen;
        t = tsc_now();
        delta = t - last;
        last = t;
        s.turns++;
        if ( IS_STOLEN(delta) )
            s.stolen += delta - turn;
    } while ( !s.ticked && last - begin < limit );
    s.elapsed = tsc_end() - begin;
    return s;
}

COLD void stolen_calibrate(void)
{
    turn = ~0ul / 2;
    for ( u32 i = 0; i < WINDOWS; i++ )
    {
        struct stolen s = stolen_until_tick(stolen_timer_ticks(), WINDOW);
        u64 mean = (s.elapsed + s.turns / 2) / s.turns;

        if ( mean < turn )
            turn = mean;
    }
}
