/*
 * Serve a device to one domain, from its making to Ctrl-C or the domain's end: what
 * `xenometer disk` and `xenometer net` have in common.
 */
#ifndef BENCH_SERVE_H
#define BENCH_SERVE_H

#include "backend/split.h"

struct served {
    const char *driver;      /* "blkfront": what a domain needs to take it */
    const char *busy;        /* "is it mounted?": why a domain may keep it */
    /*
     * Make the device and say in a line what is served.  NULL with *error (the
     * caller's).
     */
    struct split *(*begin)(struct host *, uint32_t domid, const void *options, char **error);
    /* Say what was done, and free it. */
    void (*end)(struct split *);
};

/* For a domain by name or number; `file` is what begin() opens besides Xen's devices, or NULL: all
 * else is given up (backend/confine.h).  An enum status; the reason was printed. */
int serve(const char *domain, const struct served *, const void *options, const char *file,
          bool writable);

#endif
