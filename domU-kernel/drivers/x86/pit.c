#include "pit.h"
#include "../clock.h"

/* Control word: channel in bits 7:6, both bytes (0x30), mode in bits 3:1. */
#define CONTROL(channel, mode) ((u8)((channel) << 6 | 0x30 | (mode) << 1))

#define PIT_CHANNEL_2 0x42u
#define PORT_B        0x61u
#define PORT_B_GATE   0x01u   /* channel 2 counts */
#define PORT_B_SPEAKER 0x02u
#define PORT_B_OUT    0x20u   /* channel 2's output */

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

    port_out8(PIT_CONTROL, CONTROL(2, 0));   /* output goes high at zero */
    port_out8(PIT_CHANNEL_2, (u8)counts);
    port_out8(PIT_CHANNEL_2, (u8)(counts >> 8));
    begin = tsc_begin();
    while ( !(port_in8(PORT_B) & PORT_B_OUT) )
        cpu_relax();
    return tsc_begin() - begin;
}

/* By channel 2; takes 30 ms. */
u64 clock_bare_ticks_per_ms(void)
{
    u8 before = port_in8(PORT_B);
    u64 least = ~0ul;

    port_out8(PORT_B, (u8)((before & ~PORT_B_SPEAKER) | PORT_B_GATE));
    for ( u32 i = 0; i < 3; i++ )
    {
        u64 ticks = tsc_in_10_ms();

        if ( ticks < least )
            least = ticks;
    }
    port_out8(PORT_B, before);
    return least / 10;
}
