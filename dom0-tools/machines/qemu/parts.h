/*
 * QEMU's part of an instance (machines/instance.h).
 */
#ifndef MACHINES_QEMU_PARTS_H
#define MACHINES_QEMU_PARTS_H

#include "machines/emulator.h"
#include "machines/qemu/machine.h"
#include "machines/qemu/qemu.h"

struct qemu_own {
    struct qemu qemu;
    int cpu_plugin;             /* descriptor of the plugin that is a part of the machine, or -1 */
    int ram, state;             /* while they are needed, else -1; without a file for the memory, that is
                                   part of the state */
};

/* A machine's arguments for these files, to be freed by machine_free(). */
typedef void qemu_command_line(struct machine *, const struct lab_options *, struct machine_files *,
                               const struct cache *);

/* What any machine of QEMU's has for emulator.h.  First `own`, with nothing open. */
struct qemu_own *qemu_instance_prepare(struct instance *instance);
/* own->cpu_plugin, of that name beside this program.  An enum status; said why. */
int qemu_open_plugin(struct qemu_own *own, const char *name);
/* QEMU, waiting, with the descriptors that are there; `console`: -1, or its end of the serial line. */
int qemu_instance_start(struct instance *instance, const struct cache *cache, int console,
                        qemu_command_line *);
/* From power-on; *console: our end, unless it is NULL. */
int qemu_instance_boot(struct instance *instance, const struct cache *cache, int *console,
                       qemu_command_line *);
/* Of that program; NULL: it is not installed.  The caller's. */
char *qemu_version(const char *program);
bool qemu_instance_wait(struct instance *instance, int milliseconds);
uint64_t qemu_instance_cpu_ms(struct instance *instance);
char *qemu_instance_messages(struct instance *instance);
char *qemu_instance_ending(struct instance *instance);
void qemu_instance_end(struct instance *instance);

/* The snapshot's state, of that name in the lab, to be loaded; then into the machine that waits
 * for it, which then waits to run. */
int qemu_open_state(struct instance *instance, const struct cache *cache, const char *name);
int qemu_load_state(struct qemu_own *own);

/* emulator.h, save */
int qemu_save(struct instance *instance, const char *directory);

/* Memory stays out of the state's stream: to be said on both sides. */
int qemu_ignore_shared(struct qemu *qemu);
/* Where the guest's firmware put the channel: slot on PCI bus 0, address of its memory. */
int qemu_find_channel(struct instance *instance, unsigned *slot, uint64_t *address);

#endif
