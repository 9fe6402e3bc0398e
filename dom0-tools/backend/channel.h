/*
 * One event channel of a backend, bound to one of a frontend's: against those
 * that send events for nothing.
 */
#ifndef BACKEND_CHANNEL_H
#define BACKEND_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include <xenevtchn.h>

#include "backend/loop.h"

struct channel {
    uint32_t port;                /* our end; 0: not bound */
    xenevtchn_handle *events;     /* the rest is the channel's own */
    struct loop *loop;
    uint32_t domid;
    unsigned spurious;            /* events in a row that announced nothing */
    struct loop_timer unmask;     /* put off while the frontend storms */
};

/* Bind to port `remote` of domain `domid`.  False with errno set. */
bool channel_bind(struct channel *, xenevtchn_handle *, struct loop *, uint32_t domid,
                  uint32_t remote);

/* Harmless when it is not bound. */
void channel_unbind(struct channel *);

/*
 * The event is handled; `work`: it announced some.  A frontend that sends events
 * for nothing is heard again only after a while: the kernel keeps the port
 * masked until then, so that the storm costs nobody anything.
 */
void channel_handled(struct channel *, bool work);

#endif
