/*
 * One run of the whole catalogue, shared by the suites that assert on what its
 * figures mean.
 */
#ifndef LAB_CATALOGUE_H
#define LAB_CATALOGUE_H

#include <stdio.h>

#include <CUnit/CUnit.h>
#include <jansson.h>

/*
 * The results of `run` of all rows, or in `make test` of each path's first ones (catalogue.c): read
 * from the file that the first call of any process wrote, until they are forgotten.  Fatal when
 * the run fails.  A test that reads them is added by add_both(), and asks tests_take_long before
 * it looks at the others.
 */
json_t *catalogue(void);
void catalogue_forget(void);

/* Of pv, pvh and hvm in this order, how many have rows whose domain is of a further kind (FIFO event
 * channels, a peer, a shared CPU, shadow paging, …): HVM's are for `make test-long`. */
#define MODES_WITH_ALL_DOMAINS (tests_take_long ? 3u : 2u)

/* An integer field of a row's result in it; -1 when there is none. */
long long catalogue_figure(const char *row, const char *mode, const char *field);
#define median(row, mode) catalogue_figure(row, mode, "median")

/* a < b, both measured; says which when not. */
#define LESS(a, b)                                                              \
    do {                                                                        \
        long long a_ = (a), b_ = (b);                                           \
        if ( a_ < 0 || a_ >= b_ )                                               \
            fprintf(stderr, "%s = %lld is not below %s = %lld\n", #a, a_, #b, b_); \
        CU_ASSERT(a_ >= 0 && a_ < b_);                                          \
    } while ( 0 )

#endif
