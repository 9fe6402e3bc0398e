/*
 * Rows that change what cannot be changed back: run by a thread, or a process, that ends with them.
 */
#ifndef APP_APART_H
#define APP_APART_H

#include "app/row.h"

/* Of rows of mechanisms: why only one column has them. */
#define ALONE "measured of a process on Linux itself: it is what the others are made of"

/* What sets r->failure where it cannot go on; what it changes is its thread's, or its process's. */
typedef void apart_function(struct row_run *r);

void by_thread(struct row_run *r, apart_function *);
/* In a child of its own, in which nothing else runs.  Its samples and its failure become ours. */
void by_child(struct row_run *r, apart_function *);
/* The same in a child that is traced by us: at each of its stops, with waitpid()'s status, `at_stop` lets it go
 * on. */
void by_traced_child(struct row_run *r, apart_function *, void (*at_stop)(int child, int status));
/* Each sample in a child of its own; the function keeps one. */
void each_by_child(struct row_run *r, apart_function *);

/* Can it be done here?  Run it without a sample; NULL, or why not: for set-up. */
const char *apart_possible(apart_function *);

/* Another row's work, from its set-up to its teardown, where we are now. */
void run_again(struct row_run *r, const struct row_code *);

/* Rows that are run again: the application's own. */
extern const struct row_code *const page_fault_again, *const eventfd_again, *const pread_again,
                             *const open_close_again;

#endif
