/*
 * Column PV: configs/pv.cfg.  Xen's domain builder makes page tables and jumps to the
 * entry in the note XEN_ELFNOTE_ENTRY (domU-kernel/entry/).
 */
#include "guests/domain.h"

static char *start(struct domains *s, const struct column *column, row_needs needs,
                   const char *const *extra, const struct xl_watcher *watcher, struct guest *g)
{
    return domain_by_xl(s, column, "kernel", needs, extra, watcher, g);
}

COLUMN(pv) = {
    .name = "pv", .title = "PV", .order = 10, .home = HOME_XEN, .mode = MODE_PV,
    .what = "a paravirtualized domain of Xen, 64-bit, in ring 3",
    .classes = "image xen",
    .missing = "this Xen is built without PV",
    .start = start, .end = domain_destroy,
};
