/*
 * Made-up but plausible results of all rows of `make bench` in all modes, the
 * way a run in the exact lab yields them.
 */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include "measure/result.h"

void fixture_fill(struct results *);

/* The result of a row in a mode; ends the test when there is none. */
struct result *fixture_find(struct results *, const char *row, enum mode mode);

#endif
