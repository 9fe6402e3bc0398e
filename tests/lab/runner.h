/*
 * Runs suites of lab tests, each in a process of its own, several side by side, and says a line
 * of each test when it has ended; at the end what failed and how to repeat it, and what took
 * longest.
 */
#ifndef LAB_RUNNER_H
#define LAB_RUNNER_H

#include <stdbool.h>
#include <stddef.h>

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>

/* What a suite has to do with the one run of the catalogue (catalogue.h); whether all of its
 * tests are as those of add_long(). */
enum { MAKES_CATALOGUE = 1, READS_CATALOGUE = 2, TAKES_MINUTES = 4 };

struct job {
    void (*add)(void);   /* adds its suite to CUnit's registry */
    int flags;
};

/*
 * The tests of all of them that take long, or those that do not, at most `parallel` suites at a
 * time, in the order of the list but for those that wait for the catalogue.  0: all passed;
 * 1: not.
 */
int runner_all(const struct job *, size_t count, bool take_long, unsigned parallel);

/* Add a job's suite to the registry. */
void runner_add(const struct job *);

/* One suite of the registry, those tests of it that runner_all() would run, or (not NULL) one of
 * its tests, in this process. */
int runner_one(CU_pSuite, CU_pTest, bool take_long);

#endif
