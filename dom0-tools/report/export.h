/*
 * Results in forms that other programs read.
 */
#ifndef REPORT_EXPORT_H
#define REPORT_EXPORT_H

#include <stdio.h>

#include "measure/result.h"

struct export_format {
    const char *name;   /* "csv" */
    const char *help;
    void (*print)(FILE *, const struct results *);
};

/* NULL-named at the end. */
extern const struct export_format export_formats[];

/* By name; NULL after a message that lists them. */
const struct export_format *export_find(const char *name);

#endif
