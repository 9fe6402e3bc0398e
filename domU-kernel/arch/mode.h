/*
 * Which of the ways this image was started, decided once at entry.  Code that differs by mode
 * asks here; nothing is chosen at compile time but what MODES_HERE excludes: a branch for a mode
 * that no image of this architecture can be in is compiled, and left out.
 */
#ifndef ARCH_MODE_H
#define ARCH_MODE_H

#include <xenometer/row.h>
#include "types.h"

#include <machine/modes.h>   /* MODES_HERE: those there are on this architecture */

extern enum mode boot_mode;

/* Is it one of these? */
static inline bool mode_is(u32 modes)
{
    return MODES_HERE & modes && (!(MODES_HERE & ~modes) || boot_mode & modes);
}

/* "pv", "pvh", "hvm", "bare", "arm64" */
const char *mode_name(void);

/* The CPU is QEMU's TCG: bare it says so itself, under Xen the backend does. */
extern bool cpu_is_tcg;

#endif
