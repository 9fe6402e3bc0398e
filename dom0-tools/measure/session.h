/*
 * Drive domains on the Xen of this machine: create, connect, run rows,
 * collect, destroy.  One process is toolstack, backend and brain.
 */
#ifndef MEASURE_SESSION_H
#define MEASURE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalogue/select.h"
#include "measure/result.h"

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

#endif
