/* Memory itself: touching it first, remapping it.  Giving it back and getting it is rows/memory.c. */
#include "../memory.h"
#include "../../arch/memory.h"
#include "../../arch/mode.h"
#include "../../arch/window.h"
#include "../../drivers/device.h"
#include "../../harness/row.h"
#include "../../xen/x86/pv_paging.h"

/* ---- memory that is not there yet ---- */

#define REGION (u64)(LARGE_PAGE / PAGE_SIZE)   /* pages of one large entry */

static u64 untouched;   /* the next page nobody has touched */

COLD static const char *setup_demand(struct row_run *r)
{
    u64 start = memory_spare(1), needed = r->warmup + r->count;

    if ( untouched < start )
        untouched = start;
    /* What the map promises and the domain does not have; the PC's hole below
     * 1 MiB and special pages make less than 4 MiB. */
    if ( !start || memory_pages() < current_pages() + 2 * REGION )
        return "the domain has all of its memory from the start: give it a maxmem above memory";
    if ( untouched + needed + needed / REGION + 2 > memory_pages() )
        return "the domain has too few pages left that nobody touched";
    return NULL;
}

static void run_demand(struct row_run *r)
{
    struct exchange x;

    FOR_EACH_SAMPLE(r, i)
    {
        volatile u64 *page;

        if ( i == 0 || untouched % REGION == 0 )
        {
            /*
             * Xen would populate 2 MiB at once.  Giving back one page, which is
             * not even there, breaks the large entry into small ones.
             */
            exchange_prepare(&x, untouched++);
            if ( give_back(&x) != 1 )
                r->failure = "Xen did not break a large entry";
        }
        page = (volatile u64 *)(untouched << PAGE_SHIFT);
        sample_keep(r, i, TIMED(*page = 1));
        if ( page[0] != 1 || page[1] )
            r->failure = "a page that nobody touched was not zero";
        /* Back to the pool it came from, or that would be empty some day. */
        exchange_prepare(&x, untouched++);
        if ( give_back(&x) != 1 )
            r->failure = "Xen did not take the page";
    }
}

EXPLANATION(memory_demand_fault) =
    "The first write to a page in a domain whose maxmem is above its memory: the nested page fault finds an entry that is to be "
    "populated on demand; Xen takes a zeroed page from the domain's pool and enters it "
    "(p2m_pod_demand_populate), and the guest repeats the write.  No instruction is decoded: the difference to "
    "mmio/npt-fault.  A fault inside the guest is syscall/guest-pagefault.";
ROW(memory_demand_fault, .setup = setup_demand, .run = run_demand) = {
    .name = "memory/demand-fault",
    .work = "touch memory for the first time",
    .path = "nested page fault, populate on demand",
    .help = "touch a page that Xen populates at the first touch",
    .explanation = explanation_memory_demand_fault,
    .elsewhere = "only nested page tables can be populated on demand",
    .columns = "pvh hvm", .needs = DOMAIN_ON_DEMAND,
    .operations = 1, .samples = 300,
    .warmup = 40,   /* Xen remembers 32 touched pages, of the boot at first */
};

/* ---- the guest's own page tables, below nested or shadow paging ---- */

static u8 *mapped;

static u64 mapped_frame(u32 i)
{
    (void)i;
    return page_frame(mapped);
}

COLD static const char *setup_remap(struct row_run *r)
{
    const char *reason;

    (void)r;
    mapped = pages_alloc(1);
    reason = window_map(1, false, mapped_frame);
    if ( reason )
        pages_free(mapped, 1);
    return reason;
}

COLD static const char *setup_remap_shadow(struct row_run *r)
{
    return device.shadow ? setup_remap(r) : "the domain was not started with shadow paging";
}

COLD static void teardown_remap(struct row_run *r)
{
    (void)r;
    window_unmap();
    pages_free(mapped, 1);
}

static void run_remap(struct row_run *r)
{
    volatile u64 *entry = window_entry(0);
    volatile u64 *page = (volatile u64 *)WINDOW;
    u64 value = *entry, seen = 0;

    *(u64 *)mapped = 1;
    /* Writable and read-only in turn: each write changes something. */
    FOR_EACH_SAMPLE(r, i)
        sample_keep(r, i, TIMED({
            *entry = i & 1 ? value : value & ~PTE_WRITABLE;
            __asm__ volatile ("invlpg (%0)" :: "r"(page) : "memory");
            seen += *page;
        }));
    if ( seen != r->warmup + r->count )
        r->failure = "the page was not read through its mapping";
}

#define REMAP_ROW \
    .work = "change a mapping", .operations = 1, .samples = 500, .warmup = 16

EXPLANATION(memory_remap_hap) =
    "Flips the writable bit in the guest's own page table, INVLPG, and one read through the new entry.  With nested "
    "paging Xen does not notice; on hardware the figure is the two-dimensional page walk.  Compare with "
    "memory/remap-shadow, what the same cost before nested paging, and with pv/update-va.";
ROW(memory_remap_hap, .setup = setup_remap, .run = run_remap, .teardown = teardown_remap) = {
    .name = "memory/remap-hap",
    .path = "page table write, INVLPG, nested paging",
    .help = "change a page table entry and use it, with nested paging",
    .explanation = explanation_memory_remap_hap,
    .elsewhere = "a PV guest cannot write its page tables: see pv/update-va",
    .columns = "hardware", REMAP_ROW,
};

EXPLANATION(memory_remap_shadow) =
    "As memory/remap-hap in a domain with hap=0: the CPU walks page tables that Xen derives from the guest's, so the "
    "guest's are write-protected or resynchronized later; the write, INVLPG and the read may each "
    "exit (sh_page_fault, sh_invlpg).";
ROW(memory_remap_shadow,
    .setup = setup_remap_shadow, .run = run_remap, .teardown = teardown_remap) = {
    .name = "memory/remap-shadow",
    .path = "page table write, INVLPG, shadow paging",
    .help = "change a page table entry and use it, with shadow paging",
    .explanation = explanation_memory_remap_shadow,
    .elsewhere = "shadow paging is for domains with page tables of their own under Xen",
    .columns = "pvh hvm", .needs = DOMAIN_SHADOW, REMAP_ROW,
};
