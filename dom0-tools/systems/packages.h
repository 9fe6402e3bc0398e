/*
 * The Debian packages of the lab: resolved and downloaded by apt with a state
 * of its own.  Nothing on the host changes, no root is needed; apt checks
 * signatures and checksums as always.
 */
#ifndef SYSTEMS_PACKAGES_H
#define SYSTEMS_PACKAGES_H

#include <stdbool.h>

#include "systems/cache.h"

/*
 * The packages of cache->system resolved once for this list of wanted ones (the content of
 * its recipe's file `packages`): file names, one a line, sorted.  They stay until the
 * list changes or `xenometer lab build --update`: a lab does not change under
 * its user because the mirror did.  NULL when not resolved yet; the caller's.
 */
char *packages_resolved(const struct cache *cache, const char *wanted);

/* Resolve and download what is missing.  The build lock must be held. */
int packages_download(struct cache *cache, const char *wanted);

/* Write apt's private configuration for where the cache is now, apt.conf in debs.  An enum status, said
 * why. */
int packages_configure(const struct cache *cache);

/* Download just these packages, a line each, without what they depend on.  The build lock must be
 * held. */
int packages_fetch(struct cache *cache, const char *wanted);

/* Whether all files of a resolved list are there. */
bool packages_complete(const struct cache *cache, const char *resolved);

/*
 * The version of the package whose file name starts with `prefix` in a
 * resolved list: "4.17.7" for xen-hypervisor-, upstream part only.  With
 * `name`, that gets the package's name behind the prefix ("6.1.0-56-amd64" for
 * linux-image-).  Sizes in bytes; false when there is none.
 */
bool packages_version(const char *resolved, const char *prefix,
                      char *version, size_t version_size, char *name, size_t name_size);

#endif
