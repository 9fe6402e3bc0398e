/*
 * The I/O APIC (Intel 82093AA data sheet): which interrupt line becomes which
 * vector.  Emulated inside Xen in HVM, by QEMU in bare mode.
 */
#ifndef DRIVERS_IOAPIC_H
#define DRIVERS_IOAPIC_H

#include "../../arch/types.h"

/* Deliver `pin` as edge-triggered `vector` to this CPU's LAPIC. */
void ioapic_route(u32 pin, u8 vector);
/* Level-triggered, for a PCI interrupt line. */
void ioapic_route_level(u32 pin, u8 vector);
void ioapic_mask(u32 pin);

/*
 * The pin that line INTA of a device on bus 0 comes to: under Xen its own wiring, which needs no firmware to
 * set it up (xen/include/asm-x86/hvm/irq.h, hvm_pci_intx_gsi); else where the firmware of QEMU's pc has led it.
 */
u32 ioapic_pin_of(u32 slot);

#endif
