/*
 * The I/O APIC (Intel 82093AA data sheet): which interrupt line becomes which
 * vector.  Emulated inside Xen in HVM, by QEMU in bare mode.
 */
#ifndef DRIVERS_IOAPIC_H
#define DRIVERS_IOAPIC_H

#include "../arch/types.h"

/* Deliver `pin` as edge-triggered `vector` to this CPU's LAPIC. */
void ioapic_route(u32 pin, u8 vector);
void ioapic_mask(u32 pin);

#endif
