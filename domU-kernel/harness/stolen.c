#include "stolen.h"
#include "../arch/cpu.h"
#include "../drivers/lapic.h"
#include "../xen/events.h"

u32 stolen_timer_port;

/*
 * Ticks of an undisturbed turn.  More than LONG_TURNS of them in one is no
 * jitter of the CPU: an interrupt costs more than that anywhere, also on the
 * instruction clock, where a turn is a dozen instructions.
 */
static u64 turn;
#define LONG_TURNS 3

#define CALIBRATION 50000u   /* ticks: many turns, few interrupts */

u64 stolen_timer_ticks(void)
{
    /* Port 0 is nobody's, its count stays 0. */
    return lapic_interrupts + event_arrivals[stolen_timer_port];
}

static inline u64 now(void)
{
    u32 low, high;

    __asm__ volatile ("rdtsc" : "=a"(low), "=d"(high) :: "memory");
    return (u64)high << 32 | low;
}

struct stolen stolen_until_tick(u64 seen, u64 limit)
{
    struct stolen s = { .turn = ~0ul };
    u64 begin = now(), last = begin;

    do {
        u64 t, delta;

        /* Asked before the clock: what is seen here has been timed below. */
        s.ticked = stolen_timer_ticks() != seen;
        t = now();
        delta = t - last;
        last = t;
        if ( delta < s.turn )
            s.turn = delta;
        if ( delta > turn * LONG_TURNS )
            s.stolen += delta - turn;
    } while ( !s.ticked && last - begin < limit );
    s.elapsed = last - begin;
    return s;
}

void stolen_calibrate(void)
{
    turn = stolen_until_tick(stolen_timer_ticks(), CALIBRATION).turn;
}
