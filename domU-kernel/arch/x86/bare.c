#include "../bare.h"
#include "../cpu.h"

#include <xenometer/protocol.h>

#define PORT_DEBUG 0xe9u

void bare_log(char c)
{
    port_out8(PORT_DEBUG, (u8)c);
}

/* protocol.h, "Bare mode". */
void bare_send(const void *data, size_t size)
{
    const u8 *from = data;

    __asm__ volatile ("rep outsb" : "+S"(from), "+c"(size)
                      : "d"((u16)BARE_RESULT_PORT) : "memory");
}

void bare_end(u32 reason)
{
    port_out32(BARE_EXIT_PORT, reason);   /* isa-debug-exit: status 2n + 1 */
}
