#include "pages.h"
#include "hvm_param.h"

static void *page_at(u64 frame)
{
    return frame ? (void *)(frame << PAGE_SHIFT) : NULL;
}

struct xen_pages xen_pages_by_params(void)
{
    return (struct xen_pages){
        .console = page_at(hvm_param_get(HVM_PARAM_CONSOLE_PFN)),
        .console_port = (u32)hvm_param_get(HVM_PARAM_CONSOLE_EVTCHN),
        .xenstore = page_at(hvm_param_get(HVM_PARAM_STORE_PFN)),
        .xenstore_port = (u32)hvm_param_get(HVM_PARAM_STORE_EVTCHN),
    };
}
