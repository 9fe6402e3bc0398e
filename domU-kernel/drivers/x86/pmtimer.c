#include "pmtimer.h"
#include "pci.h"
#include "../../arch/cpu.h"
#include "../../arch/mode.h"
#include "../../xen/hvm_param.h"

#include <xen/hvm/ioreq.h>

/* PIIX4 (82371AB) power management function 00:01.3: I/O base at 0x40. */
#define PIIX4_PMBASE 0x40u
#define PM_TIMER     8u

static bool counts(u16 port)
{
    u32 start = port_in32(port);

    /* Long enough for one tick (280 ns) in any clock we run under. */
    for ( u32 i = 0; i < 2000; i++ )
        if ( port_in32(port) != start )
            return true;
    return false;
}

/*
 * Xen emulates ACPI's ports at one of two places; firmware chooses the second, and we are our
 * own firmware (xen/hvm/ioreq.h, ACPI_*_ADDRESS_V1).
 */
static bool choose_ports(void)
{
    static bool chosen;

    if ( !chosen )
        chosen = !hvm_param_set(HVM_PARAM_ACPI_IOPORTS_LOCATION, 1);
    return chosen;
}

u16 pmevents_find(void)
{
    return choose_ports() ? ACPI_PM1A_EVT_BLK_ADDRESS_V1 : 0;
}

u16 pmtimer_find(void)
{
    u16 port;

    if ( boot_mode != MODE_HVM )
        port = (u16)((pci_read32(0, 1, 3, PIIX4_PMBASE) & 0xffc0) + PM_TIMER);
    else if ( choose_ports() )
        port = ACPI_PM_TMR_BLK_ADDRESS_V1;
    else
        return 0;
    return counts(port) ? port : 0;
}
