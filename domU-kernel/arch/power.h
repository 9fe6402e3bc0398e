/*
 * The buttons at a machine's front, which `xl trigger` presses in HVM.  Xen presses none of a
 * PV or PVH domain.
 */
#ifndef ARCH_POWER_H
#define ARCH_POWER_H

#include "types.h"

enum button { BUTTON_NONE, BUTTON_POWER, BUTTON_SLEEP };

/* The one that was pressed since the last call. */
enum button button_pressed(void);

/* Nanoseconds between two looks of who waits for ever; 0: there are no buttons. */
u64 button_period(void);

#endif
