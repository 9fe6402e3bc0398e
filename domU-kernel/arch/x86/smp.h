/*
 * Also for smp_entry.S: the control registers of 64-bit mode (SDM vol. 3, 2.5): PG, WP, ET,
 * PE, and PAE.
 */
#ifndef ARCH_X86_SMP_H
#define ARCH_X86_SMP_H

#define SMP_CR0   0x80010011
#define SMP_CR4   0x00000020

#endif
