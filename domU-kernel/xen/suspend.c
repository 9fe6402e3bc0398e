#include "suspend.h"
#include "events.h"
#include "grants.h"
#include "hypercall.h"
#include "shared_info.h"
#include "xenstore.h"
#include "../arch/cpu.h"
#include "../arch/memory.h"
#include "../arch/mode.h"
#include "../arch/traps.h"
#include "../lib/string.h"

#define SHUTDOWN "control/shutdown"

/* Until the toolstack writes "suspend"; the empty value tells it that we heard. */
static void wait_for_toolstack(void)
{
    char value[16];
    const char *error = xenstore_watch(SHUTDOWN, "shutdown");

    for ( ;; )
    {
        if ( !error && !xenstore_read(SHUTDOWN, value, sizeof(value)) &&
             !strcmp(value, "suspend") )
            error = xenstore_write(SHUTDOWN, "");
        else if ( !error )
        {
            xenstore_wait_watch();
            continue;
        }
        if ( error )
            panic(SHUTDOWN ": %s", error);
        return;
    }
}

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

void suspend(struct start_info *info)
{
    struct sched_shutdown op = { .reason = SHUTDOWN_suspend };
    long result;

    wait_for_toolstack();
    if ( boot_mode == MODE_PV )
    {
        events_disable();
        prepare_pv(info);
        result = hypercall_suspend(&op, page_frame(info));
    }
    else
    {
        interrupts_disable();
        result = hypercall_suspend(&op, 0);
    }
    if ( result )
        panic("the suspend came to nothing: %ld", result);
}
