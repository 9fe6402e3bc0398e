#include "backend/pages.h"

#include <stddef.h>

void pages_clear(struct pages *p)
{
    p->count = 0;
    for ( uint32_t at = 0; at < PAGES_PLACES; at++ )
    {
        p->gref[at] = ~at;
        p->page[at] = NULL;
    }
}

/* Where the page stands, or else the free place that it would get. */
static uint32_t place(const struct pages *p, uint32_t gref)
{
    uint32_t at = gref % PAGES_PLACES;

    while ( p->page[at] && p->gref[at] != gref )
        at = (at + 1) % PAGES_PLACES;
    return at;
}

bool pages_add(struct pages *p, uint32_t gref, void *page)
{
    uint32_t at = place(p, gref);

    if ( p->count == PAGES_MAX )
        return false;
    p->gref[at] = gref;
    p->page[at] = page;
    p->count++;
    return true;
}

void *pages_find(const struct pages *p, uint32_t gref)
{
    return p->page[place(p, gref)];
}
