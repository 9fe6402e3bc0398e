/*
 * A while awake after a request: the next one often comes at once, and then it needs no
 * event, no wake-up and no unmasking.  The port stays masked and the ring is looked at
 * again and again; between two looks the CPU is Xen's to give away, so that this works where
 * the frontend waits for this very one.  What KVM does before it lets a vCPU sleep (halt_poll_ns).
 *
 * A frontend that does not go on at once costs next to nothing: after each time that nothing
 * came, twice as many events pass before it is tried again.
 */
#ifndef BACKEND_VIGIL_H
#define BACKEND_VIGIL_H

#include "backend/channel.h"
#include "backend/xenctrl.h"

#define VIGIL_US 50u   /* without a request; that long one process keeps a CPU awake */

/* When it is worth it: pure C. */
struct vigil_habit {
    unsigned skip;    /* events that still pass */
    unsigned misses;  /* times in a row that nothing came */
};

/* An event came with work: stay awake for the next one? */
bool vigil_worth(struct vigil_habit *);

/* Did one come? */
void vigil_learn(struct vigil_habit *, bool came);

struct vigil {
    struct channel *channel;
    struct xenctrl *xen;
    /*
     * Serve the ring.  With `stay` its last look does not ask the frontend for an event:
     * it is called again.  True: there was work.  It may unbind the channel.
     */
    bool (*turn)(void *context, bool stay);
    void *context;

    struct vigil_habit habit;    /* the rest is its own */
    struct loop_work work;
    uint64_t since;               /* when a look found nothing first; 0: it was not so */
    bool came;
};

/* The channel, bound or not yet, and the rest must stay. */
void vigil_init(struct vigil *, struct channel *, struct xenctrl *,
                 bool (*turn)(void *context, bool stay), void *context);

/* The channel's event, for channel_bind(); `vigil` is its context. */
enum heard vigil_event(void *vigil);

/* The channel goes.  Safe twice, and where it never came. */
void vigil_end(struct vigil *);

#endif
