/*
 * A lab with parts of the user's own: another Xen, other options.  Made from the suite's lab,
 * kept beside it (cache.h), found again by what the parts contain.
 */
#ifndef SYSTEMS_VARIANT_H
#define SYSTEMS_VARIANT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/words.h"
#include "systems/cache.h"

/* All are borrowed, and NULL where the lab has the suite's. */
struct variant {
    const char *xen;            /* path of xen.gz, xen or xen-syms; until variant_check(), also of
                                   a directory with a tree of Xen */
    const char *directory;      /* of a tree whose tools go with another hypervisor, `xen` */
    const char *tree;           /* that directory's tree (tree.h), set by variant_check() */
    const char *dom0_kernel;    /* path of a bzImage or vmlinux */
    const char *modules;        /* directory of its modules */
    const char *symbols;        /* path of its symbols; NULL: looked for beside it */
    const char *xen_options;    /* on Xen's command line, before the lab's own */
    const char *dom0_options;   /* on that of dom0's kernel, likewise */
};

/* Files in such a lab: the options, and what it is in words. */
#define VARIANT_XEN_OPTIONS  "xen-options"
#define VARIANT_DOM0_OPTIONS "dom0-options"
#define VARIANT_ABOUT        "about"

/* Is anything of it the user's? */
bool variant_is_own(const struct variant *);

/*
 * What tells it from others, by content; 0: nothing of it is the user's.  STATUS_USAGE, said
 * why, when a part cannot be read.
 */
int variant_key(const struct variant *, uint64_t *key);

/* Whether its parts are what they should be and fit each other: STATUS_USAGE, said why.  A
 * directory becomes `tree` and the hypervisor in it, texts that stay to the program's end. */
int variant_check(struct variant *);

/* What `--xen` names; of two, the directory has the tools and the file is the hypervisor. */
void variant_take_xen(struct variant *, const char *path);

/* As `--xen` takes it; NULL: the suite's. */
const char *variant_xen(const struct variant *);

/* The options that ask for it on a command line of ours, added to `words`. */
void variant_words(const struct variant *, struct words *);

/* Of its Xen's configuration, what paths depend on (kconfig.h); NULL: not known.  The caller's. */
char *variant_kconfig(const struct variant *);

/* Make cache->lab of cache->base; the build lock must be held. */
int variant_make(struct cache *cache, const struct variant *);

/* One line for people, "Xen /tmp/xen.gz, options sched=credit"; the caller's.  NULL: the
 * suite's as it is. */
char *variant_text(const struct variant *);

/* Whether there are symbols for its Xen, without a message: the suite's are to be had. */
bool variant_has_symbols(const struct variant *);

/*
 * The functions of its Xen as lines of a map: the caller's; NULL after a message that says how
 * to get them, or where Xen is the suite's.
 */
char *variant_symbols(const struct variant *);

#endif
