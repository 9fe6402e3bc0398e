/*
 * What the machine says it is.
 */
#ifndef ARCH_X86_DETECT_H
#define ARCH_X86_DETECT_H

#include "../types.h"

/* CPUID leaf 0x40000x00 of Xen (xen/arch-x86/cpuid.h); 0: no Xen below us. */
extern u32 xen_cpuid_base;

/* Decide between PVH, HVM and bare; PV is known from its entry. */
void mode_detect_hardware(void);

#endif
