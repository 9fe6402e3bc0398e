/*
 * Column PVH: configs/pvh.cfg.  Xen jumps to the entry in the note
 * XEN_ELFNOTE_PHYS32_ENTRY; no device model.
 */
#include "guests/domain.h"

static char *start(struct domains *s, const struct column *column, row_needs needs,
                   const char *const *extra, const struct xl_watcher *watcher, struct guest *g)
{
    return domain_by_xl(s, column, "kernel", needs, extra, watcher, g);
}

COLUMN(pvh) = {
    .name = "pvh", .title = "PVH", .order = 20, .home = HOME_XEN, .mode = MODE_PVH,
    .what = "a domain of Xen in a hardware container, without device model",
    .classes = "image xen hardware",
    .missing = "this CPU has no VMX or SVM, or it is disabled in the firmware",
    .start = start, .end = domain_destroy,
};
