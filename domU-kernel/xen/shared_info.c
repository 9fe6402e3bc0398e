#include "shared_info.h"
#include "hypercall.h"
#include "../arch/memory.h"
#include "../arch/mode.h"
#include "../arch/traps.h"

#include <xen/memory.h>

/* By name in arch/x86/traps_entry.S, too. */
u8 shared_info_page[PAGE_SIZE] PAGE_BSS;
struct shared_info *const shared_info = (struct shared_info *)shared_info_page;

void shared_info_init(u64 machine_address)
{
    long error;

    if ( mode_is(MODE_PV) )
        error = hypercall_update_va_mapping(shared_info_page, machine_address | 7 /* P RW US */,
                                            UVMF_INVLPG);
    else
    {
        /* Takes the place of the RAM page at this guest-physical frame. */
        struct xen_add_to_physmap map = {
            .domid = DOMID_SELF, .space = XENMAPSPACE_shared_info,
            .idx = 0, .gpfn = page_frame(shared_info_page),
        };

        error = hypercall_memory_op(XENMEM_add_to_physmap, &map);
    }
    if ( error )
        panic("cannot map the shared info page: error %ld", error);
}

void shared_info_suspend(void)
{
    if ( hypercall_update_va_mapping(shared_info_page,
                                     (page_frame(shared_info_page) << PAGE_SHIFT) | 7,
                                     UVMF_INVLPG) )
        panic("cannot unmap the shared info page");
}
