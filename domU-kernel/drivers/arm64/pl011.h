/*
 * The emulated UART of a domain whose config has vuart="sbsa_uart": the subset of a PL011 that Arm's Server Base System
 * Architecture (DEN 0029, appendix B) demands.
 */
#ifndef DRIVERS_ARM64_PL011_H
#define DRIVERS_ARM64_PL011_H

#include "../../arch/types.h"

/* DDI 0183, 3.2: offsets of registers; bits of the flag register. */
#define PL011_DR      0x00u
#define PL011_FR      0x18u
#define PL011_FR_TXFF (1u << 5)   /* the transmit FIFO is full */

extern u64 pl011;   /* its address; 0: the domain has none */
void pl011_find(const void *tree);

#endif
