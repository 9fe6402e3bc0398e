/*
 * The lab's machine in Bochs: a second emulator, with Intel's VMX and, written by other people
 * than QEMU's, AMD's SVM.  Packages: configs/packages-bochs.
 */
#ifndef MACHINES_BOCHS_BOCHS_H
#define MACHINES_BOCHS_BOCHS_H

#include "lib/child.h"
#include "machines/emulator.h"

#define BOCHS_PROGRAM "/usr/bin/bochs-bin"
#define BOCHS_RAM     768u                /* MiB */
#define BOCHS_PLUGIN  "bochs-plugin.so"   /* plugin.c */

/*
 * Bochs's part of an instance (machines/instance.h).  Its files have no names: it opens them
 * through /proc/self/fd, and they are gone with it.
 */
struct bochs_own {
    struct child child;
    int config, commands, log, messages;   /* memory files */
    int terminal;               /* our end of the terminal it draws its screen on */
    int console;                /* its end of the serial line, where that is a terminal */
    uint64_t spent;             /* ms of CPU time, when that was last seen to grow … */
    uint64_t looked, still;     /* … when we last looked, and for how many ms it hasn't grown */
};

/* Numbers of those files, the same in every run: a saved machine names them. */
enum { BOCHS_FD_CONFIG = 200, BOCHS_FD_DISK, BOCHS_FD_SERIAL, BOCHS_FD_LOG, BOCHS_FD_COMMANDS };

/*
 * Where a file is of the Bochs that is used (program.c), by its path in Debian's packages; the
 * caller's.  bochs_get() has it there: an enum status.
 */
char *bochs_file(const char *path);
int bochs_get(void);
char *bochs_version(void);

/* emulator.h, forget: what bochs_get() put into the cache. */
void bochs_forget(const struct cache *cache);

/* Its configuration (bochsrc(5)); the caller's. */
char *bochs_configuration(const struct lab_options *options, const char *serial);

/* What GRUB boots, as the image's grub.cfg; the caller's. */
char *bochs_grub_configuration(const char *xen_options, const char *dom0_options);

/* Has the directory room for a machine's memory, the most that a snapshot takes?  An enum status. */
int bochs_require_space(const char *directory);

/* emulator.h, save. */
int bochs_save(struct instance *instance, const char *directory);

/* The image it boots, in the lab's directory, by its configuration: valid until the next call. */
const char *bochs_iso_name(void);

/* emulator.h, made and make: that image. */
bool bochs_iso_exists(const struct cache *cache);
int bochs_iso_make(struct cache *cache);

#endif
