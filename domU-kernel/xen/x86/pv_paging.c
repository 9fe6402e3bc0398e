#include "pv_paging.h"
#include "../../arch/memory.h"

#define PAGE_TABLE_LEVELS 4

u64 pv_base_frame(void)
{
    u64 cr3;

    /* Privileged, so Xen answers it: with the machine address we gave it. */
    __asm__ volatile ("movq %%cr3, %0" : "=r"(cr3));
    return (cr3 & PTE_FRAME) >> PAGE_SHIFT;
}

u64 *pv_leaf_entry(const void *va, u64 *machine)
{
    u64 frame = pv_base_frame(), index;
    u64 *table = NULL;

    for ( u32 level = PAGE_TABLE_LEVELS; level > 0; level-- )
    {
        index = ((u64)va >> (PAGE_SHIFT + 9 * (level - 1))) & 511;
        table = page_of_machine_frame(frame);
        if ( level == 1 )
            break;
        frame = (table[index] & PTE_FRAME) >> PAGE_SHIFT;
    }
    if ( machine )
        *machine = (frame << PAGE_SHIFT) + index * sizeof(u64);
    return &table[index];
}
