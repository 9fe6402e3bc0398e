#include "backend/channel.h"

#include "xenometer.h"

/* Events without work: so many are chance, more are answered ever later. */
#define TOLERATED     3u
#define LONGEST_DELAY 7u   /* log2 of ms; 128 ms keep the CPU idle and the
                              domain that repents alive */

static void unmask(void *context)
{
    struct channel *c = context;

    if ( c->port )
        xenevtchn_unmask(c->events, c->port);
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
        loop_timer_set(c->loop, &c->unmask, MILLISECONDS(1u << over));
        return;
    }
    unmask(c);
}

bool channel_bind(struct channel *c, xenevtchn_handle *events, struct loop *loop,
                  uint32_t domid, uint32_t remote)
{
    int port = xenevtchn_bind_interdomain(events, domid, remote);

    if ( port < 0 )
        return false;
    *c = (struct channel){
        .port = (uint32_t)port, .events = events, .loop = loop, .domid = domid,
        .unmask = { .expired = unmask, .context = c },
    };
    return true;
}

void channel_unbind(struct channel *c)
{
    if ( !c->port )
        return;
    loop_timer_clear(c->loop, &c->unmask);
    xenevtchn_unbind(c->events, c->port);
    c->port = 0;
}
