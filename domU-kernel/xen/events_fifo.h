/*
 * Event channels, FIFO ABI (xen/event_channel.h; "Event Channel FIFO ABI" is
 * its design).
 *
 * Each port has a word: PENDING, MASKED, LINKED and the port that comes next.
 * Xen appends a port that becomes pending to one of 16 queues; the control block
 * has the head of each and a bit for each that is not empty.  So a guest finds
 * its events without looking through bits, in the order they came, the urgent
 * before the others.
 *
 *   word's bit   set by                    cleared by
 *   PENDING      Xen: an event came        guest: it will be handled
 *   MASKED       guest                     Xen (EVTCHNOP_unmask)
 *   LINKED       Xen: it is on a queue     guest: taken off, with the link
 *   BUSY         Xen: link under change    Xen
 *   link         Xen: another came behind  guest
 */
#ifndef XEN_EVENTS_FIFO_H
#define XEN_EVENTS_FIFO_H

#include "events.h"

/*
 * Go over to it, with every port there is; there is no way back.  For vCPU 0:
 * another would need a control block of its own.  Says on the console when Xen
 * refuses, and stays with two levels then.  Ports have the default priority.
 */
void events_use_fifo(void);

/* Which queue the port's next event goes to: 0 (handled first) to 15.  Panics
 * when Xen refuses. */
void event_set_priority(u32 port, u32 priority);

/*
 * The port whose next arrival is noted down (0: none): the TSC when its turn
 * had come, and how many others were handled before it in that upcall.
 */
struct event_watch {
    u32 port, before;
    u64 tsc;
};
extern volatile struct event_watch event_watch;

#endif
