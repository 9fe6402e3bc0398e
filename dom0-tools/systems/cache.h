/*
 * The lab's cache directory:
 *
 *   build.lock          held (flock, exclusive) by who downloads or builds
 *   debs-SUITE/         packages of a Debian suite, kept over rebuilds, with apt's lists
 *                       of it; the file resolved lists them
 *   lab-SUITE-KEY/      one assembled lab; KEY covers all that decides its content
 *     lock              held (flock, shared) by who uses it, so that nobody
 *                       removes it under a running QEMU
 *     xen, vmlinux, dom0.cpio, and vmlinux.gz, the kernel for Linux domains
 *     exact/, exact-smp/, fast/, …   the snapshots: ram, state
 *     devel/            headers and libraries to link a program for its dom0,
 *     program-KEY       and that program
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

struct cache {
    char *root;         /* absolute path */
    const char *suite;  /* borrowed */
    bool any_suite;     /* none was asked for: what removes, removes those of all */
    char *debs;
    char *lab;          /* lab-KEY; NULL until cache_set_key() */
    int build_lock;     /* -1: not held */
    int use_lock;       /* -1: not held */
};

/*
 * Find and create the directory; check that it can be written.  NULL for the suite: LAB_SUITE;
 * for the directory: $XENOMETER_CACHE, else ${XDG_CACHE_HOME:-$HOME/.cache}/xenometer.
 */
int cache_open(struct cache *cache, const char *suite, const char *directory);
/* The same for looking only: creates nothing. */
void cache_find(struct cache *cache, const char *suite, const char *directory);
void cache_close(struct cache *cache);   /* drops the locks, frees */

void cache_set_key(struct cache *cache, uint64_t key);

/* Wait for the builder's lock (saying so), then remove what a killed builder left. */
int cache_lock_build(struct cache *cache);
void cache_unlock_build(struct cache *cache);

/* Take the shared lock of cache->lab.  False when that lab does not exist. */
bool cache_use(struct cache *cache);

/* Remove the suite's labs of other keys that nobody uses (with `all`: of any key, and
 * with any_suite of any suite). */
void cache_remove_labs(struct cache *cache, bool all);
/* Remove the suite's packages (with any_suite: all); 0 or errno. */
int cache_remove_packages(struct cache *cache);

/* An error of the file system in the cache, as one line that says what to do. */
int cache_error(const char *path, int error);

#endif
