/*
 * The power and the sleep button: status bits of ACPI's fixed hardware (ACPI 6.4, 4.8.3.1.1),
 * emulated inside Xen in HVM.  Looked at from time to time: their interrupt would take a local
 * APIC that is on, for which rows would pay.
 */
#include "../../arch/power.h"
#include "../../arch/cpu.h"
#include "../../arch/mode.h"
#include "pmtimer.h"

#define PWRBTN_STS (1u << 8)
#define SLPBTN_STS (1u << 9)
#define NOBODY     0xffffu      /* what is read where there are no registers */
#define PERIOD     500000000ul   /* ns */

enum button button_pressed(void)
{
    u16 port = boot_mode == MODE_HVM ? pmevents_find() : 0;
    u16 status = port ? port_in16(port) : NOBODY, pressed = status & (PWRBTN_STS | SLPBTN_STS);

    if ( status == NOBODY || !pressed )
        return BUTTON_NONE;
    port_out16(port, pressed);   /* writing a one clears it */
    return pressed & PWRBTN_STS ? BUTTON_POWER : BUTTON_SLEEP;
}

u64 button_period(void)
{
    return boot_mode == MODE_HVM ? PERIOD : 0;
}
