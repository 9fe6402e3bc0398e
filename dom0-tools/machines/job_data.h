/*
 * The host's side of the shared memory (channel.h): a job into it, streams and
 * files out of it.
 */
#ifndef MACHINES_JOB_DATA_H
#define MACHINES_JOB_DATA_H

#include <stdint.h>

#include "machines/channel.h"
#include "machines/lab.h"

/*
 * Write the job, whole, before the guest runs.  `header` maps the whole
 * channel.  Same job, same bytes: names and contents only, no times or owners.
 */
int job_data_write(struct channel_header *header, const struct lab_job *job, uint32_t flags);

/* How far a stream has been copied out. */
struct tail {
    struct channel_stream *stream;
    uint64_t area, capacity, copied;
    int fd;                  /* -1: discard */
    const char *name;        /* for messages */
    bool failed;             /* fd takes nothing more; said once */
};

/* Copy what is new; STATUS_FAILED when it could not be written, 128 + SIGPIPE
 * when nobody reads it any more. */
int tail_copy(struct tail *tail, const struct channel_header *header);
/* After the end: STATUS_FAILED, with a message, when the agent lost output. */
int tail_finish(const struct tail *tail);

/* Write the fetched files; STATUS_FAILED, with messages, when one is missing. */
int job_data_fetch(const struct channel_header *header, const struct lab_job *job);

#endif
