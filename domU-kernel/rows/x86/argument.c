/* An argument of a hypercall that is in memory: how the guest maps it is what Xen walks. */
#include "../../arch/memory.h"
#include "../../arch/mode.h"
#include "../../arch/window.h"
#include "../../harness/row.h"
#include "../../xen/events.h"

#define BARE "bare mode has no hypervisor to hand an argument to"
#define LARGE "PV domains have 4 KiB pages only, and bare mode has no hypervisor"

/* On a page of its own; `argument` is where the row's mapping has it. */
static struct evtchn_send *page, *argument;

static u64 frame(u32 i)
{
    (void)i;
    return page_frame(page);
}

COLD static void make(void)
{
    page = argument = pages_alloc(1);
    page->port = event_alloc_unbound(DOMID_SELF);
}

COLD static const char *setup_2m(struct row_run *r)
{
    (void)r;
    make();   /* as it is: entry/x86/pvh.S maps everything by such pages */
    return NULL;
}

COLD static void teardown_2m(struct row_run *r)
{
    (void)r;
    event_close(page->port);
    pages_free(page, 1);
}

COLD static const char *setup_4k(struct row_run *r)
{
    const char *reason;

    make();
    reason = window_map(1, false, frame);
    if ( reason )
        teardown_2m(r);
    argument = (struct evtchn_send *)WINDOW;
    return reason;
}

COLD static void teardown_4k(struct row_run *r)
{
    window_unmap();
    teardown_2m(r);
}

COLD static const char *setup_1g(struct row_run *r)
{
    const char *reason = window_map_gib();

    (void)r;
    if ( reason )
        return reason;
    make();
    argument = (struct evtchn_send *)(WINDOW + (u64)page);
    return NULL;
}

COLD static void teardown_1g(struct row_run *r)
{
    window_unmap_gib();
    teardown_2m(r);
}

static void run(struct row_run *r)
{
    struct evtchn_send *at = argument;
    long result;

    SAMPLES(r, hypercall_event_channel_op(EVTCHNOP_send, at));
    result = hypercall_event_channel_op(EVTCHNOP_send, at);
    if ( result )
        r->failure = "Xen refused the argument";
}

/* One text for all: the file holds it once. */
#define ARGUMENT_ROW(size, pages, in, why, in_columns)                                        \
    EXPLANATION(hypercall_argument_##size) =                                                 \
        "The cheapest hypercall with an argument in memory: EVTCHNOP_send on a port that nobody has " \
        "bound, with the four bytes of the argument on a page that the guest maps as the row's " \
        "name says.  In PV Xen reads them where they are, since the guest's page tables are the CPU's.  " \
        "In PVH and HVM Xen has page tables of its own and finds each argument in software " \
        "(__hvm_copy, hap_p2m_ga_to_gfn_4_levels, guest_walk_tables_4_levels): each of the guest's " \
        "tables on the way, and the page at last, twice, is a frame number of the guest's that is looked up in the " \
        "domain's own tables (p2m_get_page_from_gfn), with 4 KiB pages six times, with 2 MiB pages five, with 1 GiB " \
        "pages four.  Nothing is kept from one call to the next.  What avoids some of it is to have the arguments of " \
        "hypercalls on large pages, and what avoids all is to pass them in registers, as hypercall/null does; " \
        "Xen's interface leaves no choice where a call has a structure.  A batch (hypercall/multicall-32, " \
        "grant/copy-4k-x32) saves exits, but no walk: there is one for each structure that is copied."; \
    ROW(hypercall_argument_##size, .setup = setup_##size, .run = run, .teardown = teardown_##size) = { \
        .name = "hypercall/argument-" #size,                                                 \
        .work = "hand the hypervisor an argument in memory",                                 \
        .path = "EVTCHNOP_send, nobody bound, " in,                                          \
        .help = "hypercall whose argument is on a page of " pages,                           \
        .explanation = explanation_hypercall_argument_##size,                                \
        .elsewhere = why,                                                                    \
        .columns = in_columns, .operations = 1, .samples = 1000, .warmup = 16,                  \
    }

ARGUMENT_ROW(4k, "4 KiB", "four levels of tables", BARE, "xen");
ARGUMENT_ROW(2m, "2 MiB", "three levels of tables", LARGE, "pvh hvm");
ARGUMENT_ROW(1g, "1 GiB", "two levels of tables", LARGE, "pvh hvm");
