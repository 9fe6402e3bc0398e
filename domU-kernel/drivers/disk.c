#include "disk.h"
#include "../arch/memory.h"

u8 *disk_buffer(void)
{
    static u8 *buffer;

    if ( !buffer )
        buffer = pages_alloc(DISK_PAGES);
    return buffer;
}
