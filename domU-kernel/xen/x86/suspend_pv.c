/* PV's part of a suspend (suspend.h). */
#include "../suspend.h"
#include "../events.h"
#include "../grants.h"
#include "../shared_info.h"
#include "start_info.h"
#include "../../arch/memory.h"

void suspend_offer(void)
{
    shared_info->arch.max_pfn = start_info->nr_pages;
    shared_info->arch.pfn_to_mfn_frame_list_list = memory_describe_list(start_info->nr_pages);
}

/*
 * Xen's tools save a PV domain's page tables by translating machine frames into
 * frames of the domain: whatever is mapped must be the domain's own, and the pages
 * named in start info must be named in its own terms.
 */
static void prepare(struct start_info *info)
{
    info->store_mfn = (u64)page_of_machine_frame(info->store_mfn) >> PAGE_SHIFT;
    info->console.domU.mfn = (u64)page_of_machine_frame(info->console.domU.mfn) >> PAGE_SHIFT;
    grants_suspend();
    shared_info_suspend();
}

long suspend_pv(struct sched_shutdown *op)
{
    u64 store = start_info->store_mfn, console = start_info->console.domU.mfn;
    long result;

    events_disable();
    prepare(start_info);
    result = hypercall_suspend(op, page_frame(start_info));
    if ( result == 1 )
    {
        start_info->store_mfn = store;
        start_info->console.domU.mfn = console;
    }
    return result;
}
