/*
 * Memory as ARMv8 has it (Arm ARM DDI 0487, B2.3), for the two programs of notify.pml; what they ask
 * of a processor stands in tso.pml.
 *
 * A store waits in a place of its own until it happens, for both sides at once.  A load that may
 * happen early has looked before: that value is kept, by any number of steps, until it is used or
 * an acquire or a fence forbids it.  A load that may happen late is looked at when it does.
 */
#define MINE(where) (self * PLACES + (where))

bool stored[2 * PLACES];            /* on their way, */
byte storing[2 * PLACES];           /* and what */
bool looked[2 * PLACES];            /* loads that happened before their turn, */
byte saw[2 * PLACES];               /* and what they saw */
bool loading[2 * SLOTS];            /* loads of entries that have not happened, */
byte expected[2 * SLOTS];           /* and what they must see */

#define LATE(where) (self * SLOTS + (where) - 4)

/* All of this side's stores have happened, and all loads. */
#define ALL_STORED \
    (!stored[MINE(0)] && !stored[MINE(1)] && !stored[MINE(2)] && !stored[MINE(3)] && \
     !stored[MINE(4)] && !stored[MINE(5)])
#define ALL_LOADED (!loading[self * SLOTS] && !loading[self * SLOTS + 1])

inline forget()
{
    looked[MINE(0)] = false; saw[MINE(0)] = 0;
    looked[MINE(1)] = false; saw[MINE(1)] = 0;
    looked[MINE(2)] = false; saw[MINE(2)] = 0;
    looked[MINE(3)] = false; saw[MINE(3)] = 0;
    looked[MINE(4)] = false; saw[MINE(4)] = 0;
    looked[MINE(5)] = false; saw[MINE(5)] = 0
}

/* One of the loads that stand further on in the program happens now. */
inline early(makes_it, where)
{
    makes_it && !looked[MINE(where)] && !stored[MINE(where)] ->
        looked[MINE(where)] = true; saw[MINE(where)] = memory[where]
}

/* Of each side those that it makes, but for what a fence or an acquire in front of each of its uses
 * forgets again. */
inline some_early()
{
    do
    :: atomic { early(self == FRONT, RSP_PROD) }
    :: atomic { early(self == FRONT && !FRONT_PUSH_FENCES, REQ_EVENT) }
    :: atomic { early(self == BACK, REQ_PROD) }
    :: atomic { early(self == BACK && !BACK_PUSH_FENCES, RSP_EVENT) }
    :: atomic { early(self == FRONT && !FRONT_ACQUIRES || self == BACK && !BACK_ACQUIRES, SLOT(0)) }
    :: atomic { early(self == FRONT && !FRONT_ACQUIRES || self == BACK && !BACK_ACQUIRES, SLOT(1)) }
    :: break
    od
}

/* To one place all happens in order: not before a load of what stood there, and what was seen there
 * before is not what a later load sees.  A later store to a place with one on its way replaces it:
 * nobody need see the first. */
inline store(where, what)
{
    atomic {
        (where < 4 || !loading[LATE(where)]) ->
        stored[MINE(where)] = true; storing[MINE(where)] = what;
        looked[MINE(where)] = false; saw[MINE(where)] = 0
    };
    some_early()
}

/* STLR. */
inline store_index(where, what, releases)
{
    atomic {
        (!releases || (ALL_STORED && ALL_LOADED)) ->
        stored[MINE(where)] = true; storing[MINE(where)] = what
    };
    some_early()
}

/* LDAR, LDR.  Its value is looked at: a branch, which keeps later stores back. */
inline load(into, where, acquires)
{
    atomic {
        if
        :: looked[MINE(where)] -> into = saw[MINE(where)]
        :: !looked[MINE(where)] -> into = memory[where]
        fi;
        looked[MINE(where)] = false; saw[MINE(where)] = 0;
        if
        :: acquires -> forget()
        :: else
        fi
    };
    some_early()
}

/* It happened early, or it happens when it likes. */
inline load_entry(where, wanted)
{
    atomic {
        if
        :: looked[MINE(where)] -> assert(saw[MINE(where)] == wanted)
        :: !looked[MINE(where)] -> !loading[LATE(where)] ->
            loading[LATE(where)] = true; expected[LATE(where)] = wanted
        fi;
        looked[MINE(where)] = false; saw[MINE(where)] = 0
    };
    some_early()
}

/* DMB ISH. */
inline fence()
{
    atomic { ALL_STORED && ALL_LOADED -> forget() }
}

inline arrive(where)
{
    stored[MINE(where)] ->
        memory[where] = storing[MINE(where)];
        stored[MINE(where)] = false; storing[MINE(where)] = 0
}

inline see(where)
{
    loading[LATE(where)] ->
        assert(memory[where] == expected[LATE(where)]);
        loading[LATE(where)] = false; expected[LATE(where)] = 0
}

proctype processor(byte self)
{
end:
    do
    :: atomic { arrive(0) }
    :: atomic { arrive(1) }
    :: atomic { arrive(2) }
    :: atomic { arrive(3) }
    :: atomic { arrive(4) }
    :: atomic { arrive(5) }
    :: atomic { see(4) }
    :: atomic { see(5) }
    od
}
