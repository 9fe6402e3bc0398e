/*
 * Made-up but plausible results of all rows of `make bench` in all modes, the
 * way a run in the exact lab yields them.
 */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include <stdio.h>

#include "measure/result.h"

struct layout;
struct layout_row;

/* Those that results have (dom0-tools/guests/). */
extern const struct column column_pv, column_pvh, column_hvm, column_bare, column_dom0, column_arm64;

void fixture_fill(struct results *);

/* The result of a row in a column; ends the test when there is none. */
struct result *fixture_find(struct results *, const char *row, const struct column *column);

/* Give a result a distribution; the counts must add up to its samples. */
void fixture_distribute(struct result *, size_t distinct, const struct tally *);

/* What one of the tables' printers prints of them; the caller's to free. */
char *fixture_print(const struct results *, void (*printer)(FILE *, const struct results *));

/* A row of a table; ends the test when there is none. */
const struct layout_row *fixture_row(const struct layout *, const char *name);

#endif
