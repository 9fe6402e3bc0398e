#include "memory.h"
#include "traps.h"
#include "../lib/string.h"

#define POOL_PAGES 384u   /* 1.5 MiB */

static u8 pool[POOL_PAGES][PAGE_SIZE] PAGE_BSS;
static bool used[POOL_PAGES];
static unsigned long *p2m;
static u64 total, total_at_start, spare;

void memory_init(unsigned long *phys_to_machine, u64 pages, u64 used)
{
    p2m = phys_to_machine;
    total = total_at_start = pages;
    spare = used;
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

const unsigned long *memory_list(void)
{
    return p2m;
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
