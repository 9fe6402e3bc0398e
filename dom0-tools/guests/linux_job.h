/*
 * A guest that is a job on the lab's Linux without Xen: for the columns that need no Xen and take
 * all commands at once (catalogue/column.h, HOME_BESIDE).
 */
#ifndef GUESTS_LINUX_JOB_H
#define GUESTS_LINUX_JOB_H

#include <stddef.h>

#include "catalogue/column.h"

struct lab_file;

/* column.h, impossible(). */
const char *linux_job_impossible(const struct lab_options *);

/*
 * The whole of batch(): run a shell script there, in a directory with the batch's commands as the
 * file `commands`, which is its standard input, and these files.  Its standard output is the
 * results.  `what` is for its last words, where it goes wrong: "its runtime".
 */
int linux_job(struct batch *, const char *script, const struct lab_file *, size_t count,
              const char *what);

#endif
