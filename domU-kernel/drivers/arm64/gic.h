/*
 * The interrupt controller (Arm IHI 0069, GICv3 and v4), as Xen shows it to a domain:
 * distributor and redistributors by memory, which Xen emulates; the CPU interface by system
 * registers, which the hardware virtualizes.
 */
#ifndef DRIVERS_GIC_H
#define DRIVERS_GIC_H

#include "../../arch/types.h"

/* Interrupt numbers. */
#define GIC_SGI_ROW   1u      /* software-generated, between vCPUs: rows' */
/* IHI 0069, 12.2.21: ICC_SGI1R_EL1, interrupt in bits 27:24, targets by affinity 0 in 15:0. */
#define GIC_SGI_TO(vcpu) ((u64)GIC_SGI_ROW << 24 | 1ul << (vcpu))
#define GIC_SPECIAL   1020u   /* from here on: none is pending */

/* By the device tree; then the event upcall and the virtual timer can come to vCPU 0. */
void gic_init(const void *tree);

/* The second vCPU's part; called on it. */
void gic_init_secondary(void);

/* Called by arch/arm64/traps_entry.S with interrupts off; the second vCPU has its own. */
void gic_interrupt(void);
void gic_interrupt_secondary(void);

/* Its registers by memory: of the distributor, and of the vCPU's redistributor. */
extern u64 gic_distributor;
u64 gic_redistributor(u32 vcpu);

#endif
