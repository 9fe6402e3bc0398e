/*
 * A running lab machine: started, followed, ended, the same way whichever emulator
 * (emulator.h) it runs in.  It lives no longer than we do.
 */
#ifndef MACHINES_INSTANCE_H
#define MACHINES_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>

#include "machines/channel.h"
#include "machines/lab.h"
#include "systems/cache.h"

struct emulator;

struct instance {
    const struct emulator *emulator;
    struct lab_options options;
    int channel;                /* memory file behind the shared memory */
    struct channel_header *header;   /* mapping of all of it */
    int serial;                 /* memory file with Xen's serial log, or -1 */
    size_t looked;              /* bytes of serial searched for a panic */
    const char *save_to;        /* directory it will be saved to (snapshot.c), or NULL */
    void *own;                  /* the emulator's */
};

/* Everything but the emulator's process: the channel is mapped and empty, for a job.  The
 * options' plugin is for jobs only; what they point to is borrowed. */
int instance_prepare(struct instance *instance, const struct lab_options *options);

/*
 * Start in the lab's directory: from power-on, or from the snapshot.  It runs on return.
 * `console`: gets a socket or terminal at the other end of the serial line, the caller's; NULL:
 * that is a log.
 */
int instance_boot(struct instance *instance, const struct cache *cache, int *console);
int instance_load(struct instance *instance, const struct cache *cache);

/* Wait up to `milliseconds`; true when the emulator has ended, or its agent said that
 * nothing comes any more. */
bool instance_wait(struct instance *instance, int milliseconds);

/* Until the agent waits for a job, or has got one.  Says why not. */
int instance_wait_for_agent(struct instance *instance);

/* "QEMU was killed by signal 9 (Killed)", after it has ended, with its last message. */
char *instance_ending(struct instance *instance);

/* End the emulator and free everything, in any state. */
void instance_end(struct instance *instance);

/*
 * Whether Xen or dom0's kernel has said that it gives up.  Waiting for the
 * reset that follows takes minutes under the instruction clock: delays are
 * loops there.
 */
bool instance_panicked(struct instance *instance);

/* Xen's log and dom0's so far; the caller's. */
char *instance_log(struct instance *instance);

/* "… ended before …": one line, then the last lines of Xen's serial log. */
void instance_explain(struct instance *instance, const char *what);

/* Write serial.log and the emulator's messages, such as qemu.log, into a directory
 * (lab_options.keep_logs). */
void instance_keep_logs(struct instance *instance, const char *directory);

#endif
