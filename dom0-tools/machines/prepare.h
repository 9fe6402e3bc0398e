/*
 * From options to a lab that can be run: what every use of the lab starts with.
 */
#ifndef MACHINES_PREPARE_H
#define MACHINES_PREPARE_H

#include "machines/lab.h"
#include "systems/cache.h"

/*
 * Make the assembled lab (and with `snapshot`, the snapshot of the clock)
 * exist; on STATUS_OK `cache` holds the lab's use lock until cache_close().
 * `update`: resolve the packages again.  To be called between cancel_begin()
 * and cancel_end(); cache_close() is needed whatever is returned.
 */
int prepare(const struct lab_options *options, struct cache *cache, bool snapshot, bool update);

#endif
