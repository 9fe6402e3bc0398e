/*
 * What an emulator offers an image by itself, by ports: in bare mode the way out for
 * results and the end; and a log, which Xen has, too.
 */
#ifndef MACHINE_BARE_H
#define MACHINE_BARE_H

#include <xenometer/protocol.h>

#include "cpu.h"

#define PORT_DEBUG 0xe9u

/* One character of the log; not in PV. */
static inline void bare_log(char c)
{
    port_out8(PORT_DEBUG, (u8)c);
}

/* protocol.h, "Bare mode". */
static inline void bare_send(const void *data, size_t size)
{
    const u8 *from = data;

    __asm__ volatile ("rep outsb" : "+S"(from), "+c"(size)
                      : "d"((u16)BARE_RESULT_PORT) : "memory");
}

static inline void bare_end(u32 reason)
{
    port_out32(BARE_EXIT_PORT, reason);   /* isa-debug-exit: status 2n + 1 */
}

#endif
