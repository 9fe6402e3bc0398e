#include "../grant_map.h"
#include "../hypercall.h"
#include "../../arch/memory.h"
#include "../../arch/mode.h"
#include "../../arch/window.h"

#include <xen/grant_table.h>

/*
 * In PV Xen writes the page table entry of an address that has one: the window's.  Elsewhere
 * it puts the page into the domain's physical memory: to an address that is mapped
 * (entry/x86/pvh.S maps 4 GiB) and at which no builder has put anything.
 */
#define HARDWARE_PLACE 0xc0000000ul

static grant_handle_t handle;
static u64 place;      /* 0: nothing is mapped */
static void *covered;  /* PV: what the window showed before */

static u64 covered_frame(u32 i)
{
    (void)i;
    return page_frame(covered);
}

static void free_place(void)
{
    if ( boot_mode == MODE_PV )
    {
        window_unmap();
        pages_free(covered, 1);
    }
    place = 0;
}

void *grant_map(u32 domain, u32 ref, const char **reason)
{
    struct gnttab_map_grant_ref map = {
        .flags = GNTMAP_host_map, .ref = ref, .dom = (domid_t)domain,
    };

    place = HARDWARE_PLACE;
    if ( boot_mode == MODE_PV )
    {
        covered = pages_alloc(1);
        *reason = window_map(1, false, covered_frame);
        if ( *reason )
        {
            pages_free(covered, 1);
            place = 0;
            return NULL;
        }
        place = WINDOW;
    }
    map.host_addr = place;
    if ( hypercall_grant_table_op(GNTTABOP_map_grant_ref, &map, 1) || map.status != GNTST_okay )
    {
        free_place();
        *reason = "Xen refused to map a page that dom0 grants";
        return NULL;
    }
    handle = map.handle;
    return (void *)place;
}

void grant_unmap(void)
{
    struct gnttab_unmap_grant_ref unmap = { .host_addr = place, .handle = handle };

    if ( !place )
        return;
    hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
    free_place();
}
