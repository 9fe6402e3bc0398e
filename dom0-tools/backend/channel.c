#include "backend/channel.h"

#include <errno.h>
#include <stddef.h>

#include "xenometer.h"

/* Events without work: so many are chance, more are answered ever later. */
#define TOLERATED     3u
#define LONGEST_DELAY 7u   /* log2 of ms; 128 ms keep the CPU idle and the
                              domain that repents alive */

static void unmask(void *context)
{
    struct channel *c = context;

    if ( c->port )
        xenevtchn_unmask(events_handle(c->events), c->port);
}

void channel_handled(struct channel *c, bool work)
{
    unsigned over;

    if ( work )
        c->spurious = 0;
    else if ( ++c->spurious > TOLERATED )
    {
        over = c->spurious - TOLERATED - 1;
        if ( over == LONGEST_DELAY )
            progress("domain %u: events for nothing on port %u; it is slowed down",
                     c->domid, c->port);
        if ( over > LONGEST_DELAY )
            over = LONGEST_DELAY;
        loop_timer_set(events_loop(c->events), &c->unmask, MILLISECONDS(1u << over));
        return;
    }
    unmask(c);
}

void channel_event(struct channel *c)
{
    enum heard heard = c->event(c->context);

    if ( c->port && heard != HEARD_LATER )
        channel_handled(c, heard == HEARD_WORK);
}

bool channel_bind(struct channel *c, struct events *events, uint32_t domid, uint32_t remote,
                  enum heard (*event)(void *context), void *context)
{
    int port = xenevtchn_bind_interdomain(events_handle(events), domid, remote);

    if ( port < 0 )
        return false;
    *c = (struct channel){
        .port = (uint32_t)port, .events = events, .domid = domid,
        .event = event, .context = context,
        .unmask = { .expired = unmask, .context = c },
    };
    if ( events_listen(events, c->port, c) )
        return true;
    channel_unbind(c);
    errno = ENOMEM;
    return false;
}

void channel_unbind(struct channel *c)
{
    if ( !c->port )
        return;
    loop_timer_clear(events_loop(c->events), &c->unmask);
    events_listen(c->events, c->port, NULL);
    xenevtchn_unbind(events_handle(c->events), c->port);
    c->port = 0;
}
