/*
 * The lab's cache directory:
 *
 *   build.lock          held (flock, exclusive) by who downloads or builds
 *   debs-SUITE/         packages of a Debian suite, kept over rebuilds, with apt's lists
 *                       of it; the files resolved and resolved-linux list each system's
 *   lab-SUITE-KEY/      one assembled lab; KEY covers all that decides its content
 *     lock              held (flock, shared) by who uses it, so that nobody
 *                       removes it under a running QEMU
 *     xen, vmlinux, dom0.cpio, and the kernel for Linux domains: vmlinux.gz, bzImage
 *     exact/, exact-smp/, fast/, …   the snapshots: ram, state
 *     devel/            headers and libraries to link a program for its dom0,
 *     program-KEY       and that program
 *   linux-SUITE-KEY/    the same of the system without Xen (system.h): lock, vmlinux, root.cpio
 *                       and snapshots
 *   own-SUITE-KEY/      the same with parts of the user's own (variant.h), which KEY covers too;
 *                       what is the suite's are hard links
 *     about             what those are, in words
 *   built-KEY/          a Xen built with other options (xen_build.h): lock, about, xen.gz, its map,
 *                       its Kconfig
 *   new-*               work of a builder; what a killed one left is removed by
 *                       the next, which has the lock
 *
 * Locks are flock()s: the kernel drops them with the process, so that no lock
 * of a killed run is ever stale.
 */
#ifndef SYSTEMS_CACHE_H
#define SYSTEMS_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "systems/architecture.h"
#include "systems/system.h"

struct cache {
    char *root;         /* absolute path */
    const struct architecture *architecture;   /* of the lab's machine */
    const struct system *system;   /* whose labs are meant; Xen's until it is set */
    const char *suite;  /* borrowed */
    char *label;        /* in names: the suite, behind "arm64-" for a lab of that architecture */
    bool any_suite;     /* none was asked for: what removes, removes those of all */
    char *debs;
    char *base;         /* lab-KEY; NULL until cache_set_key() */
    char *lab;          /* that, or own-KEY */
    int build_lock;     /* -1: not held */
    int use_lock;       /* -1: not held */
};

/*
 * Find and create the directory; check that it can be written.  NULL for the suite: LAB_SUITE;
 * for the directory: $XENOMETER_CACHE, else ${XDG_CACHE_HOME:-$HOME/.cache}/xenometer.
 */
int cache_open(struct cache *cache, const struct architecture *architecture, const char *suite,
               const char *directory);
/* The same for looking only: creates nothing. */
void cache_find(struct cache *cache, const struct architecture *architecture, const char *suite,
                const char *directory);
void cache_close(struct cache *cache);   /* drops the locks, frees */

/* The suite's lab and, with `own` (variant_key()) not 0, the one made from it. */
void cache_set_key(struct cache *cache, uint64_t key, uint64_t own);

/* Wait for the builder's lock (saying so), then remove what a killed builder left. */
int cache_lock_build(struct cache *cache);
void cache_unlock_build(struct cache *cache);

/* Take the shared lock of cache->lab.  False when that lab does not exist. */
bool cache_use(struct cache *cache);

/* Remove the suite's labs of that system, but of other keys, that nobody uses (with `all`: of any
 * system and key, and with any_suite of any suite). */
void cache_remove_labs(struct cache *cache, bool all);

/*
 * What is made of parts of the user's own, of any suite.  Each kind takes so many bytes on disk at
 * most, all together and without what they share with others.
 */
struct cache_kind {
    const char *prefix;   /* of the directories' names */
    uint64_t bytes;
};
extern const struct cache_kind cache_own;     /* labs */
extern const struct cache_kind cache_built;   /* Xens */

/* Those that nobody has used for longest go first, but none that is in use, and not cache->lab.
 * The build lock must be held. */
void cache_trim(struct cache *cache, const struct cache_kind *kind);

/* Whoever holds that lock of a directory, shared, keeps it: closed by who called, or with the
 * process.  It is the last use of it.  -1: there is no such directory (any more). */
int cache_hold(const char *directory);

/* Remove cache->lab, one of those, which only we use. */
void cache_remove_own(struct cache *cache);

/* Call visit(context, path, last use) for each of a kind, the last used first. */
void cache_each(const struct cache *cache, const struct cache_kind *kind,
                void (*visit)(void *context, const char *path, time_t used), void *context);
/* Remove the suite's packages (with any_suite: all); 0 or errno. */
int cache_remove_packages(struct cache *cache);

/* An error of the file system in the cache, as one line that says what to do. */
int cache_error(const char *path, int error);

#endif
