/* Memory itself: giving it back, getting it, touching it first, remapping it. */
#include "../../arch/memory.h"
#include "../../arch/mode.h"
#include "../../arch/window.h"
#include "../../drivers/device.h"
#include "../../harness/row.h"
#include "../../xen/hypercall.h"
#include "../../xen/x86/pv_paging.h"

#include <xen/memory.h>

#define TOO_LITTLE "the domain has too little memory"

/* A page to give back or to get, by the number Xen wants for that. */
struct exchange {
    struct xen_memory_reservation reservation;
    xen_pfn_t frame;
};

static void exchange_prepare(struct exchange *x, u64 frame)
{
    x->frame = frame;
    x->reservation = (struct xen_memory_reservation){ .nr_extents = 1, .domid = DOMID_SELF };
    set_xen_guest_handle(x->reservation.extent_start, &x->frame);
}

/* Both answer how many pages it was: 1. */
static inline __attribute__((always_inline)) long give_back(struct exchange *x)
{
    return hypercall_memory_op(XENMEM_decrease_reservation, &x->reservation);
}

static inline __attribute__((always_inline)) long populate(struct exchange *x)
{
    return hypercall_memory_op(XENMEM_populate_physmap, &x->reservation);
}

static u64 current_pages(void)
{
    domid_t self = DOMID_SELF;

    return (u64)hypercall_memory_op(XENMEM_current_reservation, &self);
}

/* ---- the balloon ---- */

static u64 balloon, pages_before;

COLD static const char *setup_balloon(struct row_run *r)
{
    (void)r;
    balloon = memory_spare(1);
    pages_before = current_pages();
    return balloon ? NULL : TOO_LITTLE;
}

COLD static void teardown_balloon(struct row_run *r)
{
    if ( !r->failure && current_pages() != pages_before )
        r->failure = "the domain has another number of pages than before";
}

static void run_balloon(struct row_run *r, bool both)
{
    struct exchange out, in;

    FOR_EACH_SAMPLE(r, i)
    {
        long gone, got;

        exchange_prepare(&out, memory_frame(balloon));
        exchange_prepare(&in, balloon);
        if ( both )
            sample_keep(r, i, TIMED({ gone = give_back(&out); got = populate(&in); }));
        else
        {
            gone = give_back(&out);
            sample_keep(r, i, TIMED(got = populate(&in)));
        }
        if ( gone != 1 || got != 1 )
            r->failure = "Xen did not take the page, or gave none";
        else
            memory_set_frame(balloon, in.frame);
    }
}

static void run_populate(struct row_run *r)
{
    run_balloon(r, false);
}

static void run_out_and_back(struct row_run *r)
{
    run_balloon(r, true);
}

#define BALLOON_ROW \
    .work = "change how much memory the domain has", \
    .elsewhere = "without a hypervisor memory does not come and go", \
    .columns = "xen", .operations = 1, .samples = 100, .warmup = 8

EXPLANATION(memory_populate_page) =
    "Gets one page by XENMEM_populate_physmap, after it was given back outside the figure: Xen takes a page from its "
    "heap, assigns it to the domain and enters it: in PVH and HVM into the nested page table "
    "(guest_physmap_add_page), in PV only into the machine-to-physical table.  A PV guest then "
    "has to map it: pv/update-va comes on top.";
ROW(memory_populate_page,
    .setup = setup_balloon, .run = run_populate, .teardown = teardown_balloon) = {
    .name = "memory/populate-page",
    .path = "populate_physmap",
    .help = "get one page from Xen",
    .explanation = explanation_memory_populate_page,
    BALLOON_ROW,
};

EXPLANATION(memory_decrease_increase_reservation) =
    "XENMEM_decrease_reservation and XENMEM_populate_physmap of one page, as balloon drivers do it; the "
    "difference to memory/populate-page is giving it back: Xen removes it from its tables and frees it.  In "
    "HVM, and only there, Xen then has QEMU drop its cached mappings of the guest "
    "(ioreq_request_mapcache_invalidate), and the vCPU waits: many times the rest.  Real balloons "
    "pass many pages per call.";
ROW(memory_decrease_increase_reservation,
    .setup = setup_balloon, .run = run_out_and_back, .teardown = teardown_balloon) = {
    .name = "memory/decrease-increase-reservation",
    .path = "decrease_reservation, populate_physmap",
    .help = "give one page back to Xen and get one again: a balloon's work",
    .explanation = explanation_memory_decrease_increase_reservation,
    .flags = ROW_DOM0 | ROW_BLOCKS, BALLOON_ROW,
};

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
