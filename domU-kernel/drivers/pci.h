/* PCI configuration space by mechanism 1 (PCI Local Bus 3.0, 3.2.2.3.2). */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include "../arch/types.h"

/* Is there a host bridge at 00:00.0? */
bool pci_present(void);

u32 pci_read32(u32 bus, u32 slot, u32 function, u32 offset);

/* ---- functions 0 of bus 0, by their slot ---- */

void pci_write32(u32 slot, u32 offset, u32 value);

#define PCI_SLOTS 32u   /* also "none" */

/* The first slot with this vendor and device; PCI_SLOTS: there is none. */
u32 pci_find(u32 vendor, u32 device);

/*
 * The capability after the one at `offset` (0: the first) with this ID (PCI 3.0,
 * 6.7 and appendix H): its offset, 0 when there is no more.
 */
#define PCI_CAPABILITY_MSIX   0x11u
#define PCI_CAPABILITY_VENDOR 0x09u
u32 pci_capability(u32 slot, u32 id, u32 offset);

/*
 * The address base register `index` holds: a port, or a memory address.  One
 * that holds none is given one first (a domain without firmware has no one else
 * to do it), and the function may then answer and master the bus.  0: there is
 * no such register.
 */
u64 pci_bar(u32 slot, u32 index);

#endif
