/*
 * Text for a person: the PV console ring (`xl console`), and in the hardware
 * modes port 0xe9 as well, which Xen passes to its own log (`xl dmesg`) and
 * QEMU to its debug console.  Works from the first line on.
 *
 * HYPERVISOR_console_io is not used: a release-built Xen ignores it silently.
 */
#ifndef XEN_CONSOLE_H
#define XEN_CONSOLE_H

#include "../arch/types.h"

#include <stdarg.h>

/* `ring` may be NULL: no ring, port only. */
void console_init(void *ring, u32 port);

void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_arguments(const char *format, va_list);

/* Wait (bounded) until dom0 has taken everything. */
void console_flush(void);

/* There is a ring to write to. */
bool console_has_ring(void);

/*
 * The ring alone, as a console driver does it: put as many of `count` bytes as
 * there is room for, publish them together, notify once.  How many those were.
 */
u32 console_ring_write(const char *bytes, u32 count);

/*
 * Sleep in SCHEDOP_poll until the daemon has taken everything, at most `patience`
 * ns.  False: it has not.  Leaves the ring's port masked, as it is.
 */
bool console_ring_taken(u64 patience);

#endif
