/*
 * Column HVM: configs/hvm.cfg.  The image stands in the place of the firmware, so Xen starts
 * it as in PVH; beside it runs a QEMU in dom0.
 */
#include "guests/domain.h"

static char *start(struct domains *s, const struct column *column, row_needs needs,
                   const char *const *extra, const struct xl_watcher *watcher, struct guest *g)
{
    return domain_by_xl(s, column, "firmware_override", needs, extra, watcher, g);
}

COLUMN(hvm) = {
    .name = "hvm", .title = "HVM", .order = 30, .home = HOME_XEN, .mode = MODE_HVM,
    .what = "a domain of Xen in a hardware container, with QEMU's device model",
    .classes = "image xen hardware pc", .device_model = true,
    .missing = "this CPU has no VMX or SVM, or it is disabled in the firmware",
    .start = start, .end = domain_destroy,
};
