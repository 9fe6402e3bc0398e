/*
 * Column ARM64: configs/arm64.cfg.  Xen on ARM has one kind of domain; libxl takes the image in
 * the flat form that `make ARCH=arm64` puts beside the ELF file.
 */
#include "guests/domain.h"

COLUMN(arm64) = {
    .name = "arm64", .title = "ARM64", .order = 33, .home = HOME_XEN, .mode = MODE_ARM64,
    .what = "a domain of Xen on an ARM64 CPU",
    .classes = "image xen arms", .arm64 = true,
    .missing = "this Xen is none on ARM64",
    .start = domain_by_image, .end = domain_destroy,
};
