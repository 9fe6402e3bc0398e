/*
 * Event channels, 2-level ABI (xen/event_channel.h, xen/xen.h).
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

/* Register the upcall with Xen and allow it.  After traps_init(). */
void events_init(void);

/* PV: the virtual interrupt flag.  Allowing takes what came meanwhile. */
void events_disable(void);
void events_enable(void);

/* A new port that domain `remote` may bind to; masked.  Panics when refused. */
u32 event_alloc_unbound(u32 remote);

/* Bind to `remote_port` of `remote`; masked.  Returns the local port. */
u32 event_bind_interdomain(u32 remote, u32 remote_port);

/* A port whose events, sent by any vCPU of this domain, reach `vcpu`; masked. */
u32 event_bind_ipi(u32 vcpu);

void event_close(u32 port);

/* Xen's error, 0 when fine.  One hypercall. */
static inline __attribute__((always_inline)) long event_send(u32 port)
{
    struct evtchn_send send = { .port = port };

    return hypercall_event_channel_op(EVTCHNOP_send, &send);
}

void event_mask(u32 port);

/* Unmask; an event that came meanwhile is delivered. */
void event_unmask(u32 port);

static inline bool event_pending(u32 port)
{
    return shared_info->evtchn_pending[port / 64] & (1ul << (port % 64));
}

static inline void event_clear(u32 port)
{
    __atomic_fetch_and(&shared_info->evtchn_pending[port / 64],
                       ~(1ul << (port % 64)), __ATOMIC_SEQ_CST);
}

/*
 * Give up the CPU until the arrivals on `port` differ from `seen`; returns the
 * new count.  Returns at once when they already do.
 */
u32 event_wait(u32 port, u32 seen);

#endif
