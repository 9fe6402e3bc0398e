/*
 * A window of virtual addresses, from 4 GiB up, that rows map as they like:
 * neither the image nor any builder maps anything there.  Small pages make
 * page walks of PV and of the hardware modes comparable: the identity mapping
 * of entry/x86/pvh.S has 2 MiB pages, which PV does not know.
 */
#ifndef ARCH_WINDOW_H
#define ARCH_WINDOW_H

#include "types.h"

#define WINDOW      0x100000000ul
#define LARGE_PAGE  0x200000ul        /* SDM vol. 3, table 4-18 */
#define WINDOW_MAX  (128u << 9)       /* pages of either size in one window */

/*
 * Map page i of the window to frame `frame(i)` (a number as page_frame() gives
 * it; with `large`, of the first of 512, hardware modes only), writable, for
 * i < count.  One window at a time; its tables come from pages_alloc().
 * NULL, or what Xen refused; then nothing is mapped.
 */
const char *window_map(u32 count, bool large, u64 (*frame)(u32 i));
void window_unmap(void);

/*
 * The same for the first GiB of a guest's memory, by one page; hardware modes only.
 * NULL, or why this CPU cannot.
 */
const char *window_map_gib(void);
void window_unmap_gib(void);

/* The entry that maps small page i of the window; read-only in PV. */
u64 *window_entry(u32 i);

#endif
