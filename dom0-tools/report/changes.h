/*
 * What differs between two results files, as a table.
 */
#ifndef REPORT_CHANGES_H
#define REPORT_CHANGES_H

#include "report/comparison.h"

/* The row and mode it is about: the newer result, where there is one. */
const struct result *change_result(const struct change *);

/* Print all that differ, and how many do not; `before` and `after` are the columns' titles.  An
 * enum status. */
int changes_print(const struct comparison *, const char *clock,
                  const char *before, const char *after);

#endif
