/*
 * The neighbour that all frames of the net rows go to and come back from: a
 * packet socket on a bridge of dom0 (packet(7)).
 */
#ifndef BACKEND_REFLECTOR_H
#define BACKEND_REFLECTOR_H

#include <net/if.h>

#include "backend/loop.h"

struct reflector;

/*
 * Reflect what comes to the network interface, from the loop's turns on.  NULL with
 * *error (the caller's to free).
 */
struct reflector *reflector_new(struct loop *, const char *interface, char **error);
void reflector_free(struct reflector *);

/* Look at the interface's address again: a bridge's changes with its ports, unless
 * somebody set it.  NULL, or why not (the caller's). */
char *reflector_look(struct reflector *);

/* Frames sent back so far. */
uint64_t reflector_frames(const struct reflector *);

#endif
