/*
 * The HPET's timer 0 (IA-PC HPET specification 1.0a), by an I/O APIC pin of its
 * own choice.  Emulated inside Xen in HVM, by QEMU in bare mode.
 */
#ifndef DRIVERS_HPET_H
#define DRIVERS_HPET_H

#include "../../arch/cpu.h"
#include "../../arch/types.h"

#define HPET_ADDRESS      0xfed00000ul
#define HPET_COUNTER      0x0f0u   /* 2.3.7: main counter, low half */
#define HPET_COMPARATOR_0 0x108u   /* 2.3.9 */

static inline u32 hpet_read(u32 offset)
{
    return mmio_read32(HPET_ADDRESS + offset);
}

static inline void hpet_write(u32 offset, u32 value)
{
    mmio_write32(HPET_ADDRESS + offset, value);
}

/* There is one, its timer 0 stopped or not. */
bool hpet_present(void);

/* Counts of the main counter in `ns` (below 4 s). */
u32 hpet_counts(u64 ns);

/* Start the counter and route timer 0 as `vector`; one interrupt for each
 * hpet_arm(), or one each `period` counts. */
void hpet_oneshot(u8 vector);
void hpet_periodic(u8 vector, u32 period);

/* `counts` from now; reads the counter, writes the comparator. */
static inline void hpet_arm(u32 counts)
{
    hpet_write(HPET_COMPARATOR_0, hpet_read(HPET_COUNTER) + counts);
}

/* Timer 0 and the main counter stop, its pin is masked. */
void hpet_stop(void);

#endif
