/*
 * One process at a time: a name that is one's own until one ends, however.
 */
#ifndef BACKEND_CLAIM_H
#define BACKEND_CLAIM_H

/* One that was just killed may still end: so often, so many nanoseconds apart. */
#define CLAIM_TRIES 100u
#define CLAIM_TICK  20000000

/*
 * A descriptor that holds the name; close() gives it back, and so does the kernel
 * when its owner is killed.  -1 with errno set, EADDRINUSE when it is another's.
 */
int claim_take(const char *name);

/* The same, tried so often. */
int claim_wait(const char *name, unsigned tries);

#endif
