/*
 * The neighbour that all frames of the net rows go to and come back from: a
 * packet socket on a bridge of dom0 (packet(7)), served by a thread that sleeps in it.  Other
 * peers' rows (xen-netback, QEMU's cards) contain its wake-up: it must not be longer than a
 * program takes that does nothing else, and the loop's sleep (backend/events.h) is for events.
 */
#ifndef BACKEND_REFLECTOR_H
#define BACKEND_REFLECTOR_H

#include <net/if.h>

#include <stdint.h>

struct reflector;

/* Reflect what comes to the network interface, until reflector_free().  NULL with *error (the
 * caller's to free). */
struct reflector *reflector_new(const char *interface, char **error);
void reflector_free(struct reflector *);

/* Look at the interface's address again: a bridge's changes with its ports, unless
 * somebody set it.  NULL, or why not (the caller's). */
char *reflector_look(struct reflector *);

/* Frames sent back so far. */
uint64_t reflector_frames(const struct reflector *);

#endif
