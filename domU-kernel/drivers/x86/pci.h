/* PCI configuration space by mechanism 1 (PCI Local Bus 3.0, 3.2.2.3.2). */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include "../../arch/types.h"

/* Is there a host bridge at 00:00.0? */
bool pci_present(void);

u32 pci_read32(u32 bus, u32 slot, u32 function, u32 offset);

/*
 * ---- functions of bus 0: 0 by its slot alone, others by PCI_FUNCTION() ----
 */

#define PCI_FUNCTION(slot, function) ((slot) | (function) << 8)

u32 pci_function_read32(u32 slot, u32 offset);
void pci_write32(u32 slot, u32 offset, u32 value);

#define PCI_SLOTS 32u   /* also "none" */

/* The first slot with this vendor and device; PCI_SLOTS: there is none. */
u32 pci_find(u32 vendor, u32 device);

/* The first function of this class: base class, sub-class and programming interface, as
 * in the upper 24 bits of the register (PCI 3.0, 6.2.1); bits not in `mask` do not
 * matter.  PCI_SLOTS: there is none. */
u32 pci_find_class(u32 class, u32 mask);

/*
 * The capability after the one at `offset` (0: the first) with this ID (PCI 3.0,
 * 6.7 and appendix H): its offset, 0 when there is no more.
 */
#define PCI_CAPABILITY_MSI    0x05u
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

/*
 * Have its interrupts come to this CPU's LAPIC as `vector`: by MSI, or entry `entry` of
 * MSI-X.  False: it has no such interrupt.
 */
bool pci_msi(u32 slot, u8 vector);
bool pci_msix(u32 slot, u32 entry, u8 vector);

#endif
