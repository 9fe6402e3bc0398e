#include "pit.h"
#include "../clock.h"

/* Control word: channel in bits 7:6, both bytes (0x30), mode in bits 3:1. */
#define CONTROL(channel, mode) ((u8)((channel) << 6 | 0x30 | (mode) << 1))

#define PIT_CHANNEL_1 0x41u
/* Read-back command: the status of channel 1, whose top bit is its output. */
#define STATUS_1      0xe4u
#define STATUS_OUT    0x80u

void pit_oneshot(void)
{
    port_out8(PIT_CONTROL, CONTROL(0, 4));
}

void pit_periodic(u32 counts)
{
    port_out8(PIT_CONTROL, CONTROL(0, 2));
    pit_arm(counts);
}

/* Mode 0 raises its output once and leaves it there: no edge, no interrupt. */
void pit_stop(void)
{
    port_out8(PIT_CONTROL, CONTROL(0, 0));
    pit_arm(1);
}

/* TSC ticks in 10 ms, and in whatever keeps us from looking in time. */
static u64 tsc_in_10_ms(void)
{
    u32 counts = PIT_HZ / 100;
    u64 begin;

    port_out8(PIT_CONTROL, CONTROL(1, 0));   /* output goes high at zero */
    port_out8(PIT_CHANNEL_1, (u8)counts);
    port_out8(PIT_CHANNEL_1, (u8)(counts >> 8));
    begin = tsc_begin();
    do {
        cpu_relax();
        port_out8(PIT_CONTROL, STATUS_1);
    } while ( !(port_in8(PIT_CHANNEL_1) & STATUS_OUT) );
    return tsc_begin() - begin;
}

/* By channel 1, which counts always: the gate of channel 2 is at a port that QEMU's microvm has not.
 * Takes 30 ms. */
u64 clock_bare_ticks_per_ms(void)
{
    u64 least = ~0ul;

    for ( u32 i = 0; i < 3; i++ )
    {
        u64 ticks = tsc_in_10_ms();

        if ( ticks < least )
            least = ticks;
    }
    return least / 10;
}
