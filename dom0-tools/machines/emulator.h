/*
 * What executes the lab's Xen: a folder each, QEMU (machines/qemu), Bochs (machines/bochs), with
 * one EMULATOR() in it, which the linker collects.  The rest of the program knows them only by
 * these functions; the CPU in lab_options says which one it is.
 */
#ifndef MACHINES_EMULATOR_H
#define MACHINES_EMULATOR_H

#include <stdbool.h>

#include "machines/instance.h"
#include "systems/cache.h"

/* One of a lab's, by the name of its directory there. */
struct emulator_snapshot {
    const char *name, *clock;
    bool smp;
};

/* What users call a CPU, and what lab_options have for it. */
struct emulator_cpu {
    const char *name, *cpu;
};

struct emulator {
    const char *name;                /* for messages: "QEMU" */
    const struct architecture *architecture;   /* of its machine */

    /* Is it the one for lab_options with that CPU (NULL: none was named)? */
    bool (*has_cpu)(const char *cpu);
    /* Those with a name for users, ended by one without. */
    const struct emulator_cpu *cpus;
    /* A CPU by the emulator's own name for it: STATUS_OK or, said why not, another.  NULL: its
     * CPUs have no other names. */
    int (*check_cpu)(const char *cpu);
    /* Why there are no PVH and HVM domains on that CPU; NULL: there are.  May be NULL. */
    const char *(*no_hvm)(const char *cpu);

    bool two_cpus;                   /* has options->smp */
    bool any_system;                 /* boots systems without Xen, too */
    bool slow;                       /* executes some 40 million instructions a second */
    const char *traces;              /* its program, which loads trace/plugin.c; NULL: none can */
    bool adds_features;              /* that its CPU lacks: enum lab_feature */
    unsigned boot_seconds;           /* to a waiting agent, on a busy machine */

    /* Hash of all that decides, beside the lab's content, what is in a snapshot of that system: part
     * of the lab's key.  0: the emulator is not installed. */
    uint64_t (*key)(const struct system *);

    /* STATUS_ENVIRONMENT, saying what to install, where it or one of its parts is missing. */
    int (*require)(const struct lab_options *options);

    /* The directory of that machine's snapshot in the lab's: valid until the next call.  It
     * tells all apart that decides what is in it and is not in the lab's key. */
    const char *(*snapshot_name)(const struct lab_options *options);

    /* Call `found` for each snapshot of it that is there, whatever its options were. */
    void (*snapshots)(const struct cache *cache,
                      void (*found)(void *context, const struct emulator_snapshot *), void *context);

    /* What it needs in the assembled lab besides what all need.  Both NULL: nothing.  `make`
     * with the build lock and the lab's use lock. */
    bool (*made)(const struct cache *cache);
    int (*make)(struct cache *cache);

    /* The parts of an instance (instance.h) that differ: instance->own is theirs. */
    int (*prepare)(struct instance *instance);
    int (*boot)(struct instance *instance, const struct cache *cache, int *console);
    int (*load)(struct instance *instance, const struct cache *cache);
    bool (*wait)(struct instance *instance, int milliseconds);
    uint64_t (*cpu_ms)(struct instance *instance);   /* that it has had, milliseconds */
    char *(*messages)(struct instance *instance);
    char *(*ending)(struct instance *instance);
    void (*end)(struct instance *instance);

    /* Write the machine, whose agent waits, into a directory and end it. */
    int (*save)(struct instance *instance, const char *directory);

    /* Its version, NULL when it is not installed; and the CPU it shows, by its own name.  The
     * caller's. */
    char *(*version)(void);
    char *(*cpu)(const struct lab_options *options);

    /* Remove what it keeps in the cache beside the labs; may be NULL. */
    void (*forget)(const struct cache *cache);
};

#define EMULATOR(identifier) \
    static const struct emulator emulator_##identifier \
        __attribute__((section("emulators"), used, aligned(8)))

/* All of them: for ( e = emulator_next(NULL); e; e = emulator_next(e) ). */
const struct emulator *emulator_next(const struct emulator *);

const struct emulator *emulator_of(const struct lab_options *options);

#endif
