#include "disk.h"
#include "../arch/cpu.h"
#include "../arch/interrupts.h"
#include "../arch/memory.h"
#include "../xen/events.h"

u8 *disk_buffer(void)
{
    static u8 *buffer;

    if ( !buffer )
        buffer = pages_alloc(DISK_PAGES);
    return buffer;
}

void disk_listen_messages(struct disk *d)
{
    (void)d;
    interrupts_listen(NULL);
}

bool disk_halt_until(struct disk *d, bool (*done)(struct disk *))
{
    bool is;

    interrupts_disable();
    while ( !(is = done(d)) )
    {
        if ( event_give_up && event_give_up() )
        {
            d->trouble = "the disk did not answer, and dom0 gave the row up";
            break;
        }
        /* Off, look, then allow and sleep in one step: otherwise the one we
         * wait for can arrive just before the sleep. */
        interrupts_enable_and_halt();
        interrupts_disable();
    }
    interrupts_enable();
    return is;
}
