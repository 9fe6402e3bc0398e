/*
 * What an emulator offers an image by itself: in bare mode the way out for results and the end;
 * and a log, which Xen has for the hardware modes of x86, too.  Only for modes of which an
 * architecture has one.
 */
#ifndef ARCH_BARE_H
#define ARCH_BARE_H

#include "types.h"

/* One character of the log; not in PV. */
void bare_log(char c);

void bare_send(const void *data, size_t size);

/* `reason`: SHUTDOWN_* of xen/sched.h. */
void bare_end(u32 reason);

#endif
