#include "../grant_map.h"
#include "../hypercall.h"

#include <xen/grant_table.h>

/*
 * Xen puts the page into the domain's physical memory: to an address that is mapped
 * (entry/arm64/image.S) and at which nobody has put anything.  It is the place that the device
 * tree offers for the grant table (xen/arch-arm.h, GUEST_GNTTAB_BASE), which here lies over a
 * page of the image's own.
 */
#define PLACE 0x38000000ul

static grant_handle_t handle;
static bool mapped;

void *grant_map(u32 domain, u32 ref, const char **reason)
{
    struct gnttab_map_grant_ref map = {
        .host_addr = PLACE, .flags = GNTMAP_host_map, .ref = ref, .dom = (domid_t)domain,
    };

    if ( hypercall_grant_table_op(GNTTABOP_map_grant_ref, &map, 1) || map.status != GNTST_okay )
    {
        *reason = "Xen refused to map a page that dom0 grants";
        return NULL;
    }
    handle = map.handle;
    mapped = true;
    return (void *)PLACE;
}

void grant_unmap(void)
{
    struct gnttab_unmap_grant_ref unmap = { .host_addr = PLACE, .handle = handle };

    if ( !mapped )
        return;
    hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
    mapped = false;
}
