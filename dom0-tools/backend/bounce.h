/*
 * A bounce buffer: memory of ours that a frontend's pages are copied to and from
 * (GNTTABOP_copy, xen/grant_table.h).
 *
 * Of each copy that names our side by its address, Linux's gntdev looks up and pins the page.
 * So the pages are granted to ourselves (/dev/xen/gntalloc), and copies name them by their
 * references: 1,600 instructions less each, two of them a frame of net/netif-own-stream.  Where
 * that is not to be had the buffer is memory as any other.
 */
#ifndef BACKEND_BOUNCE_H
#define BACKEND_BOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#include <xengnttab.h>

#define BOUNCE_PAGE 4096u

/* None: all zero. */
struct bounce {
    uint8_t *memory;          /* whole pages */
    uint32_t pages;
    xengntshr_handle *granted;   /* NULL: to nobody */
    uint32_t *ref;            /* of each page */
};

/* Get one of so many pages, granted by `shares`, for copies through `grants`; either NULL: of
 * plain memory.  False: there is no memory. */
bool bounce_open(struct bounce *, xengnttab_handle *grants, xengntshr_handle *shares,
                 uint32_t pages);

/* Give it back; none afterwards. */
void bounce_close(struct bounce *);

/*
 * Make `at` in the buffer what the segment copies to, or from.  Its length is set before,
 * and its other side is a frontend's reference.
 */
void bounce_to(const struct bounce *, xengnttab_grant_copy_segment_t *, uint8_t *at);
void bounce_from(const struct bounce *, xengnttab_grant_copy_segment_t *, uint8_t *at);

#endif
