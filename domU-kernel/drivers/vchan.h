/*
 * A client of libxenvchan's streams of bytes (xen/io/libxenvchan.h): the server, another
 * domain's process, grants a page with a ring for each direction, and says in XenStore which.
 * Both sides say when they want an event; neither sends one unasked.
 *
 *   field               written by   read by
 *   left.prod           client       server     bytes sent
 *   left.cons           server       client     of them taken
 *   right.prod, .cons   the other way round
 *   srv_notify          both         server     client sets what it wants to be told of,
 *                                               server clears what it tells
 *   cli_notify          both         client     the other way round
 *
 * What this side has produced and consumed it keeps in private memory.
 */
#ifndef DRIVERS_VCHAN_H
#define DRIVERS_VCHAN_H

#include "../arch/types.h"

/*
 * Connect to the server of `domain` whose directory in XenStore is `path`.  One at a time.
 * NULL, or why not: nothing is left then.
 */
const char *vchan_open(u32 domain, const char *path);
void vchan_close(void);

/* All of it or nothing, which the other side has no room for.  False: that. */
bool vchan_send(const void *data, u32 size);

/* All of it; sleeps until it is there.  False: the server has gone, or broken the rings. */
bool vchan_receive(void *data, u32 size);

#endif
