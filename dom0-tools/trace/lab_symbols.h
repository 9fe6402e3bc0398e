/*
 * What the lab's Xen and dom0 are called inside: symbol tables and the files
 * of dom0's root, for attributing instructions to functions.
 *
 * They are no part of the lab that others run: fetched when first asked for,
 * kept in the assembled lab's directory, gone with it.
 */
#ifndef TRACE_LAB_SYMBOLS_H
#define TRACE_LAB_SYMBOLS_H

#include "machines/lab.h"

struct lab_symbols {
    char *xen;          /* text of Xen's map, from its -dbg package; NULL: not to be had */
    char *kernel;       /* text of dom0's /proc/kallsyms, with where its modules
                           are in front (trace/symbols.h); NULL: not to be had */
    char *root;         /* path of dom0's root, a newc cpio archive */
    struct {
        char *path;     /* of what the job brings along: lab_program(); KVM's monitor and its wire */
        const char *name;
    } programs[2];      /* NULL: no more */
    char *qemu;         /* path of a QEMU that exports its functions, of the same source as the
                           suite's device model, which is stripped; NULL: not asked for, or
                           not to be had */
};

/*
 * All strings are the caller's: lab_symbols_free().  A table that is missing
 * costs a message that says how to get it, and STATUS_OK.  The kernel's has the functions of
 * `modules` (names, and a NULL; dom0's) besides those of the snapshot.  `device_model`: QEMU's, too.
 */
int lab_symbols(const struct lab_options *options, const char *const *modules,
                bool device_model, struct lab_symbols *symbols);
void lab_symbols_free(struct lab_symbols *symbols);

#endif
