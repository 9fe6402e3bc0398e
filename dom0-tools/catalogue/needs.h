/*
 * What rows need, in words.
 */
#ifndef CATALOGUE_NEEDS_H
#define CATALOGUE_NEEDS_H

#include <xenometer/row.h>

/* "two vCPUs on one physical CPU; a bridge in dom0"; NULL: nothing.  The caller's. */
char *needs_text(row_needs);

#endif
