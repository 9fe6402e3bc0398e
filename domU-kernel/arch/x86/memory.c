#include "../memory.h"
#include "../mode.h"
#include "../traps.h"
#include "../../lib/string.h"

#include <xen/xen.h>

#define POOL_PAGES 384u   /* 1.5 MiB */

static u8 pool[POOL_PAGES][PAGE_SIZE] PAGE_BSS;
static bool used[POOL_PAGES];
static unsigned long *p2m;
static u64 total, total_at_start, spare;

#define DESCRIBED_GIB 16u

/* The image ends below: the linker script asserts it. */
#define IMAGE_LIMIT (0x800000u >> PAGE_SHIFT)

void memory_init(unsigned long *phys_to_machine, u64 pages, u64 used)
{
    p2m = phys_to_machine;
    total = total_at_start = pages;
    spare = used < IMAGE_LIMIT ? IMAGE_LIMIT : used;
}

u64 memory_pages(void)
{
    return total;
}

u64 memory_pages_at_start(void)
{
    return total_at_start;
}

void memory_set_pages(u64 pages)
{
    total = pages;
}

u64 memory_spare(u32 count)
{
    return spare + count <= total ? spare : 0;
}

u64 memory_frame(u64 pfn)
{
    return p2m ? p2m[pfn] : pfn;
}

void memory_set_frame(u64 pfn, u64 frame)
{
    if ( p2m )
        p2m[pfn] = frame;
}

void *pages_alloc(u32 count)
{
    u32 run = 0;

    for ( u32 i = 0; i < POOL_PAGES; i++ )
    {
        run = used[i] ? 0 : run + 1;
        if ( run == count )
        {
            u32 start = i + 1 - count;

            for ( u32 j = start; j <= i; j++ )
                used[j] = true;
            /* Zeroed at every hand-out: pages get granted, and leftovers
             * would be readable by the peer (XSA-403). */
            return memset(pool[start], 0, count * PAGE_SIZE);
        }
    }
    panic("no %u contiguous pages left", count);
}

void pages_free(void *pages, u32 count)
{
    u64 start = ((u64)pages - (u64)pool) / PAGE_SIZE;

    if ( start + count > POOL_PAGES || (u64)pages % PAGE_SIZE )
        panic("pages_free of %p, %u pages", pages, count);
    for ( u64 i = start; i < start + count; i++ )
        used[i] = false;
}

u64 page_frame(const void *page)
{
    return memory_frame((u64)page >> PAGE_SHIFT);   /* virtual = (pseudo-)physical */
}

u64 memory_describe_list(u64 pages)
{
    /* Entries of all of them follow one another. */
    static u64 frames[DESCRIBED_GIB * PAGE_SIZE / sizeof(u64)] PAGE_BSS;
    static u64 top[PAGE_SIZE / sizeof(u64)] PAGE_BSS;
    const u64 per_page = PAGE_SIZE / sizeof(u64);

    if ( pages > per_page * per_page * DESCRIBED_GIB )
        return 0;
    for ( u64 i = 0; i * per_page < pages; i++ )
    {
        frames[i] = page_frame(p2m + i * per_page);
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
