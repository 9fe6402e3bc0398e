/*
 * The event channels of this process, and the sleep of its loop.
 *
 * A wake-up by an event is in the measured path, so it is one system call: the loop sleeps in
 * a read of /dev/xen/evtchn, where epoll would be a call to learn that there is something and
 * another to fetch it.  One handle serves all devices, which get their events in the order in which these
 * came.  Whatever else the loop waits for is watched by a thread that does nothing else:
 * when something is ready it sends an event on a channel that leads from here to here.
 * Where there can be no such thread (an old libc), the loop sleeps in epoll, and says so.
 */
#ifndef BACKEND_EVENTS_H
#define BACKEND_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include <xenevtchn.h>

#include "backend/loop.h"

struct events;
struct channel;

/* NULL with errno set: there is no /dev/xen/evtchn.  The loop sleeps by it until
 * events_close(), before which all channels must be unbound. */
struct events *events_open(struct loop *);
void events_close(struct events *);

/* Does the loop sleep in that read?  False: in epoll. */
bool events_by_read(const struct events *);

xenevtchn_handle *events_handle(const struct events *);
struct loop *events_loop(const struct events *);

/*
 * Fetch one event and handle it.  False: there is none, which only a process that is
 * awake (events_awake()) or was interrupted gets to know.
 */
bool events_take(struct events *);

/* Don't sleep in events_take(), until it was said as often with false. */
void events_awake(struct events *, bool on);

/* errno of what keeps the events from being read, 0: nothing. */
int events_trouble(const struct events *);

/* Whose events come on our port; NULL: nobody's any more.  False: no memory. */
bool events_listen(struct events *, uint32_t port, struct channel *);

#endif
