/* Linux bridges and their ports, by the calls brctl(8) and ip(8) make. */
#ifndef BACKEND_BRIDGE_H
#define BACKEND_BRIDGE_H

#include <stdbool.h>

/* All: NULL, or what went wrong (the caller's to free). */

/* Make a bridge with no ports, up, whose address stays the same whoever joins. */
char *bridge_make(const char *name);
char *bridge_remove(const char *name);

/*
 * Join an interface to it, and set it up.  It gets an address that no bridge takes
 * for its own (Xen's convention), and no IPv6, which would talk by itself.
 */
char *bridge_join(const char *bridge, const char *interface);

bool bridge_exists(const char *name);

#endif
