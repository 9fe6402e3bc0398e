#include "suspend.h"
#include "events.h"
#include "grants.h"
#include "hypercall.h"
#include "shared_info.h"
#include "../arch/cpu.h"
#include "../arch/memory.h"
#include "../arch/mode.h"
#include "../arch/traps.h"

/*
 * Xen's tools save a PV domain's page tables by translating machine frames into
 * frames of the domain: whatever is mapped must be the domain's own, and the pages
 * named in start info must be named in its own terms.
 */
static void prepare_pv(struct start_info *info)
{
    info->store_mfn = (u64)page_of_machine_frame(info->store_mfn) >> PAGE_SHIFT;
    info->console.domU.mfn = (u64)page_of_machine_frame(info->console.domU.mfn) >> PAGE_SHIFT;
    grants_suspend();
    shared_info_suspend();
}

void suspend_offer(const struct start_info *info)
{
    if ( boot_mode != MODE_PV )
        return;
    shared_info->arch.max_pfn = info->nr_pages;
    shared_info->arch.pfn_to_mfn_frame_list_list = memory_describe_list(info->nr_pages);
}

bool suspend(struct start_info *info)
{
    struct sched_shutdown op = { .reason = SHUTDOWN_suspend };
    u64 store, console;
    long result;

    if ( boot_mode != MODE_PV )
    {
        interrupts_disable();
        result = hypercall_suspend(&op, 0);
    }
    else
    {
        events_disable();
        store = info->store_mfn;
        console = info->console.domU.mfn;
        prepare_pv(info);
        result = hypercall_suspend(&op, page_frame(info));
        if ( result == 1 )
        {
            info->store_mfn = store;
            info->console.domU.mfn = console;
        }
    }
    if ( result < 0 )
        panic("the suspend came to nothing: %ld", result);
    return result == 1;
}
