/*
 * What the lab tells the programs in its dom0: which clock their figures are in.
 */
#ifndef LIB_LAB_CLOCK_H
#define LIB_LAB_CLOCK_H

#include <stdbool.h>

/* Name of the environment variable that has it: exact, fast or kvm.  Not set on a Xen host
 * that is no lab. */
#define LAB_VARIABLE "XENOMETER_LAB"

/* The same for the emulator, set where it is not QEMU: bochs.  Init and the agent know by it how
 * to reach the host. */
#define EMULATOR_VARIABLE "XENOMETER_EMULATOR"

/* Is this machine's CPU QEMU's TCG, as far as the lab has told us? */
bool lab_clock_is_tcg(void);

/* Does it count instructions there, of which its second has a thousand million? */
bool lab_clock_is_exact(void);

#endif
