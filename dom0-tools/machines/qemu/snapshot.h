/*
 * A lab's snapshots: booted once per clock, number of CPUs and their features, loaded by each run.
 *
 * A snapshot is three files: `ram`, the guest's memory (sparse), `state`, QEMU's
 * device state, and `bar`, where the shared memory was.  A run maps `ram` privately, so loading takes no longer
 * than starting QEMU, and runs side by side share the page cache.
 */
#ifndef MACHINES_QEMU_SNAPSHOT_H
#define MACHINES_QEMU_SNAPSHOT_H

#include "machines/qemu/qemu.h"
#include "systems/cache.h"

/* A running lab machine and what belongs to it. */
struct instance {
    struct qemu qemu;
    struct lab_options options;
    int cpu_plugin;             /* descriptor of cpu-plugin.so, or -1 */
    int channel;                /* memory file behind the shared memory */
    struct channel_header *header;   /* mapping of all of it */
    int serial;                 /* memory file with Xen's serial log, or -1 */
    size_t looked;              /* bytes of serial searched for a panic */
    int ram, state;             /* while they are needed, else -1 */
};

/* Everything but QEMU: the shared memory is mapped and empty, for a job.  The options' plugin
 * is for jobs only; what they point to is borrowed. */
int instance_prepare(struct instance *instance, const struct lab_options *options);

/*
 * Start QEMU in the lab's directory: from power-on in a memory file, or from
 * the snapshot.  It runs on return.  `console`: a socket for the serial line
 * instead of a log, or -1.
 */
int instance_boot(struct instance *instance, const struct cache *cache, int console);
int instance_load(struct instance *instance, const struct cache *cache);

/* Memory stays out of the state's stream: to be said on both sides. */
int instance_ignore_shared(struct qemu *qemu);
/* Where the guest's firmware put the channel: slot on PCI bus 0, address of its memory. */
int instance_find_channel(struct instance *instance, unsigned *slot, uint64_t *address);

/* End QEMU and free everything, in any state. */
void instance_end(struct instance *instance);

/*
 * Whether Xen or dom0's kernel has said that it gives up.  Waiting for the
 * reset that follows takes minutes under the instruction clock: delays are
 * loops there.
 */
bool instance_panicked(struct instance *instance);

/* "… ended before …": one line, then the last lines of Xen's serial log. */
void instance_explain(struct instance *instance, const char *what);

/* Write serial.log and qemu.log into a directory (lab_options.keep_logs). */
void instance_keep_logs(struct instance *instance, const char *directory);

bool snapshot_exists(const struct cache *cache, const struct lab_options *options);
/* Boot and write it; the build lock and the lab's use lock must be held. */
int snapshot_make(struct cache *cache, const struct lab_options *options);

#endif
