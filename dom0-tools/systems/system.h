/*
 * What a lab's machine runs: Xen with a Linux dom0, or Linux alone.  Both are assembled,
 * snapshotted and driven alike; what differs is here.  What a stick has is assembled likewise.
 */
#ifndef SYSTEMS_SYSTEM_H
#define SYSTEMS_SYSTEM_H

#include <stdbool.h>

/* Where nothing is said it is Xen: 0. */
enum lab_system {
    SYSTEM_XEN,
    SYSTEM_LINUX,
    SYSTEM_STICK,    /* Xen and dom0 on a stick, for a PC (machines/stick.h): no machine of the lab's */
};

struct system {
    const char *name;            /* for --system, and what its labs' folders in the cache begin with
                                    where it is not Xen's */
    const char *title;           /* "Xen and dom0": for messages */
    const char *recipe;          /* folder in configs/ with packages, files and init */
    const char *beside;          /* folder in configs/ with further files, and the agent that it has
                                    instead of the lab's; NULL: none */
    const char *prefix;          /* of its labs' folders in the cache, without '-' */
    const char *resolved;        /* file in debs/ that lists its packages (packages.h) */
    const char *root;            /* file in a lab that is its root, a cpio archive */
    const char *download;        /* about how much its packages are to download */
    bool xen;                    /* there is a Xen below its Linux */
};

const struct system *system_of(enum lab_system);

/* --system=TEXT, of those that a lab runs.  STATUS_OK or, said why, STATUS_USAGE. */
int system_parse(const char *text, enum lab_system *);

#endif
