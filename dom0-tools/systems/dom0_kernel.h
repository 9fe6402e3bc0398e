/*
 * A kernel of the user's own for dom0, with its modules: checked before anything is booted, and
 * made into what a lab has of it.
 */
#ifndef SYSTEMS_DOM0_KERNEL_H
#define SYSTEMS_DOM0_KERNEL_H

#include "systems/overlay.h"

struct manifest;

struct dom0_kernel {
    char *data;      /* an ELF, unpacked; of what is packed as nothing known, the bzImage */
    size_t size;     /* bytes */
    char *boot;      /* the bzImage it was unpacked of; NULL: it was none */
    size_t boot_size;
    char *release;   /* "6.12.0-1-amd64"; NULL: it does not say */
};

/*
 * Read a bzImage or vmlinux.  STATUS_USAGE, said why: it is none, cut off, or built without
 * CONFIG_XEN_DOM0.  dom0_kernel_free() in any case.
 */
int dom0_kernel_read(const char *path, struct dom0_kernel *);
void dom0_kernel_free(struct dom0_kernel *);

/*
 * Add the modules in `directory` (/lib/modules/RELEASE, or its parent) that the manifest wants and
 * what they depend on, and have the suite's go.  STATUS_USAGE, said why: they are another kernel's,
 * or one that the lab's dom0 does not work without is missing.
 */
int dom0_kernel_modules(const struct dom0_kernel *, const char *directory, struct manifest *,
                        struct overlay *);

#endif
