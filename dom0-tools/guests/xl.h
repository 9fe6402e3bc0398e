/*
 * Run xl, always with a deadline.
 */
#ifndef GUESTS_XL_H
#define GUESTS_XL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Run `xl` with a NULL-terminated list of arguments (argv[0] is "xl"), stdin
 * from /dev/null, in a process group of its own, so that Ctrl-C does not stop
 * it half-way.  Killed with its group after `seconds`.
 *
 * NULL when it succeeded; else why it did not, in one line that quotes what xl
 * said itself (the caller's to free).  *missing: there is no xl to run.
 */
char *xl_run(const char *const *argv, unsigned seconds, bool *missing);

/* Somebody to be called while xl runs: whenever `fd` can be read. */
struct xl_watcher {
    int fd;
    void (*ready)(void *context);
    void *context;
};

/* The same, with a watcher; NULL: none. */
char *xl_run_watched(const char *const *argv, unsigned seconds, bool *missing,
                     const struct xl_watcher *);

/*
 * `xl create -p`: the domain is left paused and nobody but us waits for its
 * end.  `settings` are "key=value" lines added to the config file, a
 * NULL-terminated list.  As xl_run().
 */
char *xl_create(const char *config, const char *const *settings, unsigned seconds,
                bool *missing, const struct xl_watcher *);

/*
 * An error of xl_create() with the last line that the domain's device model wrote, if it
 * wrote any: what xl itself says of one that died is that its socket is gone.  Takes
 * `error`, returns what is the caller's.  libxl, libxl__create_qemu_logfile():
 * /var/log/xen/qemu-dm-NAME.log.
 */
char *xl_add_device_model(char *error, const char *name);

/* `xl destroy`.  As xl_run(). */
char *xl_destroy(uint32_t domid, unsigned seconds);

/*
 * The line of xl's output that says most: the first error, without the names of
 * libxl's functions and files before it, else the last line.  The caller's.
 */
char *xl_meaning(const char *output);

#endif
