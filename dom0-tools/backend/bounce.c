#include "backend/bounce.h"

#include <stdlib.h>

#include "xenometer.h"

#define OURSELVES 0u   /* the domain that backends are in: xenbus.h */

/* By reference, unless it crosses into another page, which a reference cannot.  False: by address. */
static bool name(const struct bounce *b, union xengnttab_copy_ptr *side, uint8_t *at,
                 uint16_t length)
{
    size_t offset = (size_t)(at - b->memory);

    if ( !b->granted || offset % BOUNCE_PAGE + length > BOUNCE_PAGE )
    {
        side->virt = at;
        return false;
    }
    side->foreign.ref = b->ref[offset / BOUNCE_PAGE];
    side->foreign.offset = (uint16_t)(offset % BOUNCE_PAGE);
    side->foreign.domid = OURSELVES;
    return true;
}

void bounce_to(const struct bounce *b, xengnttab_grant_copy_segment_t *s, uint8_t *at)
{
    if ( name(b, &s->dest, at, s->len) )
        s->flags |= GNTCOPY_dest_gref;
}

void bounce_from(const struct bounce *b, xengnttab_grant_copy_segment_t *s, uint8_t *at)
{
    if ( name(b, &s->source, at, s->len) )
        s->flags |= GNTCOPY_source_gref;
}

static void give_back(struct bounce *b)
{
    if ( b->memory )
        xengntshr_unshare(b->granted, b->memory, b->pages);
    free(b->ref);
    b->granted = NULL;
    b->memory = NULL;
    b->ref = NULL;
}

/* Whether Xen copies from ourselves to ourselves is seen by trying. */
static bool copies(const struct bounce *b, xengnttab_handle *grants)
{
    xengnttab_grant_copy_segment_t s = { .len = 1 };
    uint8_t *to = b->memory + (size_t)b->pages * BOUNCE_PAGE - 1;

    b->memory[0] = 1;
    *to = 0;
    bounce_from(b, &s, b->memory);
    bounce_to(b, &s, to);
    return !xengnttab_grant_copy(grants, 1, &s) && s.status == GNTST_okay && *to == 1;
}

static bool share(struct bounce *b, xengnttab_handle *grants, xengntshr_handle *shares)
{
    b->granted = shares;
    b->ref = xcalloc(b->pages, sizeof(*b->ref));
    b->memory = xengntshr_share_pages(b->granted, OURSELVES, (int)b->pages, b->ref, 1);
    if ( b->memory && copies(b, grants) )
        return true;
    give_back(b);
    return false;
}

bool bounce_open(struct bounce *b, xengnttab_handle *grants, xengntshr_handle *shares, uint32_t pages)
{
    *b = (struct bounce){ .pages = pages };
    if ( !grants || !shares || !share(b, grants, shares) )
        b->memory = aligned_alloc(BOUNCE_PAGE, (size_t)pages * BOUNCE_PAGE);
    return b->memory;
}

void bounce_close(struct bounce *b)
{
    if ( b->granted )
        give_back(b);
    free(b->memory);
    *b = (struct bounce){ 0 };
}
