/* The ACPI power management timer (ACPI 6.4, 4.8.3.3): 3.579545 MHz. */
#ifndef DRIVERS_PMTIMER_H
#define DRIVERS_PMTIMER_H

#include "../../arch/types.h"

/* Its port, found and seen to count; 0 when there is none. */
u16 pmtimer_find(void);

#endif
