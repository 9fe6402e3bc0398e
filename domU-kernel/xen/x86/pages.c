#include "../pages.h"
#include "start_info.h"
#include "../../arch/memory.h"
#include "../../arch/mode.h"

struct start_info *start_info;

struct xen_pages xen_pages_find(void)
{
    if ( boot_mode != MODE_PV )
        return xen_pages_by_params();
    return (struct xen_pages){
        .console = page_of_machine_frame(start_info->console.domU.mfn),
        .console_port = start_info->console.domU.evtchn,
        .xenstore = page_of_machine_frame(start_info->store_mfn),
        .xenstore_port = start_info->store_evtchn,
        .shared_info = start_info->shared_info,
    };
}
