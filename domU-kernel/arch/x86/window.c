#include "../window.h"
#include "../cpu.h"
#include "../memory.h"
#include "../mode.h"
#include "../traps.h"
#include "../../xen/x86/pv_paging.h"

#define ENTRIES   512u               /* of a table; SDM vol. 3, 4.5 */
#define PTE_LARGE 0x080ul            /* SDM vol. 3, table 4-18, PS */
#define FIRST     (WINDOW >> 30)     /* level 3 entry that maps the window */

extern u64 page_directory_pointers[ENTRIES];   /* entry/x86/pvh.S */

/* Level 1 tables first, then level 2; one allocation. */
static u64 (*tables)[ENTRIES];
static u32 table_count, directories;

static u32 tables_for(u32 entries)
{
    return (entries + ENTRIES - 1) / ENTRIES;
}

/* PV: page tables must not be writable while Xen uses them as such. */
static bool set_writable(bool writable)
{
    for ( u32 t = 0; t < table_count; t++ )
        if ( hypercall_update_va_mapping(tables[t], page_frame(tables[t]) << PAGE_SHIFT |
                                         (writable ? PTE_DATA : PTE_DATA & ~PTE_WRITABLE),
                                         UVMF_TLB_FLUSH | UVMF_LOCAL) )
            return false;
    return true;
}

/* Level 3 entry `index` becomes `value`: in PV Xen checks all below it. */
static bool set_directory(u32 index, u64 value)
{
    if ( boot_mode == MODE_PV )
    {
        u64 *level4 = page_of_machine_frame(pv_base_frame());
        struct mmu_update update = {
            .ptr = ((level4[0] & PTE_FRAME) + index * sizeof(u64)) | MMU_NORMAL_PT_UPDATE,
            .val = value,
        };

        return hypercall4(__HYPERVISOR_mmu_update, (u64)&update, 1, 0, DOMID_SELF) == 0;
    }
    page_directory_pointers[index] = value;
    return true;
}

static void flush(void)
{
    u64 cr3;

    if ( boot_mode != MODE_PV )   /* there, unmapping flushes by itself */
        __asm__ volatile ("movq %%cr3, %0\n\tmovq %0, %%cr3" : "=r"(cr3) :: "memory");
}

const char *window_map(u32 count, bool large, u64 (*frame)(u32 i))
{
    u32 leaves = large ? 0 : tables_for(count);

    if ( count > WINDOW_MAX || tables )
        panic("a window of %u pages", count);
    directories = tables_for(large ? count : leaves);
    table_count = leaves + directories;
    tables = pages_alloc(table_count);

    for ( u32 i = 0; i < count; i++ )
        tables[i / ENTRIES][i % ENTRIES] = frame(i) << PAGE_SHIFT | PTE_DATA |
                                           (large ? PTE_LARGE : 0);
    for ( u32 t = 0; t < leaves; t++ )
        tables[leaves + t / ENTRIES][t % ENTRIES] = page_frame(tables[t]) << PAGE_SHIFT |
                                                    PTE_DATA;
    if ( boot_mode == MODE_PV && !set_writable(false) )
        panic("Xen keeps a table page writable");
    for ( u32 d = 0; d < directories; d++ )
        if ( !set_directory((u32)FIRST + d, page_frame(tables[leaves + d]) << PAGE_SHIFT | PTE_DATA) )
        {
            window_unmap();
            return "Xen refused the page tables";
        }
    flush();
    return NULL;
}

void window_unmap(void)
{
    for ( u32 d = 0; d < directories; d++ )
        set_directory((u32)FIRST + d, 0);
    flush();
    if ( boot_mode == MODE_PV && !set_writable(true) )
        panic("Xen keeps a page as a table");
    pages_free(tables, table_count);
    tables = NULL;
}

u64 *window_entry(u32 i)
{
    return &tables[i / ENTRIES][i % ENTRIES];
}

/* AMD64 Architecture Programmer's Manual vol. 3, Fn8000_0001 EDX, Page1GB. */
#define EXTENDED_LEAF 0x80000001u
#define PAGE_1GB      (1u << 26)

COLD const char *window_map_gib(void)
{
    if ( !(cpuid(EXTENDED_LEAF, 0).d & PAGE_1GB) )
        return "this CPU has no pages of 1 GiB";
    set_directory((u32)FIRST, PTE_DATA | PTE_LARGE);
    flush();
    return NULL;
}

COLD void window_unmap_gib(void)
{
    set_directory((u32)FIRST, 0);
    flush();
}
