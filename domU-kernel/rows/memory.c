/* Memory itself: giving it back and getting it. */
#include "memory.h"
#include "../arch/memory.h"

#define TOO_LITTLE "the domain has too little memory"

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
    "heap, assigns it to the domain and enters it: in PVH, HVM and on ARM64 into the nested page table "
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
