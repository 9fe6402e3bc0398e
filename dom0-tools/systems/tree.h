/*
 * A Xen with its tools, as `make dist` (dist/install) or `make install DESTDIR=` leaves it, or as
 * Debian's packages unpacked into one directory: where its hypervisor is, and what of the rest a
 * lab's dom0 gets.
 */
#ifndef SYSTEMS_TREE_H
#define SYSTEMS_TREE_H

#include "systems/overlay.h"

struct tree {
    char *root;      /* the directory that has boot/ and usr/ */
    char *xen;       /* path of its hypervisor in boot/ */
};

/*
 * Find them in `directory`, its install/ or its dist/install/.  STATUS_USAGE, said why: no tree,
 * several hypervisors, or tools of another version than it.  tree_free() in any case.
 */
int tree_find(const char *directory, struct tree *);
void tree_free(struct tree *);

/*
 * Add what of it goes over the lab's dom0 (libraries, toolstack, daemons, scripts, hvmloader) and
 * over what the program is linked with, and have the suite's own toolstack go.  Debian's device
 * model and firmware stay, and are where its toolstack looks for them.  STATUS_USAGE, said which,
 * when something that a dom0 needs is missing.
 */
int tree_overlay(const struct tree *, struct overlay *);

#endif
