/*
 * The notification protocol of shared/ring.h: a frontend and a backend take what is there, ask to
 * be notified, look once more, and sleep.  Over all interleavings, all orders in which the
 * processor may let loads and stores happen, and all batches: nobody sleeps for ever while the
 * other has published something for him, and each request is answered once, in order, by its own
 * answer.
 *
 *     tests/model/check     this model, on both processors, and that each fault below is found
 *
 * Indices have three bits and begin below their wrap; the ring has two slots.
 *
 *     here            in shared/ring.h
 *     push()          ring_front_push(), ring_back_push()
 *     final_check()   ring_front_final_check(), ring_back_final_check()
 *     look()          ring_front_look(), ring_back_fetch()
 *
 * Without -DARM the processor is x86 (Intel SDM volume 3, 9.2.2): stores leave a buffer in their
 * order, and loads overtake them.  With it, it is ARMv8 (Arm ARM DDI 0487, B2.3), where a store is
 * seen by all others at once, and otherwise
 *  - stores to different places happen in any order, unless the later one is a release;
 *  - a load may happen before those in front of it, but for an acquire or a full barrier between;
 *  - a load whose value decides nothing may happen behind later stores, but for a release.
 * Branches hold back stores and no loads; to one place all happens in order.
 *
 * Faults, by -D:
 *     NO_FRONT_PUSH_FENCE, NO_BACK_PUSH_FENCE      no barrier between index and event index
 *     NO_FRONT_CHECK_FENCE, NO_BACK_CHECK_FENCE    none between event index and index
 *     NO_SECOND_LOOK                               sleeping without having looked once more
 *     INDEX_FIRST                                  the index before its entries
 *     NO_FRONT_RELEASE, NO_BACK_RELEASE            an index that waits for no entry (ARM)
 *     NO_FRONT_ACQUIRE, NO_BACK_ACQUIRE            entries that wait for no index (ARM)
 */
#ifndef REQUESTS
#define REQUESTS 4           /* two before the indices wrap, two behind */
#endif
#define FIRST    6           /* the index at which both begin */
#define SLOTS    2
#define INDEX(i) ((i) & 7)
#define ANSWER   64          /* added to a request */

/* The shared page. */
#define REQ_PROD  0
#define RSP_EVENT 1
#define RSP_PROD  2
#define REQ_EVENT 3
#define SLOT(i)   (4 + ((i) & (SLOTS - 1)))
#define PLACES    (4 + SLOTS)
byte memory[PLACES];

#define FRONT 0
#define BACK  1
bool pending[2];                          /* the event channel's, for that side */

/* ring_event_passed() */
#define PASSED(event, old, now) (INDEX(8 + (now) - (event)) < INDEX(8 + (now) - (old)))

#ifdef NO_FRONT_PUSH_FENCE
#define FRONT_PUSH_FENCES 0
#else
#define FRONT_PUSH_FENCES 1
#endif
#ifdef NO_BACK_PUSH_FENCE
#define BACK_PUSH_FENCES 0
#else
#define BACK_PUSH_FENCES 1
#endif
#ifdef NO_FRONT_CHECK_FENCE
#define FRONT_CHECK_FENCES 0
#else
#define FRONT_CHECK_FENCES 1
#endif
#ifdef NO_BACK_CHECK_FENCE
#define BACK_CHECK_FENCES 0
#else
#define BACK_CHECK_FENCES 1
#endif
#ifdef NO_FRONT_RELEASE
#define FRONT_RELEASES 0
#else
#define FRONT_RELEASES 1
#endif
#ifdef NO_BACK_RELEASE
#define BACK_RELEASES 0
#else
#define BACK_RELEASES 1
#endif
#ifdef NO_FRONT_ACQUIRE
#define FRONT_ACQUIRES 0
#else
#define FRONT_ACQUIRES 1
#endif
#ifdef NO_BACK_ACQUIRE
#define BACK_ACQUIRES 0
#else
#define BACK_ACQUIRES 1
#endif

#ifdef ARM
#include "arm.pml"
#else
#include "tso.pml"
#endif

/* Publish the entries up to `now`; notify the peer if it asked for one of them. */
inline push(index, releases, fences, event_index, published, now)
{
#ifndef INDEX_FIRST
    store_index(index, now, releases);
#endif
    if
    :: fences -> fence()
    :: else
    fi;
    load(seen, event_index, false);
    if
    :: PASSED(seen, published, now) -> fence(); pending[1 - self] = true   /* the hypercall's own */
    :: else
    fi;
    published = now;
    seen = 0
}

/* Look whether there is more than what was taken. */
inline look(index, acquires)
{
    load(seen, index, acquires);
    more = (seen != taken);
    seen = 0
}

/* Ask to be notified when `wanted` is published, and look once more. */
inline final_check(event_index, wanted, fences, index, acquires)
{
    store(event_index, wanted);
    if
    :: fences -> fence()
    :: else
    fi;
#ifdef NO_SECOND_LOOK
    more = false
#else
    look(index, acquires)
#endif
}

/* Until the event comes.  Taking it is a barrier (events.pml). */
inline sleep()
{
    atomic { pending[self] -> pending[self] = false };
    fence()
}

proctype front()
{
    byte self = FRONT, put = FIRST, published = FIRST, taken = FIRST, seen, sent;
    bool more;

    do
    :: sent < REQUESTS && INDEX(8 + put - taken) < SLOTS ->
#ifdef INDEX_FIRST
        store_index(REQ_PROD, INDEX(put + 1), FRONT_RELEASES);
#endif
        store(SLOT(put), sent);
        sent++;
        put = INDEX(put + 1)
    :: put != published ->
        push(REQ_PROD, FRONT_RELEASES, FRONT_PUSH_FENCES, REQ_EVENT, published, put)
    :: more ->
        /* The answers come in the order of their requests. */
        load_entry(SLOT(taken), ANSWER + INDEX(8 + taken - FIRST));
        taken = INDEX(taken + 1);
        more = false
    :: !more && taken != published -> look(RSP_PROD, FRONT_ACQUIRES)
    :: !more && put == published && taken != published ->
        /* Wants the next one or, of two, the last. */
        if
        :: final_check(RSP_EVENT, INDEX(taken + 1), FRONT_CHECK_FENCES, RSP_PROD, FRONT_ACQUIRES)
        :: final_check(RSP_EVENT, published, FRONT_CHECK_FENCES, RSP_PROD, FRONT_ACQUIRES)
        fi;
        if
        :: !more -> sleep()
        :: else
        fi
    :: sent == REQUESTS && taken == put -> break
    od
}

proctype back()
{
    byte self = BACK, put = FIRST, published = FIRST, taken = FIRST, seen;
    bool more;

    do
    :: more ->
        load_entry(SLOT(taken), INDEX(8 + taken - FIRST));
#ifdef INDEX_FIRST
        store_index(RSP_PROD, INDEX(put + 1), BACK_RELEASES);
#endif
        store(SLOT(put), ANSWER + INDEX(8 + taken - FIRST));
        taken = INDEX(taken + 1);
        put = INDEX(put + 1);
        more = false
    :: !more && put != published ->
        push(RSP_PROD, BACK_RELEASES, BACK_PUSH_FENCES, RSP_EVENT, published, put)
    :: !more -> look(REQ_PROD, BACK_ACQUIRES)
    :: !more && put == published ->
        final_check(REQ_EVENT, INDEX(taken + 1), BACK_CHECK_FENCES, REQ_PROD, BACK_ACQUIRES);
        if
        :: !more ->
end:        sleep()
        :: else
        fi
    od
}

init
{
    atomic {
        memory[REQ_PROD] = FIRST;
        memory[RSP_PROD] = FIRST;
        /* ring_front_init(): the very first ones are to be notified. */
        memory[REQ_EVENT] = INDEX(FIRST + 1);
        memory[RSP_EVENT] = INDEX(FIRST + 1);
        run processor(FRONT);
        run processor(BACK);
        run front();
        run back()
    }
}
