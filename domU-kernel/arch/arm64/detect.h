/* How this image was started: boot_mode (arch/mode.h), by the device tree. */
#ifndef ARCH_ARM64_DETECT_H
#define ARCH_ARM64_DETECT_H

void mode_detect(const void *tree);

#endif
