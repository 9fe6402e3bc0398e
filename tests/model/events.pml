/*
 * Two-level event channels on ARMv8: a peer publishes and has Xen send an event, several times; the
 * guest takes the upcall as domU-kernel/xen/events.c does, looks at what was published, and sleeps.
 * Over all interleavings and all orders that the processor allows (arm.pml): it does not sleep for
 * ever with something published that it has not seen.
 *
 *     here       in domU-kernel/xen/events.c      in Xen
 *     upcall()   take_events()                    evtchn_2l_set_pending(), vcpu_mark_events_pending()
 *
 * An atomic operation is a pair there, LDAXR and STLXR: the load is an acquire, the store a release,
 * and it fails when another wrote that place between.  It is no full barrier: what stands behind it
 * may happen between the two.  That is enough, as this shows, and less is not:
 *
 *     NO_RELEASE    STXR: upcall_pending may be cleared behind the selector
 *     NO_ACQUIRE    LDXR: what was published may be looked at before the pending bit is cleared
 *     LOOK_FIRST    the pending bit is cleared behind the look
 */
#define SENDS 3

byte published;                     /* the peer's index */
bool pending, selector, upcall_pending;
bool interrupt;                     /* the GIC's, edge-triggered */

bool clearing;                      /* the guest's store to upcall_pending is on its way */
bool exclusive;                     /* nobody wrote where LDAXR has read */
bool looked;                        /* its load of the index happened before its turn, */
byte saw;                           /* and saw this */

#ifdef NO_RELEASE
#define RELEASED true
#else
#define RELEASED (!clearing)
#endif

/* Of a hypercall: what was published before it is seen before.  Xen's operations are full barriers. */
proctype peer()
{
    byte sent;
    bool was;

    do
    :: sent < SENDS ->
        sent++;
        published = sent;
        atomic { was = pending; pending = true; exclusive = false };
        if
        :: !was ->
            atomic { was = selector; selector = true; exclusive = false };
            if
            :: !was ->
                atomic { was = upcall_pending; upcall_pending = true };
                if
                :: !was -> interrupt = true
                :: was
                fi
            :: was
            fi
        :: was
        fi
    :: else -> break
    od
}

proctype processor()
{
end:
    do
    :: atomic { clearing -> upcall_pending = false; clearing = false }
    od
}

inline look_early()
{
    if
    :: atomic { !looked -> looked = true; saw = published }
    :: true
    fi
}

/* `flag` is taken, and cleared. */
inline exchange(flag)
{
    do
    :: atomic {
            got = flag; exclusive = true;
#ifndef NO_ACQUIRE
            looked = false; saw = 0
#endif
        };
        look_early();
        if
        :: atomic { RELEASED && exclusive -> flag = false };
            break
        :: atomic { RELEASED && !exclusive -> skip }
        fi
    od;
    look_early()
}

inline look()
{
    atomic {
        if
        :: looked -> seen = saw
        :: !looked -> seen = published
        fi;
        looked = false; saw = 0
    }
}

inline upcall()
{
    clearing = true;
    look_early();
    exchange(selector);
    if
    :: got ->
        /* Acquired: not before the selector. */
        got = pending;
        look_early();
        if
        :: got ->
#ifdef LOOK_FIRST
            look();
#endif
            exchange(pending)
        :: !got
        fi
    :: !got
    fi
}

proctype guest()
{
    byte seen;
    bool got;

    do
    :: atomic { interrupt -> interrupt = false };
        upcall();
#ifndef LOOK_FIRST
        look()
#endif
    :: seen == SENDS -> break
    od
}

init
{
    atomic {
        run processor();
        run peer();
        run guest()
    }
}
