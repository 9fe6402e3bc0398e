/*
 * QEMU's part of an instance (machines/instance.h).
 */
#ifndef MACHINES_QEMU_PARTS_H
#define MACHINES_QEMU_PARTS_H

#include "machines/emulator.h"
#include "machines/qemu/qemu.h"

struct qemu_own {
    struct qemu qemu;
    int cpu_plugin;             /* descriptor of cpu-plugin.so, or -1 */
    int ram, state;             /* while they are needed, else -1 */
};

/* emulator.h, save */
int qemu_save(struct instance *instance, const char *directory);

/* Memory stays out of the state's stream: to be said on both sides. */
int qemu_ignore_shared(struct qemu *qemu);
/* Where the guest's firmware put the channel: slot on PCI bus 0, address of its memory. */
int qemu_find_channel(struct instance *instance, unsigned *slot, uint64_t *address);

#endif
