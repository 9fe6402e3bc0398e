/*
 * Made-up but plausible results of all rows of `make bench` in all modes, the
 * way a run in the exact lab yields them.
 */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include "measure/result.h"

/* Those that results have (dom0-tools/guests/). */
extern const struct column column_pv, column_pvh, column_hvm, column_bare, column_dom0;

void fixture_fill(struct results *);

/* The result of a row in a column; ends the test when there is none. */
struct result *fixture_find(struct results *, const char *row, const struct column *column);

#endif
