#include "backend/vigil.h"

#include "xenometer.h"

#define LONGEST_SKIP 6u    /* log2 of events */
#define ROUNDS       16u   /* requests until others are looked at; where these work, too, 1 */

bool vigil_worth(struct vigil_habit *h)
{
    if ( !h->skip )
        return true;
    h->skip--;
    return false;
}

void vigil_learn(struct vigil_habit *h, bool came)
{
    if ( came )
        h->misses = 0;
    else
    {
        h->skip = 1u << h->misses;
        if ( h->misses < LONGEST_SKIP )
            h->misses++;
    }
}

/* The last look asks for an event: from then on the frontend wakes us. */
static void stop(struct vigil *l)
{
    l->came |= l->turn(l->context, false);
    vigil_learn(&l->habit, l->came);
    if ( l->channel->port )
        channel_handled(l->channel, true);
}

/* False: it is over. */
static bool look(struct vigil *l)
{
    uint64_t now;

    /* The frontend may be waiting for this very CPU, with its answer. */
    xenctrl_yield(l->xen);
    if ( l->turn(l->context, true) )
    {
        l->came = true;
        l->since = 0;
        return l->channel->port;
    }
    /* The clock is out of the measured path: read when nothing came. */
    now = loop_now();
    if ( !l->since )
        l->since = now;
    if ( now - l->since < VIGIL_US * 1000u )
        return true;
    stop(l);
    return false;
}

static void go_on(void *context)
{
    struct vigil *l = context;
    struct loop *loop = events_loop(l->channel->events);
    unsigned rounds = 0;

    do {
        if ( !look(l) )
            return;
        rounds += !l->since;
    } while ( rounds < ROUNDS && !loop->work );
    loop_work_add(loop, &l->work);
}

enum heard vigil_event(void *context)
{
    struct vigil *l = context;
    bool stay = vigil_worth(&l->habit), work = l->turn(l->context, stay);

    if ( !stay || !l->channel->port )
        return work ? HEARD_WORK : HEARD_NOTHING;
    if ( !work )
        return l->turn(l->context, false) ? HEARD_WORK : HEARD_NOTHING;
    l->came = false;
    l->since = 0;
    loop_work_add(events_loop(l->channel->events), &l->work);
    return HEARD_LATER;
}

void vigil_init(struct vigil *l, struct channel *channel, struct xenctrl *xen,
                 bool (*turn)(void *context, bool stay), void *context)
{
    *l = (struct vigil){
        .channel = channel, .xen = xen, .turn = turn, .context = context,
        .work = { .work = go_on, .context = l },
    };
}

void vigil_end(struct vigil *l)
{
    if ( l->channel && l->channel->events )
        loop_work_remove(events_loop(l->channel->events), &l->work);
}
