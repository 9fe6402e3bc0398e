/*
 * From Debian packages to a directory with what dom0's root may need of them.
 */
#ifndef SYSTEMS_UNPACK_H
#define SYSTEMS_UNPACK_H

#include <stdbool.h>
#include <stddef.h>

#include "systems/architecture.h"

/* The patterns of configs/lab/files, and the architecture whose packages they are for. */
struct manifest {
    const struct architecture *architecture;
    struct pattern {
        char *text;
        bool optional;
        bool found;          /* by somebody who looked (root.c) */
    } *patterns;
    size_t count;
};

void manifest_parse(struct manifest *manifest, const struct architecture *architecture,
                    const char *text);
void manifest_free(struct manifest *manifest);
/* Whether a pattern fits the path ("/usr/…"); marks it found. */
bool manifest_wants(struct manifest *manifest, const char *path);

/*
 * Unpack `debs/NAME` into `stage`: what the manifest wants, all shared
 * libraries (root.c picks those needed), Xen and the kernel from /boot, and the
 * decompressors for these.  Paths come out merged: /bin
 * is /usr/bin and so on.
 */
int unpack_package(const char *debs, const char *name, const char *stage,
                   struct manifest *manifest);

#endif
