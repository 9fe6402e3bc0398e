/*
 * How a row is written that this program measures itself: what happens to
 * domains from outside, and what a process in dom0 pays.  One file a family in
 * dom0-tools/rows/, one ROW() a row: nothing else changes.
 *
 * The descriptor is that of the image's rows (xenometer/row.h), with these
 * differences: run() is called in each of the row's columns, before any domain
 * exists, and makes those it needs (guests/domain.h, measure/party.h); what it
 * keeps for the family's next row, teardown() ends, called once when all rows of the
 * column are through.  Column "dom0" is for rows without domains.
 */
#ifndef MEASURE_ROW_H
#define MEASURE_ROW_H

#include <stdbool.h>

#include <xenometer/row.h>

#include "lib/tsc.h"

struct column;
struct domains;

/* One run of one row in one column. */
struct row_run {
    struct domains *domains;     /* makes domains; knows options and host */
    const struct image_row *row;
    const struct column *column;
    uint64_t *ticks;             /* where samples go; `count` of them fit */
    uint32_t count, warmup;
    uint32_t taken;              /* samples stored so far */
    uint64_t first;              /* ticks of the very first iteration */
    uint64_t overhead;           /* ticks of the empty region in a sample */
    uint64_t served[2];          /* requests of the least and the most served domain; 0: none */
    char *skip;                  /* set by run(), owned: it cannot run here, and why */
    char *failure;               /* what Xen or the device did wrong */
    char *error;                 /* what the testbed did wrong */
};

/* A descriptor in the row table and its functions in the other; the linker collects
 * them (catalogue/catalogue.c). */
#define ROW(identifier, ...) \
    static const struct row_code code_##identifier \
        __attribute__((section("own_code"), used, aligned(8))) = { __VA_ARGS__ }; \
    static const struct row row_##identifier \
        __attribute__((section("own_rows"), used, aligned(8)))

/* Keep iteration i's ticks. */
static inline void sample_keep(struct row_run *r, uint32_t i, uint64_t ticks)
{
    if ( i == 0 )
        r->first = ticks;
    if ( i >= r->warmup && r->taken < r->count )
        r->ticks[r->taken++] = ticks;
}

#endif
