/*
 * What each path took on one Xen after another: the table, the chart.
 */
#ifndef REPORT_HISTORY_H
#define REPORT_HISTORY_H

#include <stddef.h>
#include <stdio.h>

#include "measure/result.h"

/*
 * A panel for each row, a line for each mode: how much more or less than on the first Xen that has
 * a figure, in per cent.  `names` are the Xens, oldest first.
 */
void history_picture(FILE *, const struct results *all, const char *const *names, size_t count);

#endif
