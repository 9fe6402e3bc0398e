/*
 * The ways a peer on a ring can do wrong, by id: F1 … F42 a frontend's, our backend attacked;
 * B1 … B15 a backend's, our unikernel attacked.
 *
 * A case is tried by rows of the hostile image (tests/image/rows): those whose names have its
 * id in them, such as hostile/f8-f15-requests.  What must come of such a row stands in its
 * explanation: "OUTCOME", "OUTCOME: what its reason contains", and behind either "; says what
 * the backend says on its log".  A case that takes more than a row has a script for dom0.
 */
#ifndef CATALOGUE_ATTACKS_H
#define CATALOGUE_ATTACKS_H

#include <stdbool.h>
#include <stddef.h>

#include "catalogue/image.h"

struct attack {
    const char *id;          /* "F6" */
    const char *attacker;    /* what it does */
    const char *defence;     /* what stops it, and in which file */
    const char *must;        /* what the victim must see */
    const char *script;      /* for a shell in dom0; NULL: the rows do it */
    bool evil;               /* the script's program is the one with hostile backends */
};

extern const struct attack attacks[];
extern const size_t attack_count;

/* Is it a backend's: does the program with hostile backends (xenometer-evil) serve its rows? */
bool attack_by_backend(const struct attack *);

/* Does this row try that case?  Not those that take minutes or a device of their own: a
 * script runs them. */
bool attack_has_row(const struct attack *, const char *row);

/* Is the row to have a run, and so a domain, of its own: what it breaks stays broken? */
bool attack_row_alone(const char *row);

/* A row's explanation, read; the texts are the caller's, NULL where there are none. */
struct attack_right {
    char *outcome, *reason, *says;
};
struct attack_right attack_right(const char *explanation);
void attack_right_free(struct attack_right *);

#endif
