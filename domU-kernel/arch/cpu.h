/*
 * What the CPU does that C cannot say, by architecture: machine/cpu.h is that of the one the
 * image is built for (Makefile, ARCH).  Every architecture has
 *
 *     tsc_begin(), tsc_end()   the two ends of a timed region, ticks
 *     tsc_now()                the same clock without order: harness/stolen.c
 *     mmio_read32(), mmio_write32()
 *     interrupts_disable(), interrupts_enable(), interrupts_enable_and_halt()
 *     cpu_relax()
 *
 * and what else is in there only sources in folders of that architecture use.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <machine/cpu.h>

#endif
