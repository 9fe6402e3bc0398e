/* PCI configuration space by mechanism 1 (PCI Local Bus 3.0, 3.2.2.3.2). */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include "../arch/types.h"

/* Is there a host bridge at 00:00.0? */
bool pci_present(void);

u32 pci_read32(u32 bus, u32 slot, u32 function, u32 offset);

#endif
