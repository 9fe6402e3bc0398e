/*
 * Which of the four ways this image was started, decided once at entry.
 * Code that differs by mode asks here; nothing is chosen at compile time.
 */
#ifndef ARCH_MODE_H
#define ARCH_MODE_H

#include <xenometer/row.h>
#include "types.h"

extern enum mode boot_mode;

static inline bool mode_is(u32 modes) { return (boot_mode & modes) != 0; }

/* "pv", "pvh", "hvm", "bare" */
const char *mode_name(void);

/* CPUID leaf 0x40000x00 of Xen (xen/arch-x86/cpuid.h); 0: no Xen below us. */
extern u32 xen_cpuid_base;

/* The CPU is QEMU's TCG: bare it says so itself, under Xen the backend does. */
extern bool cpu_is_tcg;

/* Decide between PVH, HVM and bare; PV is known from its entry. */
void mode_detect_hardware(void);

#endif
