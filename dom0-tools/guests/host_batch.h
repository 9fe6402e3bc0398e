/*
 * The same batch (lab_batch.h) on this machine's own Linux, which is no lab: in a directory that goes
 * again, and a namespace of mounts that does, on one of its CPUs.
 */
#ifndef GUESTS_HOST_BATCH_H
#define GUESTS_HOST_BATCH_H

#include <stddef.h>

struct batch;
struct column;
struct lab_file;

/* Why the column cannot be had on this Linux (column.h, `here`); NULL: it can.  Valid until the next. */
const char *host_batch_impossible(const struct column *);

/* Why this process cannot have guests with two vCPUs; NULL: it can. */
const char *host_batch_no_second_cpu(void);

/* Among the files: what a shell executes when the batch has ended, or was killed, as we may have been. */
#define HOST_UNDO "undo"

/* As lab_batch(). */
int host_batch(struct batch *, const char *script, const struct lab_file *, size_t count,
               const char *what);

#endif
