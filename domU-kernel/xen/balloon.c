#include "balloon.h"
#include "console.h"
#include "hypercall.h"
#include "xenstore.h"
#include "../arch/memory.h"

#include <xen/memory.h>

#define KIB_PER_PAGE (PAGE_SIZE / 1024)
#define BATCH 64u          /* pages a hypercall */
#define NO_FRAME ~0ul      /* in PV's list: no page there (as Linux, INVALID_P2M_ENTRY) */

static bool known;
static u64 first_target, pages_then;   /* KiB; pages */

/* The last `count` pages of the domain away, or so many behind its end back; how many it
 * were. */
static u64 move(bool away, u64 count)
{
    u64 frames[BATCH], end = memory_pages();
    struct xen_memory_reservation r = { .nr_extents = count, .domid = DOMID_SELF };
    long done;

    /* The last one first: where Xen stops, there is no hole. */
    for ( u64 i = 0; i < count; i++ )
        frames[i] = away ? memory_frame(end - 1 - i) : end + i;
    set_xen_guest_handle(r.extent_start, frames);
    done = away ? hypercall_memory_op(XENMEM_decrease_reservation, &r)
                : hypercall_memory_op(XENMEM_populate_physmap, &r);
    if ( done <= 0 )
        return 0;
    for ( u64 i = 0; i < (u64)done; i++ )
        memory_set_frame(away ? end - 1 - i : end + i, away ? NO_FRAME : frames[i]);
    memory_set_pages(away ? end - (u64)done : end + (u64)done);
    return (u64)done;
}

static void change(u64 wanted)
{
    u64 now;

    while ( (now = memory_pages()) != wanted )
    {
        bool away = now > wanted;
        u64 count = away ? now - wanted : wanted - now;

        if ( count > BATCH )
            count = BATCH;
        if ( move(away, count) != count )
        {
            print("balloon: Xen %s at %lu pages\n", away ? "takes no more" : "has no more", now);
            return;
        }
    }
}

void balloon_follow(void)
{
    u64 target, wanted, least = memory_spare(1);

    if ( xenstore_read_number("memory/target", &target) )
        return;
    if ( !known )
    {
        known = true;
        first_target = target;
        pages_then = memory_pages();
    }
    wanted = pages_then + target / KIB_PER_PAGE - first_target / KIB_PER_PAGE;
    /* Huge where it is below nothing. */
    if ( (long)wanted < (long)least )
        wanted = least;
    if ( wanted > memory_pages_at_start() )
        wanted = memory_pages_at_start();
    if ( least )
        change(wanted);
}

void balloon_forget(void)
{
    known = false;
}
