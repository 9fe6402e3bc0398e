/*
 * Guests that are a job in a lab, for the columns that take all commands at once
 * (catalogue/column.h, HOME_BESIDE): on its Linux without Xen, or in a dom0 that starts a domain
 * itself.
 */
#ifndef GUESTS_LAB_BATCH_H
#define GUESTS_LAB_BATCH_H

#include <stddef.h>

#include "catalogue/column.h"
#include "systems/system.h"

struct lab_file;

/* column.h, impossible(): of those that run without Xen, and of those in a dom0. */
const char *lab_batch_impossible(const struct lab_options *);

/*
 * The whole of batch(): run a shell script there, in a directory with the batch's commands as the
 * file `commands`, which is its standard input, and these files.  Its standard output is the
 * results.  `what` is for its last words, where it goes wrong: "its runtime".
 */
int lab_batch(struct batch *, enum lab_system, const char *script, const struct lab_file *,
              size_t count, const char *what);

/*
 * The kernel of that lab, packed, for a guest; with `boot`, as a firmware starts it.  *path is the
 * caller's; NULL: it cannot be had, and the batch is skipped.  An enum status.
 */
int lab_batch_kernel(struct batch *, enum lab_system, bool boot, char **path);

#endif
