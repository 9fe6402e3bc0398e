/*
 * Drive domains on the Xen of this machine: create, connect, run rows,
 * collect, destroy.  One process is toolstack, backend and brain.
 */
#ifndef MEASURE_SESSION_H
#define MEASURE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalogue/image.h"
#include "measure/result.h"

/* One row to run, in the modes asked for. */
struct selection {
    const struct image_row **rows;   /* borrowed from the image, in order */
    size_t count;
    uint32_t modes;                  /* enum mode bits; MODE_BARE is not ours */
};

struct session_options {
    const struct image *image;       /* borrowed */
    const char *elf;                 /* the unikernel's path */
    const char *config_dir;          /* holds pv.cfg, pvh.cfg, hvm.cfg */
    const char *bridge;              /* of dom0, for the net rows; NULL: one of our own */
    const char *kernel;              /* for Linux domains; NULL: dom0's, in /boot */
    uint32_t samples;                /* 0: each row's own number */
    unsigned boots;                  /* domains of each kind, one after another; at least 1 */
    uint64_t seed;                   /* of their order: plan.h */
    bool keep_raw;
    unsigned row_deadline;           /* seconds a row may take, wall clock */
    unsigned domain_deadline;        /* seconds from xl create to Connected */
};

/*
 * Run the selection and append one result per row and mode to `results`
 * (skips included, with their reason).  Each kind of domain (a mode and what its
 * rows need) is booted `boots` times, the kinds interleaved.  baseline/empty is
 * always measured first in each domain, as the overhead of the others.  A domain
 * that dies or hangs costs the row it was in (error, with the reason; it is not
 * tried again); the rest goes on in a new domain.  No domain, XenStore node, grant map or port stays behind,
 * also when interrupted.  Returns an enum status: STATUS_OK when the run itself
 * worked, whatever the outcome of rows.
 */
int session_run(const struct session_options *, const struct selection *,
                struct results *);

/* Set by SIGINT/SIGTERM handlers; the session winds up when it sees it. */
extern volatile int session_interrupted;

#endif
