/*
 * The same rows on several CPUs, side by side: a line for each row and mode, so that any number
 * of CPUs fits a terminal.
 */
#ifndef REPORT_BESIDE_H
#define REPORT_BESIDE_H

#include <stddef.h>
#include <stdio.h>

#include "measure/result.h"

/* `names` are the columns' titles; ratios are to the first.  All are of one clock. */
void beside_print(FILE *, const struct results *all, const char *const *names, size_t count);

/* What each was measured on: of all but the first what differs from that. */
void beside_places(FILE *, const struct results *all, const char *const *names, size_t count,
                   unsigned width);

#endif
