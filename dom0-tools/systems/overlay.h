/*
 * What a lab of the user's own has that the suite's has not: files laid over dom0's root, and
 * over what the program for it is linked with.  Collected from a tree of Xen (tree.h) and of a
 * kernel (dom0_kernel.h), hashed for the lab's name, applied when it is made (variant.c).
 */
#ifndef SYSTEMS_OVERLAY_H
#define SYSTEMS_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum overlay_into {
    OVERLAY_ROOT,    /* dom0's */
    OVERLAY_DEVEL,   /* devel/ of the lab: headers and libraries */
};

struct overlay_entry {
    enum overlay_into into;
    char *place;          /* "/usr/bin/xl"; of DEVEL likewise, below devel/ */
    char *source;         /* path of the file there is on this machine, or NULL */
    char *link;           /* a symbolic link to that, or NULL */
    char *text;           /* the content itself, or NULL */
    const char *unpack;   /* program that unpacks the source ("xz"), or NULL */
    bool executable;
};

struct overlay {
    struct overlay_entry *entries;
    size_t count;
    char **gone;          /* shell patterns of places in the suite's root that go */
    size_t gone_count;
};

/* The texts are copied. */
void overlay_file(struct overlay *, enum overlay_into, const char *place, const char *source);
void overlay_link(struct overlay *, enum overlay_into, const char *place, const char *target);
struct overlay_entry *overlay_text(struct overlay *, const char *place, const char *text);
void overlay_gone(struct overlay *, const char *pattern);

/* NULL: nothing is laid there. */
const struct overlay_entry *overlay_find(const struct overlay *, enum overlay_into,
                                         const char *place);

/* Over places and contents. */
uint64_t overlay_hash(const struct overlay *, uint64_t hash);

/*
 * Write `to`, a root, out of the root `from` (both newc cpio archives) and the entries, with the
 * shared libraries these need: from the entries, from `from`, else from this machine, which has
 * built them.  An enum status; said why.
 */
int overlay_root(struct overlay *, const char *from, const char *to);

/* Lay the entries over the directory `devel`, whose files have other names elsewhere (links):
 * those stay as they are.  0 or errno. */
int overlay_devel(const struct overlay *, const char *devel);

void overlay_free(struct overlay *);

#endif
