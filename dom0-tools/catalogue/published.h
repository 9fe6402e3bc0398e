/*
 * What others have published of the same work: figures of real hardware and of other hypervisors, to
 * stand beside a row's own.  Never in one ratio with them: theirs are cycles, the lab's instructions.
 */
#ifndef CATALOGUE_PUBLISHED_H
#define CATALOGUE_PUBLISHED_H

#include <stddef.h>

struct published {
    const char *row;        /* whose work it is */
    unsigned cycles;        /* of the CPU named */
    const char *what;       /* in its authors' words or nearly */
    const char *on;         /* the CPU, the hypervisor */
    const char *source;     /* author, title, year, the table or the message; and where it was read */
};

/* The i-th of those for the row of that name, from 0; NULL: there are no more. */
const struct published *published_for(const char *row, size_t i);

/* The i-th of all, from 0; NULL: there are no more. */
const struct published *published_at(size_t i);

#endif
