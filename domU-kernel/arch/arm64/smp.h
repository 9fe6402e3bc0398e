#ifndef ARCH_ARM64_SMP_H
#define ARCH_ARM64_SMP_H

/* The second vCPU, by the device tree; at boot. */
void smp_init(const void *tree);

#endif
