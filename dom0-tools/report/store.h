/*
 * Results kept under a name, to be compared with later: NAME.json below
 * $XDG_DATA_HOME/xenometer/results (~/.local/share where that is not set).
 */
#ifndef REPORT_STORE_H
#define REPORT_STORE_H

#include <stdbool.h>
#include <stdio.h>

#include "measure/result.h"

/* Letters, digits and . _ + - in it, up to 64 of them, no . first: STATUS_OK or, said why,
 * STATUS_USAGE. */
int store_check(const char *name);

/* Keep results; those of that name are replaced.  As output_write(). */
int store_save(const char *name, const struct results *);

/* The file of what is kept under that name, the caller's; NULL: nothing is, or the name has a
 * slash in it and so is a path. */
char *store_find(const char *name);

/* Print what is there, a line each: name, when it was measured, on what. */
int store_list(FILE *);

/* Forget it: STATUS_OK or, said why, STATUS_USAGE. */
int store_remove(const char *name);

#endif
