/*
 * The pages of a frontend that are kept mapped (feature-persistent), by grant reference.
 * Pure C.
 */
#ifndef BACKEND_PAGES_H
#define BACKEND_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#define PAGES_MAX    1024u   /* kept at most */
#define PAGES_PLACES 2048u   /* a power of two, and never all taken */

/* A page has its home at place gref % PAGES_PLACES, or stands behind it. */
struct pages {
    uint32_t count;
    uint32_t gref[PAGES_PLACES];   /* of a free place: none that has its home there */
    void *page[PAGES_PLACES];      /* NULL: the place is free */
};

/* Keep none.  Before anything else, and when all are unmapped. */
void pages_clear(struct pages *);

/* One that is not kept yet.  False: enough are. */
bool pages_add(struct pages *, uint32_t gref, void *page);

/* NULL: not kept. */
void *pages_find(const struct pages *, uint32_t gref);

/*
 * The same where it stands at its home, as nearly all do, for references are given out one
 * after the other: whether it does, and which it is then.
 */
static inline bool pages_at_home(const struct pages *p, uint32_t gref)
{
    return p->gref[gref % PAGES_PLACES] == gref;
}

static inline void *pages_home(const struct pages *p, uint32_t gref)
{
    return p->page[gref % PAGES_PLACES];
}

#endif
