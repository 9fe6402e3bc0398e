/*
 * Interrupts that are no events of Xen's: of the CPU's timers, of another CPU, of devices.
 * On x86 the local APIC brings them (drivers/x86/lapic.c).  An architecture whose rows and
 * drivers use none leaves the counts at 0.
 */
#ifndef ARCH_INTERRUPTS_H
#define ARCH_INTERRUPTS_H

#include "types.h"

/* Those that rows ask for, of timers and of CPUs, taken so far on vCPU 0. */
extern volatile u64 cpu_interrupts;

/* Those of devices, taken so far. */
extern u64 device_interrupts;

/*
 * A device's interrupts arrive from now on.  `let_go` is called in each, before the
 * interrupt is over: it makes the device let go of its line.  NULL: it has none.
 */
void interrupts_listen(void (*let_go)(void));

/*
 * As they were found before anybody asked for some.  Due after each row: Xen looks for
 * interrupts at every entry of a vCPU that can take some, which rows that follow would pay.
 */
void interrupts_restore(void);

#endif
