/*
 * A lab's snapshots: booted once per emulator, clock, CPU and number of CPUs, loaded by each
 * run.  What is in one is the emulator's business (emulator.h, save).
 */
#ifndef MACHINES_SNAPSHOT_H
#define MACHINES_SNAPSHOT_H

#include <stdbool.h>

#include "machines/lab.h"
#include "systems/cache.h"

/* In the snapshot's directory: what was on the serial line while it booted. */
#define SNAPSHOT_LOG "boot.log"

bool snapshot_exists(const struct cache *cache, const struct lab_options *options);
/* Boot and write it; the build lock and the lab's use lock must be held. */
int snapshot_make(struct cache *cache, const struct lab_options *options);

/* That log; the caller's.  NULL: there is none. */
char *snapshot_log(const struct cache *cache, const struct lab_options *options);

#endif
