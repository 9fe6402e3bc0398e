/*
 * Event channels (xen/event_channel.h, xen/xen.h), two-level until
 * events_use_fifo() (events_fifo.h) changes that for good.
 *
 * The upcall counts arrivals per port and clears the pending bit; who waits
 * compares counters.  A port stays masked until event_unmask().
 */
#ifndef XEN_EVENTS_H
#define XEN_EVENTS_H

#include "hypercall.h"
#include "shared_info.h"
#include "../arch/types.h"

#include <xen/event_channel.h>

#define EVENT_PORTS 4096u   /* 64 words of 64 bits */

/* Upcalls taken by vCPU 0 (arch/smp.h has the other's), and arrivals counted
 * per port; written by the upcalls only. */
extern volatile u64 event_upcalls;
extern volatile u32 event_arrivals[EVENT_PORTS];

/* Register the upcall with Xen and allow it.  After traps_init().  Again after a suspend:
 * `same` when that came to nothing, and ports and ABI are those from before. */
void events_init(bool same);

/* PV: the virtual interrupt flag.  Allowing takes what came meanwhile. */
void events_disable(void);
void events_enable(void);

/* Any mode: put upcalls off, and take what came meanwhile before returning. */
void events_hold(void);
void events_release(void);

/* A new port that domain `remote` may bind to; masked.  Panics when refused. */
u32 event_alloc_unbound(u32 remote);

/* A port that any vCPU of this domain sends on to reach `vcpu`; masked.  0: Xen
 * refuses, the domain has as many ports as it may. */
u32 event_try_bind_ipi(u32 vcpu);
/* The same; panics when refused. */
u32 event_bind_ipi(u32 vcpu);

/* Bind to `remote_port` of `remote`; masked.  Returns the local port. */
u32 event_bind_interdomain(u32 remote, u32 remote_port);
/* The same; Xen's error, 0 when fine. */
long event_try_bind_interdomain(u32 remote, u32 remote_port, u32 *port);

void event_close(u32 port);

/* Xen's error, 0 when fine.  One hypercall. */
static inline __attribute__((always_inline)) long event_send(u32 port)
{
    struct evtchn_send send = { .port = port };

    return hypercall_event_channel_op(EVTCHNOP_send, &send);
}

/* The handler, by ABI; the entry stubs call it with events off. */
extern void (*event_upcall)(void);
void event_upcall_secondary(void);

/* The FIFO ABI's word of each port, EVENT_PORTS of them; NULL: two levels. */
extern event_word_t *event_words;

/*
 * These four work with either ABI.  Xen and we change bits of one word at the
 * same time, so each change is atomic; the operands' own comments say whose
 * change would be lost otherwise.
 */
void event_mask(u32 port);

/* Unmask; an event that came meanwhile is delivered. */
void event_unmask(u32 port);

bool event_pending(u32 port);
void event_clear(u32 port);

/*
 * Give up the CPU until the arrivals on `port` differ from `seen`; returns the
 * new count.  Returns at once when they already do.
 */
u32 event_wait(u32 port, u32 seen);

/*
 * The same for rows, whose peer may be gone or have better things to do: returns with the
 * old count when event_give_up() says so.  sample_keep() then ends the row, with the reason.
 */
u32 event_expect(u32 port, u32 seen);

/* The same, but only until the next event of any port.  False: it was another one. */
bool event_sleep(u32 port, u32 seen);

/* Until the next event of any port, when event_upcalls still is `upcalls`. */
void event_sleep_any(u64 upcalls);

/*
 * Does dom0 say that what is waited for will not come, or is there something else to do?
 * For waits that another domain can make endless: asked when another event has woken them.
 * NULL: nobody can say so.  It asks XenStore: not for waits in xenstore.c.
 */
extern bool (*event_give_up)(void);

#endif
