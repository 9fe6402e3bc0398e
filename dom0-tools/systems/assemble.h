/*
 * A kernel, its root and, where the system has one, Xen out of the downloaded packages, into
 * one lab directory.
 */
#ifndef SYSTEMS_ASSEMBLE_H
#define SYSTEMS_ASSEMBLE_H

#include "systems/cache.h"

/* What a lab is made from: the files of its system's folder in configs/, the agent, the packages. */
struct recipe {
    char *wanted;        /* its `packages` */
    char *files;         /* its `files` */
    char *init_path, *agent_path;
    char *resolved;      /* packages_resolved(); NULL: not resolved yet */
};

/* Of cache->system.  STATUS_ENVIRONMENT when a file of the installation is missing.  To be
 * freed in either case. */
int recipe_read(struct recipe *recipe, const struct cache *cache);
void recipe_free(struct recipe *recipe);
/* The key of a lab made from it with the installed QEMU; 0 without QEMU. */
uint64_t recipe_key(const struct recipe *recipe, uint64_t machine);

/* In a lab: dom0's kernel, packed for domains; and as a firmware starts it. */
#define GUEST_KERNEL "vmlinux.gz"
#define BOOT_KERNEL  "bzImage"

/* Make cache->lab (which must not exist); the build lock must be held. */
int assemble(struct cache *cache, const struct recipe *recipe);

#endif
