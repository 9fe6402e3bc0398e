#include "grants.h"
#include "hypercall.h"
#include "../arch/memory.h"
#include "../arch/mode.h"
#include "../arch/traps.h"
#include "../lib/string.h"

#include <xen/memory.h>

#define ENTRIES_V1 (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define ENTRIES_V2 (PAGE_SIZE / sizeof(union grant_entry_v2))
#define RESERVED   GNTTAB_NR_RESERVED_ENTRIES

#define ENTRY_READ  5ul   /* present, user: SDM vol. 3, 4.5.4 */
#define ENTRY_WRITE 7ul   /* and writable */

static u8 page[PAGE_SIZE] PAGE_BSS;
static u8 status_page[PAGE_SIZE] PAGE_BSS;
struct grant_entry_v1 *const grant_table = (struct grant_entry_v1 *)page;
union grant_entry_v2 *const grant_table_v2 = (union grant_entry_v2 *)page;
const grant_status_t *const grant_status = (const grant_status_t *)status_page;
u32 grant_version = 1;

static bool used[ENTRIES_V1];

/* PV: map a frame of Xen's in the place of `at`. */
static long map_frame(void *at, u64 frame, u64 rights)
{
    return hypercall_update_va_mapping(at, (frame << PAGE_SHIFT) | rights, UVMF_INVLPG);
}

/* PVH, HVM: the frame takes the place of the RAM page at `at`. */
static long add_frame(void *at, u64 index)
{
    struct xen_add_to_physmap map = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_grant_table,
        .idx = index, .gpfn = page_frame(at),
    };

    return hypercall_memory_op(XENMEM_add_to_physmap, &map);
}

static long map_status(void)
{
    struct gnttab_get_status_frames get = { .dom = DOMID_SELF, .nr_frames = 1 };
    u64 frame = 0;

    if ( !mode_is(MODE_PV) )
        return add_frame(status_page, XENMAPIDX_grant_table_status);
    set_xen_guest_handle(get.frame_list, &frame);
    if ( hypercall_grant_table_op(GNTTABOP_get_status_frames, &get, 1) || get.status )
        panic("cannot get the grant status frame: status %d", get.status);
    return map_frame(status_page, frame, ENTRY_READ);
}

COLD void grants_init(bool same)
{
    long error;

    if ( !same )
    {
        /* In the domain a restore made, the table is new, too. */
        memset(used, 0, sizeof(used));
        grant_version = 1;
    }
    if ( mode_is(MODE_PV) )
    {
        xen_pfn_t frame = 0;
        struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };

        set_xen_guest_handle(setup.frame_list, &frame);
        if ( hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1) || setup.status )
            panic("cannot set up the grant table: status %d", setup.status);
        error = map_frame(page, frame, ENTRY_WRITE);
    }
    else
        error = add_frame(page, 0);
    if ( !error && grant_version == 2 )
        error = map_status();
    if ( error )
        panic("cannot map the grant table: error %ld", error);
}

COLD void grants_use_v2(void)
{
    struct gnttab_set_version version = { .version = 2 };
    struct grant_entry_v1 before[RESERVED];
    long error;

    memcpy(before, grant_table, sizeof(before));
    if ( hypercall_grant_table_op(GNTTABOP_set_version, &version, 1) )
        return;
    /* Console and XenStore would be lost to a daemon that starts anew. */
    for ( u32 i = 0; i < RESERVED; i++ )
        if ( grant_table_v2[i].full_page.frame != before[i].frame ||
             grant_table_v2[i].hdr.domid != before[i].domid )
            panic("grant table version 2 lost reserved entry %u", i);
    error = map_status();
    if ( error )
        panic("cannot map the grant status frame: error %ld", error);
    grant_version = 2;
}

grant_ref grant_take_run(u32 count)
{
    u32 entries = grant_version == 1 ? ENTRIES_V1 : ENTRIES_V2, run = 0;

    /* libxl uses the first entries for console and XenStore. */
    for ( u32 i = RESERVED; i < entries; i++ )
    {
        run = used[i] ? 0 : run + 1;
        if ( run == count )
        {
            for ( u32 j = i + 1 - count; j <= i; j++ )
                used[j] = true;
            return i + 1 - count;
        }
    }
    panic("no %u consecutive grant entries left", count);
}

void grants_suspend(void)
{
    if ( map_frame(page, page_frame(page), ENTRY_WRITE) ||
         (grant_version == 2 && map_frame(status_page, page_frame(status_page), ENTRY_WRITE)) )
        panic("cannot unmap the grant table");
}

grant_ref grant_take(void)
{
    return grant_take_run(1);
}

void grant_release(grant_ref ref)
{
    if ( ref >= ENTRIES_V1 || !used[ref] ||
         (grant_version == 1 ? grant_table[ref].flags : grant_table_v2[ref].hdr.flags) )
        panic("grant_release of entry %u", ref);
    used[ref] = false;
}

void grant_allow(grant_ref ref, u32 domain, u64 frame, bool readonly)
{
    if ( grant_version == 1 )
        grant_allow_v1(ref, domain, frame, readonly);
    else
        grant_allow_v2(ref, domain, frame, readonly);
}

bool grant_end(grant_ref ref)
{
    return grant_version == 1 ? grant_end_v1(ref) : grant_end_v2(ref);
}

grant_ref grant_page(u32 domain, const void *granted, bool readonly)
{
    grant_ref ref = grant_take();

    grant_allow(ref, domain, page_frame(granted), readonly);
    return ref;
}
