/*
 * Pages of this image, and their names outside.
 *
 * Everything lives in the image's own .bss, which every loader maps or which
 * the identity mapping covers; so one allocator serves all modes.
 */
#ifndef ARCH_MEMORY_H
#define ARCH_MEMORY_H

#include "types.h"

/*
 * Memory is there up to frame `pages`, without a gap from the image on, and neither that nor
 * anything of the builder's stands behind frame `used`.  PV: with the physical-to-machine
 * list of the start info page; NULL elsewhere.
 */
void memory_init(unsigned long *phys_to_machine, u64 pages, u64 used);

/*
 * `count` zeroed pages, contiguous (virtually, and pseudo-physically).  They
 * are the caller's until pages_free(); panics when none are left, since every
 * use is sized at compile time.  Not for timed regions.
 */
void *pages_alloc(u32 count);
void pages_free(void *pages, u32 count);

/* The frame number other domains know this page by: machine frame in PV,
 * guest-physical frame in the hardware modes. */
u64 page_frame(const void *page);

/* PV only: the list that memory_init() was given. */
const unsigned long *memory_list(void);

/*
 * PV only: where Xen's tools find the list when they save the domain
 * (xen/arch-x86/xen.h, struct arch_shared_info): fills in pages with the machine
 * frames of the list, `pages` entries long, one for each GiB of the domain, and one with
 * the frames of those, whose frame it returns.  0: more than we have pages for.
 */
u64 memory_describe_list(u64 pages);

/*
 * Memory behind what image and builder use, for rows that need much of it: the
 * first of `count` contiguous (pseudo-)physical frames; 0: the domain is
 * smaller.  Always the same ones, so one user at a time.  In PV nothing maps
 * them (arch/window.h does); elsewhere their address is their number.
 */
u64 memory_spare(u32 count);
/* The frame behind the end of that memory; now, after xen/balloon.c has moved it, and at first. */
u64 memory_pages(void);
u64 memory_pages_at_start(void);
void memory_set_pages(u64 pages);

/* The frame number Xen knows frame `pfn` by, as page_frame(); setting it is for
 * who exchanged the page by hypercall, and means something only in PV. */
u64 memory_frame(u64 pfn);
void memory_set_frame(u64 pfn, u64 frame);

/* PV only: where the page with machine frame number `mfn` is mapped. */
void *page_of_machine_frame(u64 mfn);

#endif
