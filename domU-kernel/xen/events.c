#include "events.h"
#include "../arch/cpu.h"
#include "../arch/mode.h"
#include "../arch/smp.h"
#include "../arch/traps.h"

#include <xen/errno.h>
#include <xen/sched.h>

volatile u64 event_upcalls;
volatile u32 event_arrivals[EVENT_PORTS];
event_word_t *event_words;
bool (*event_give_up)(void);

/* Two levels.  Xen sets other ports' bits of the word meanwhile: without LOCK
 * its event would be overwritten.  And an acquire: what the event announces must
 * not be looked at before its bit is cleared, or the next one is lost. */
static inline void clear_pending(u32 port)
{
    __atomic_fetch_and(&shared_info->evtchn_pending[port / 64],
                       ~(1ul << (port % 64)), __ATOMIC_SEQ_CST);
}

/*
 * Two levels: a bit of the selector stands for a word of pending bits.  All
 * bits of such a word are taken, whichever vCPU they are for: arch/smp.c keeps
 * the ports of the two in different words.
 */
static inline __attribute__((always_inline)) void take_events(struct vcpu_info *v)
{
    v->evtchn_upcall_pending = 0;
    /*
     * The exchange is a release: upcall_pending must be cleared before the
     * selector.  Xen sets the selector first and then tests and sets
     * upcall_pending; the other way round here, an event that arrives in
     * between would set neither and raise no new upcall.  On x86 XCHG is a
     * full barrier; ARM's LDAXR and STLXR are less, and enough
     * (tests/model/events.pml).
     */
    for ( u64 selector = __atomic_exchange_n(&v->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
          selector; selector &= selector - 1 )
    {
        u32 word = (u32)__builtin_ctzl(selector);

        /* One look per word: a peer that sends without pause sets the
         * selector again and raises a new upcall, it does not keep us here. */
        for ( u64 bits = shared_info->evtchn_pending[word] & ~shared_info->evtchn_mask[word];
              bits; bits &= bits - 1 )
        {
            u32 port = word * 64 + (u32)__builtin_ctzl(bits);

            clear_pending(port);
            event_arrivals[port]++;
        }
    }
}

static void upcall_2l(void)
{
    event_upcalls++;
    take_events(this_vcpu_info());
}

/* Called by traps_entry.S with events off.  A pointer, so that neither ABI pays
 * for the choice. */
void (*event_upcall)(void) = upcall_2l;

/* The same on the second vCPU. */
void event_upcall_secondary(void)
{
    secondary_upcalls++;
    take_events(vcpu_info_of(1));
}

COLD void events_init(bool same)
{
    if ( !same )
    {
        event_words = NULL;
        event_upcall = upcall_2l;
    }
    for ( u32 i = 0; i < ARRAY_SIZE(shared_info->evtchn_mask); i++ )
        shared_info->evtchn_mask[i] = ~0ul;
    for ( u32 port = 1; event_words && port < EVENT_PORTS; port++ )
        event_mask(port);

    traps_allow_events();
}

void events_disable(void)
{
    vcpu_mask_events(this_vcpu_info(), true);
}

void events_enable(void)
{
    struct vcpu_info *v = this_vcpu_info();

    vcpu_mask_events(v, false);
    /* Raised while masked: Xen delivers it at the next way out of any
     * hypercall, not by itself. */
    if ( v->evtchn_upcall_pending )
        hypercall_xen_version(0, NULL);
}

void events_hold(void)
{
    if ( mode_is(MODE_PV) )
        events_disable();
    else
        interrupts_disable();
}

void events_release(void)
{
    /* STI holds interrupts off for one instruction more: our RET. */
    if ( mode_is(MODE_PV) )
        events_enable();
    else
        interrupts_enable();
}

u32 event_alloc_unbound(u32 remote)
{
    struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = (domid_t)remote };
    long error = hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &op);

    if ( error || op.port >= EVENT_PORTS )
        panic("no event channel for domain %u: error %ld", remote, error);
    return op.port;
}

long event_try_bind_interdomain(u32 remote, u32 remote_port, u32 *port)
{
    struct evtchn_bind_interdomain op = {
        .remote_dom = (domid_t)remote, .remote_port = remote_port,
    };
    long error = hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &op);

    *port = op.local_port;
    return !error && op.local_port >= EVENT_PORTS ? -XEN_ENOSPC : error;
}

u32 event_bind_interdomain(u32 remote, u32 remote_port)
{
    u32 port;
    long error = event_try_bind_interdomain(remote, remote_port, &port);

    if ( error )
        panic("cannot bind to port %u of domain %u: error %ld", remote_port, remote, error);
    return port;
}

u32 event_try_bind_ipi(u32 vcpu)
{
    struct evtchn_bind_ipi op = { .vcpu = vcpu };

    if ( hypercall_event_channel_op(EVTCHNOP_bind_ipi, &op) )
        return 0;
    if ( op.port >= EVENT_PORTS )
        panic("Xen gave port %u, more than there is room for", op.port);
    return op.port;
}

u32 event_bind_ipi(u32 vcpu)
{
    u32 port = event_try_bind_ipi(vcpu);

    if ( !port )
        panic("no event channel to vCPU %u", vcpu);
    return port;
}

void event_close(u32 port)
{
    struct evtchn_close op = { .port = port };

    event_mask(port);
    if ( hypercall_event_channel_op(EVTCHNOP_close, &op) )
        panic("cannot close port %u", port);
    event_clear(port);
}

void event_mask(u32 port)
{
    /* Two levels: Xen clears other ports' bits of the word (EVTCHNOP_unmask);
     * FIFO: it sets PENDING, LINKED, BUSY and the link of this very port. */
    if ( event_words )
        __atomic_fetch_or(&event_words[port], 1u << EVTCHN_FIFO_MASKED, __ATOMIC_SEQ_CST);
    else
        __atomic_fetch_or(&shared_info->evtchn_mask[port / 64], 1ul << (port % 64),
                          __ATOMIC_SEQ_CST);
}

bool event_pending(u32 port)
{
    if ( event_words )
        return __atomic_load_n(&event_words[port], __ATOMIC_RELAXED) &
               1u << EVTCHN_FIFO_PENDING;
    return shared_info->evtchn_pending[port / 64] & (1ul << (port % 64));
}

void event_clear(u32 port)
{
    if ( event_words )
        __atomic_fetch_and(&event_words[port], ~(1u << EVTCHN_FIFO_PENDING), __ATOMIC_SEQ_CST);
    else
        clear_pending(port);
}

void event_unmask(u32 port)
{
    struct evtchn_unmask op = { .port = port };

    /* The hypercall also raises the upcall when the port is pending already. */
    hypercall_event_channel_op(EVTCHNOP_unmask, &op);
}

static inline __attribute__((always_inline)) void sleep(u32 port, u32 seen)
{
    /* Events off, look again, then sleep and allow them in one step:
     * otherwise the one we wait for can arrive just before the sleep. */
    if ( mode_is(MODE_PV) )
    {
        events_disable();
        if ( event_arrivals[port] == seen )
            hypercall_sched_op(SCHEDOP_block, NULL);   /* allows them */
        else
            events_enable();
    }
    else
    {
        interrupts_disable();
        if ( event_arrivals[port] == seen )
            interrupts_enable_and_halt();
        else
            interrupts_enable();
    }
}

u32 event_wait(u32 port, u32 seen)
{
    while ( event_arrivals[port] == seen )
        sleep(port, seen);
    return event_arrivals[port];
}

/* Not in line: what it saves would be saved by who need not come here. */
static __attribute__((noinline)) u32 expect_still(u32 port, u32 seen)
{
    while ( event_arrivals[port] == seen && !(event_give_up && event_give_up()) )
        sleep(port, seen);
    return event_arrivals[port];
}

u32 event_expect(u32 port, u32 seen)
{
    if ( event_arrivals[port] == seen )
    {
        sleep(port, seen);
        if ( event_arrivals[port] == seen )
            return expect_still(port, seen);
    }
    return event_arrivals[port];
}

void event_sleep_any(u64 upcalls)
{
    /* As above. */
    events_hold();
    if ( event_upcalls != upcalls )
        events_release();
    else if ( mode_is(MODE_PV) )
        hypercall_sched_op(SCHEDOP_block, NULL);
    else
        interrupts_enable_and_halt();
}

bool event_sleep(u32 port, u32 seen)
{
    if ( event_arrivals[port] == seen )
        sleep(port, seen);
    return event_arrivals[port] != seen;
}
