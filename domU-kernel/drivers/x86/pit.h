/*
 * The i8254 interval timer (Intel 8254 data sheet; IBM PC/AT: channel 0 drives
 * IRQ 0, channel 2's gate and output are bits of port 0x61).  Emulated inside
 * Xen in HVM, by QEMU in bare mode.
 */
#ifndef DRIVERS_PIT_H
#define DRIVERS_PIT_H

#include "../../arch/cpu.h"
#include "../../arch/types.h"

#define PIT_HZ 1193182u
#define PIT_CHANNEL_0 0x40u
#define PIT_CONTROL   0x43u

/* ISA IRQ 0 reaches the I/O APIC at this pin, in every PC's MADT. */
#define PIT_IOAPIC_PIN 2u

/* Software triggered strobe (mode 4): one interrupt for each pit_arm(). */
void pit_oneshot(void);

/* `counts` of 1/PIT_HZ s from now, 1 to 65,535.  Two writes: low byte, high. */
static inline void pit_arm(u32 counts)
{
    port_out8(PIT_CHANNEL_0, (u8)counts);
    port_out8(PIT_CHANNEL_0, (u8)(counts >> 8));
}

/* Rate generator (mode 2): an interrupt each `counts`. */
void pit_periodic(u32 counts);

/* No more interrupts; at most one is still on its way. */
void pit_stop(void);


#endif
