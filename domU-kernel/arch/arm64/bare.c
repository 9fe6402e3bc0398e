#include "../bare.h"
#include "../cpu.h"

#include <xenometer/protocol.h>

/* protocol.h, "Bare mode": registers of the monitor's. */
static void tell(u32 which, u64 value)
{
    __asm__ volatile ("str %0, [%1]" :: "r"(value), "r"((u64)BARE_MEMORY + which) : "memory");
}

void bare_log(char c)
{
    tell(BARE_LOG, (u8)c);
}

void bare_send(const void *data, size_t size)
{
    tell(BARE_FROM, (u64)data);
    tell(BARE_SEND, size);
}

void bare_end(u32 reason)
{
    tell(BARE_EXIT, reason);
}
