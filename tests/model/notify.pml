/*
 * The notification protocol of shared/ring.h on processors with TSO store buffers (x86): a
 * frontend and a backend take what is there, ask to be notified, look once more, and sleep.
 * Over all interleavings, all moments at which a store leaves its buffer, and all
 * batches: nobody sleeps for ever while the other has published something for him, and each
 * request is answered once, in order, by its own answer.
 *
 *     tests/model/check     this model, and that each of the faults below is found
 *
 * Indices have three bits and begin below their wrap; the ring has two slots.
 *
 *     here            in shared/ring.h
 *     push()          ring_front_push(), ring_back_push()
 *     final_check()   ring_front_final_check(), ring_back_final_check()
 *
 * Faults, by -D:
 *     NO_FRONT_PUSH_FENCES, NO_BACK_PUSH_FENCE      no barrier between index and event index
 *     NO_FRONT_CHECK_FENCES, NO_BACK_CHECK_FENCE    none between event index and index
 *     NO_SECOND_LOOK                               sleeping without having looked once more
 *     INDEX_FIRST                                  the index before its entries (no release)
 */
#define REQUESTS 4           /* two before the indices wrap, two behind */
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
byte memory[4 + SLOTS];

#define FRONT 0
#define BACK  1
chan stores[2] = [4] of { byte, byte };   /* where, what: leave it in their order */
bool pending[2];                          /* the event channel's, for that side */

/* Nobody reads back what he may still have in his buffer (ring.h: private indices). */
#define STORE(where, what) stores[self]!where, what
#define LOAD(where)        memory[where]
/* MFENCE; and the hypercall that sends an event, which has locked instructions. */
#define FENCE              empty(stores[self])

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

/* Publish the entries up to `now`; notify the peer if it asked for one of them. */
inline push(index, fences, event_index, published, now)
{
#ifndef INDEX_FIRST
    STORE(index, now);
#endif
    (!fences || FENCE);
    seen = LOAD(event_index);
    if
    :: PASSED(seen, published, now) -> FENCE; pending[1 - self] = true
    :: else
    fi;
    published = now
}

/* Ask to be notified when `wanted` is published, and look once more. */
inline final_check(event_index, wanted, fences, index, taken)
{
    STORE(event_index, wanted);
    (!fences || FENCE);
#ifdef NO_SECOND_LOOK
    none = true
#else
    none = (LOAD(index) == taken)
#endif
}

#define SLEEP atomic { pending[self] -> pending[self] = false }

proctype drain(byte self)
{
    byte where, what;
end:
    do
    :: atomic { stores[self]?where, what -> memory[where] = what }
    od
}

proctype front()
{
    byte self = FRONT, put = FIRST, published = FIRST, taken = FIRST, seen, sent;
    bool none;

    do
    :: sent < REQUESTS && INDEX(8 + put - taken) < SLOTS ->
#ifdef INDEX_FIRST
        STORE(REQ_PROD, INDEX(put + 1));
#endif
        STORE(SLOT(put), sent);
        sent++;
        put = INDEX(put + 1)
    :: put != published ->
        push(REQ_PROD, FRONT_PUSH_FENCES, REQ_EVENT, published, put)
    :: LOAD(RSP_PROD) != taken ->
        /* The answers come in the order of their requests. */
        assert(LOAD(SLOT(taken)) == ANSWER + INDEX(8 + taken - FIRST));
        taken = INDEX(taken + 1)
    :: put == published && taken != published ->
        /* Wants the next one or, of two, the last. */
        if
        :: final_check(RSP_EVENT, INDEX(taken + 1), FRONT_CHECK_FENCES, RSP_PROD, taken)
        :: final_check(RSP_EVENT, published, FRONT_CHECK_FENCES, RSP_PROD, taken)
        fi;
        if
        :: none -> SLEEP
        :: else
        fi
    :: sent == REQUESTS && taken == put -> break
    od
}

proctype back()
{
    byte self = BACK, put = FIRST, published = FIRST, taken = FIRST, seen;
    bool none;

    do
    :: LOAD(REQ_PROD) != taken ->
        assert(LOAD(SLOT(taken)) == INDEX(8 + taken - FIRST));
#ifdef INDEX_FIRST
        STORE(RSP_PROD, INDEX(put + 1));
#endif
        STORE(SLOT(put), ANSWER + INDEX(8 + taken - FIRST));
        taken = INDEX(taken + 1);
        put = INDEX(put + 1)
    :: put != published ->
        push(RSP_PROD, BACK_PUSH_FENCES, RSP_EVENT, published, put)
    :: put == published ->
        final_check(REQ_EVENT, INDEX(taken + 1), BACK_CHECK_FENCES, REQ_PROD, taken);
        if
        :: none ->
end:        SLEEP
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
        run drain(FRONT);
        run drain(BACK);
        run front();
        run back()
    }
}
