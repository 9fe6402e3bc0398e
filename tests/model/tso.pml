/*
 * Memory as x86 has it (Intel SDM volume 3, 9.2.2): each side's stores leave its buffer in their
 * order, and its loads do not wait for that.  What notify.pml asks of a processor:
 *
 *     store(where, what)                  to shared memory
 *     store_index(where, what, releases)  the same, behind all loads and stores before it
 *     load(into, where, acquires)         before all loads behind it
 *     load_entry(where, wanted)           a load that is looked at later: it must be that
 *     fence()                             all before it before all behind it
 *     processor(self)                     lets what was stored arrive
 */
chan stores[2] = [4] of { byte, byte };   /* where, what */

/* Nobody reads back what he may still have in his buffer (ring.h: private indices). */
inline store(where, what)
{
    stores[self]!where, what
}

/* Each store is a release here, and each load an acquire. */
inline store_index(where, what, releases)
{
    stores[self]!where, what
}

inline load(into, where, acquires)
{
    into = memory[where]
}

inline load_entry(where, wanted)
{
    assert(memory[where] == wanted)
}

/* MFENCE; and a hypercall that sends an event has locked instructions. */
inline fence()
{
    empty(stores[self])
}

proctype processor(byte self)
{
    byte where, what;
end:
    do
    :: atomic { stores[self]?where, what -> memory[where] = what }
    od
}
