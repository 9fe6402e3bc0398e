#include "hpet.h"
#include "ioapic.h"

#define HPET_PERIOD  0x004u   /* 2.3.4: femtoseconds a count, at most 10^8 */
#define HPET_CONFIG  0x010u   /* 2.3.5: bit 0 lets the counter run */
#define HPET_TIMER_0 0x100u   /* 2.3.8: configuration; routes it can take at 0x104 */
#define MAX_PERIOD   100000000u

/* 2.3.8.  Level triggering stays off: Xen ends a domain that asks for it. */
#define TIMER_ENABLE    0x004u
#define TIMER_PERIODIC  0x008u
#define TIMER_SET_VALUE 0x040u   /* the next write sets the accumulator */
#define TIMER_32BIT     0x100u
#define TIMER_ROUTE_SHIFT 9

bool hpet_present(void)
{
    u32 period = hpet_read(HPET_PERIOD);

    return period && period <= MAX_PERIOD && hpet_read(HPET_TIMER_0 + 4);
}

u32 hpet_counts(u64 ns)
{
    return (u32)(ns * 1000000 / hpet_read(HPET_PERIOD));
}

static u32 pin(void)
{
    return (u32)__builtin_ctz(hpet_read(HPET_TIMER_0 + 4));
}

static void start(u8 vector, u32 mode)
{
    ioapic_route(pin(), vector);
    hpet_write(HPET_CONFIG, 1);
    hpet_write(HPET_TIMER_0, pin() << TIMER_ROUTE_SHIFT | TIMER_32BIT | mode);
}

void hpet_oneshot(u8 vector)
{
    /* Enabled with the comparator far away: the counter's whole range. */
    start(vector, 0);
    hpet_write(HPET_COMPARATOR_0, hpet_read(HPET_COUNTER) - 1);
    start(vector, TIMER_ENABLE);
}

void hpet_periodic(u8 vector, u32 period)
{
    start(vector, TIMER_ENABLE | TIMER_PERIODIC | TIMER_SET_VALUE);
    /* First the accumulator, then the period (2.3.9.2.2). */
    hpet_arm(period);
    hpet_write(HPET_COMPARATOR_0, period);
}

void hpet_stop(void)
{
    hpet_write(HPET_TIMER_0, TIMER_32BIT);
    hpet_write(HPET_CONFIG, 0);
    ioapic_mask(pin());
}
