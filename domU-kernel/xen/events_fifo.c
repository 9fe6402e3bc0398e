#include "events_fifo.h"
#include "../arch/cpu.h"
#include "../arch/memory.h"
#include "../arch/traps.h"
#include "../lib/format.h"
#include "../lib/string.h"
#include "console.h"

#define WORDS_PER_PAGE (PAGE_SIZE / sizeof(event_word_t))
#define ARRAY_PAGES    (EVENT_PORTS / WORDS_PER_PAGE)

/* Xen's side of the queues: it writes `head` and sets bits of `ready`, we take
 * the bits. */
static struct evtchn_fifo_control_block *control;

/* Ours: where to go on in each queue; 0: at Xen's head.  Upcall only. */
static u32 next[EVTCHN_FIFO_MAX_QUEUES];

volatile struct event_watch event_watch;

/* Handle the first event of a queue that has one; true: it has another. */
static inline __attribute__((always_inline)) bool take_one(u32 queue, u32 handled)
{
    u32 port = next[queue] ? next[queue]
                           : __atomic_load_n(&control->head[queue], __ATOMIC_RELAXED);
    event_word_t *word = &event_words[port];
    u32 old = __atomic_load_n(word, __ATOMIC_RELAXED), new;
    bool mine;

    /*
     * All in one atomic step.
     * LINKED and the link: Xen may be linking another port behind this one.
     * Either it came first and the link is in what we take, or it sees LINKED
     * gone and writes the port into the queue's head.  In two steps a port
     * linked in between would be lost with all behind it.
     * PENDING not before LINKED: an event in between would find the port linked,
     * and we would take it off unseen.
     * MASKED or closed since: stays pending; Xen links it when it is unmasked.
     */
    do {
        new = old & ~(1u << EVTCHN_FIFO_LINKED | EVTCHN_FIFO_LINK_MASK);
        mine = (old & (1u << EVTCHN_FIFO_PENDING | 1u << EVTCHN_FIFO_MASKED)) ==
               1u << EVTCHN_FIFO_PENDING;
        if ( mine )
            new &= ~(1u << EVTCHN_FIFO_PENDING);
    } while ( !__atomic_compare_exchange_n(word, &old, new, false, __ATOMIC_SEQ_CST,
                                           __ATOMIC_RELAXED) );

    next[queue] = old & EVTCHN_FIFO_LINK_MASK;
    if ( mine )
    {
        event_arrivals[port]++;
        if ( port == event_watch.port )
        {
            event_watch.tsc = tsc_end();
            event_watch.before = handled;
        }
    }
    return next[queue];
}

static void upcall_fifo(void)
{
    struct vcpu_info *v = this_vcpu_info();
    u32 ready;

    event_upcalls++;
    v->evtchn_upcall_pending = 0;
    /*
     * XCHG is a full barrier: upcall_pending must be cleared before the bits
     * are taken.  Xen sets a bit first and, if it was clear, upcall_pending; the
     * other way round here, an event in between would raise no new upcall.  The
     * bits must also be taken before a head is read, which Xen writes before
     * it sets the bit.
     */
    ready = __atomic_exchange_n(&control->ready, 0, __ATOMIC_SEQ_CST);
    /*
     * A queue holds each port once, so that many are more than were there when
     * we came.  Peers that send without pause do not keep us here for longer.
     */
    for ( u32 handled = 0; ready && handled < EVENT_PORTS; handled++ )
    {
        u32 queue = (u32)__builtin_ctz(ready);

        if ( !take_one(queue, handled) )
            ready &= ~(1u << queue);
        /* One more urgent may have come.  Seen late, it raises an upcall. */
        if ( __atomic_load_n(&control->ready, __ATOMIC_RELAXED) )
            ready |= __atomic_exchange_n(&control->ready, 0, __ATOMIC_SEQ_CST);
    }
    if ( ready )
    {
        /* The rest in a new upcall.  Atomic: Xen sets bits of its own. */
        __atomic_fetch_or(&control->ready, ready, __ATOMIC_SEQ_CST);
        v->evtchn_upcall_pending = 1;
    }
}

/* The array's pages, in order; all ports masked before Xen looks at them. */
COLD static void hand_over_array(event_word_t *words)
{
    for ( u32 i = 0; i < EVENT_PORTS; i++ )
        words[i] = 1u << EVTCHN_FIFO_MASKED;
    for ( u32 i = 0; i < ARRAY_PAGES; i++ )
    {
        struct evtchn_expand_array expand = {
            .array_gfn = page_frame(words + i * WORDS_PER_PAGE),
        };
        long error = hypercall_event_channel_op(EVTCHNOP_expand_array, &expand);

        if ( error )
            panic("cannot expand the event array: error %ld", error);
    }
}

COLD void events_use_fifo(void)
{
    struct evtchn_init_control init = { 0 };
    event_word_t *words;
    long error;

    memset(next, 0, sizeof(next));   /* a restored domain's queues are new */
    control = pages_alloc(1);
    init.control_gfn = page_frame(control);
    /*
     * No upcall until the ports are unmasked again: from the first hypercall on,
     * the old handler would look at bits that Xen no longer sets.
     */
    events_hold();
    error = hypercall_event_channel_op(EVTCHNOP_init_control, &init);
    if ( error )
    {
        print("no FIFO event channels: error %ld\n", error);
        pages_free(control, 1);
    }
    else
    {
        words = pages_alloc(ARRAY_PAGES);
        /* Xen has kept what was pending, and raises it as the pages come. */
        hand_over_array(words);
        event_words = words;
        event_upcall = upcall_fifo;
        for ( u32 port = 1; port < EVENT_PORTS; port++ )
            if ( !(shared_info->evtchn_mask[port / 64] & 1ul << port % 64) )
                event_unmask(port);
    }
    events_release();
}

void event_set_priority(u32 port, u32 priority)
{
    struct evtchn_set_priority op = { .port = port, .priority = priority };
    long error = hypercall_event_channel_op(EVTCHNOP_set_priority, &op);

    if ( error )
        panic("cannot set the priority of port %u: error %ld", port, error);
}
