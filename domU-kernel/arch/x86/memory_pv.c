/* Of memory.h what only PV has. */
#include "../memory.h"
#include "../types.h"

#include <xen/xen.h>

#define DESCRIBED_GIB 16u

u64 memory_describe_list(u64 pages)
{
    /* Entries of all of them follow one another. */
    static u64 frames[DESCRIBED_GIB * PAGE_SIZE / sizeof(u64)] PAGE_BSS;
    static u64 top[PAGE_SIZE / sizeof(u64)] PAGE_BSS;
    const u64 per_page = PAGE_SIZE / sizeof(u64);
    const unsigned long *list = memory_list();

    if ( pages > per_page * per_page * DESCRIBED_GIB )
        return 0;
    for ( u64 i = 0; i * per_page < pages; i++ )
    {
        frames[i] = page_frame(list + i * per_page);
        if ( i % per_page == 0 )
            top[i / per_page] = page_frame(frames + i);
    }
    return page_frame(top);
}

void *page_of_machine_frame(u64 mfn)
{
    const unsigned long *m2p = (const unsigned long *)HYPERVISOR_VIRT_START;

    return (void *)(m2p[mfn] << PAGE_SHIFT);
}
