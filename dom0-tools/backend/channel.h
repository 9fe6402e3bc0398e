/*
 * One event channel of a backend, bound to one of a frontend's: against those
 * that send events for nothing.
 */
#ifndef BACKEND_CHANNEL_H
#define BACKEND_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/events.h"

enum heard {
    HEARD_NOTHING,   /* there was no work */
    HEARD_WORK,
    HEARD_LATER,     /* channel_handled() is called later: the port stays masked */
};

struct channel {
    uint32_t port;                /* our end; 0: not bound */
    struct events *events;        /* the rest is the channel's own */
    uint32_t domid;
    enum heard (*event)(void *context);
    void *context;
    unsigned spurious;            /* events in a row that announced nothing */
    struct loop_timer unmask;     /* put off while the frontend storms */
};

/*
 * Bind to port `remote` of domain `domid`, and call `event` for each event from now on.
 * It may unbind the channel.  False with errno set.
 */
bool channel_bind(struct channel *, struct events *, uint32_t domid, uint32_t remote,
                  enum heard (*event)(void *context), void *context);

/* Harmless when it is not bound. */
void channel_unbind(struct channel *);

/* Tell the frontend. */
static inline void channel_notify(const struct channel *c)
{
    xenevtchn_notify(events_handle(c->events), c->port);
}

/*
 * An event came: have it handled, and hear the next one.  A frontend that sends events
 * for nothing is heard again only after a while: the kernel keeps the port
 * masked until then, so that the storm costs nobody anything.
 */
void channel_event(struct channel *);

/* The same for whoever handled it himself. */
void channel_handled(struct channel *, bool work);

#endif
