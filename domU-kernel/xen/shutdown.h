/* How this image ends (xen/sched.h, SHUTDOWN_*; bare: QEMU's exit port). */
#ifndef XEN_SHUTDOWN_H
#define XEN_SHUTDOWN_H

void shutdown_poweroff(void) __attribute__((noreturn));
void shutdown_reboot(void) __attribute__((noreturn));
void shutdown_crash(void) __attribute__((noreturn));

#endif
