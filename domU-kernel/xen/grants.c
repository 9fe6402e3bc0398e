#include "grants.h"
#include "hypercall.h"
#include "../arch/memory.h"
#include "../arch/mode.h"
#include "../arch/traps.h"
#include "../lib/string.h"

#include <xen/memory.h>

#define ENTRIES  (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define RESERVED GNTTAB_NR_RESERVED_ENTRIES

static u8 page[PAGE_SIZE] PAGE_BSS;
struct grant_entry_v1 *const grant_table = (struct grant_entry_v1 *)page;
static bool used[ENTRIES];

void grants_init(void)
{
    memset(used, 0, sizeof(used));
    if ( boot_mode == MODE_PV )
    {
        xen_pfn_t frame = 0;
        struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };

        set_xen_guest_handle(setup.frame_list, &frame);
        if ( hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1) || setup.status )
            panic("cannot set up the grant table: status %d", setup.status);
        if ( hypercall_update_va_mapping(page, (frame << PAGE_SHIFT) | 7 /* P RW US */,
                                         UVMF_INVLPG) )
            panic("cannot map the grant table");
    }
    else
    {
        struct xen_add_to_physmap map = {
            .domid = DOMID_SELF, .space = XENMAPSPACE_grant_table,
            .idx = 0, .gpfn = page_frame(page),
        };
        long error = hypercall_memory_op(XENMEM_add_to_physmap, &map);

        if ( error )
            panic("cannot map the grant table: error %ld", error);
    }
}

void grants_suspend(void)
{
    if ( hypercall_update_va_mapping(page, (page_frame(page) << PAGE_SHIFT) | 7, UVMF_INVLPG) )
        panic("cannot unmap the grant table");
}

grant_ref grant_take(void)
{
    /* libxl uses the first entries for console and XenStore. */
    for ( u32 i = RESERVED; i < ENTRIES; i++ )
        if ( !used[i] )
        {
            used[i] = true;
            return i;
        }
    panic("no grant entry left");
}

void grant_release(grant_ref ref)
{
    if ( ref >= ENTRIES || !used[ref] || grant_table[ref].flags )
        panic("grant_release of entry %u", ref);
    used[ref] = false;
}

grant_ref grant_page(u32 domain, const void *granted, bool readonly)
{
    grant_ref ref = grant_take();

    grant_allow(ref, domain, page_frame(granted), readonly);
    return ref;
}
