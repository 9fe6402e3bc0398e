/* Of disk.h what only disks with interrupts of devices need. */
#include "../disk.h"
#include "../../arch/cpu.h"
#include "../../arch/interrupts.h"
#include "../../xen/events.h"

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
