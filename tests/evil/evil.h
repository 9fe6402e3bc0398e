/*
 * Hostile backends: what build/xenometer-evil has more than build/xenometer.  A row that
 * suffers one has it made by an operation on the data ring (hooks.c).
 */
#ifndef EVIL_EVIL_H
#define EVIL_EVIL_H

#include "backend/split.h"
#include "cases.h"

/* A device whose backend does wrong. */
struct evil {
    struct split split;      /* first; follows the frontend */
    struct evil *next;       /* of all of the domain */
    unsigned which;          /* enum evil_disk or enum evil_nic */
    unsigned served;         /* requests so far */
    bool done;               /* what it is for; it serves no more */
};

/* Make the device of a case.  NULL with *error (the caller's). */
struct evil *evil_disk(struct host *, uint32_t domid, unsigned which, char **error);
struct evil *evil_nic(struct host *, uint32_t domid, unsigned which, char **error);

/* Send events for nothing. */
void evil_storm(struct split *);

/*
 * Change a word in shared memory to and fro between two values, for as long as the
 * frontend needs to come and look, on another CPU.  The first stays.
 */
void evil_flip(volatile uint64_t *word, uint64_t stays, uint64_t other);

/* Write what is no state as the backend's. */
void evil_state_word(struct split *, const char *word);

#endif
