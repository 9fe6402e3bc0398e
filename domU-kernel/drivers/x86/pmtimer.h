/* The ACPI power management timer (ACPI 6.4, 4.8.3.3): 3.579545 MHz; and where the other
 * registers of ACPI's fixed hardware are. */
#ifndef DRIVERS_PMTIMER_H
#define DRIVERS_PMTIMER_H

#include "../../arch/types.h"

/* Its port, found and seen to count; 0 when there is none. */
u16 pmtimer_find(void);

/* HVM: the port of the PM1a event registers (4.8.3.1), status first; 0: Xen has none. */
u16 pmevents_find(void);

#endif
