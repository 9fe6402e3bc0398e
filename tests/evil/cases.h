/*
 * Hostile backends, by case: what build/xenometer-evil does in dom0 (this folder), what
 * rows of build/xenometer-test.elf suffer it (tests/image/rows/evil_*.c), and what must come
 * of it (tests/lab/test_evil.c).  One line a case, here; B1, B2 … number the cases of
 * hostile backends.
 *
 *     X(identifier, name, outcome, what its reason contains)
 */
#ifndef EVIL_CASES_H
#define EVIL_CASES_H

/* Each is the number of a virtual disk, from EVIL_DISKS on. */
#define EVIL_DISK_CASES(X)                                                          \
    X(RUNS_AWAY, "b1-runs-away", "failure", "claims more responses")                \
    X(BACKWARDS, "b1-backwards", "failure", "claims more responses")                \
    X(ID_BEYOND, "b2-id-beyond", "failure", "request that is not open")             \
    X(ID_WIDE, "b2-id-wide", "failure", "request that is not open")                 \
    X(ID_TWICE, "b3-id-twice", "failure", "request that is not open")               \
    X(ID_UNASKED, "b3-id-unasked", "failure", "request that is not open")           \
    X(OPERATION, "b4-operation", "failure", "another operation")                    \
    X(STATUS, "b4-status", "success", "")                                           \
    X(FLIPS, "b5-flips", "success", "")                                             \
    X(SCRIBBLES, "b6-scribbles", "success", "")                                     \
    X(STORM, "b7-storm", "success", "")                                             \
    X(SILENT, "b10-silent", "failure", "did not answer, and dom0 gave the row up")  \
    X(CLOSES, "b13-closes", "failure", "state 5 with requests open")                \
    X(RETURNS, "b13-returns", "failure", "state 2 with requests open")              \
    X(VANISHES, "b13-vanishes", "failure", "with requests open")            \
    X(NEVER_READY, "b10-never-ready", "failure", "stays in state 1")                \
    X(NEVER_CONNECTS, "b10-never-connects", "failure", "stays in state 2")          \
    X(EARLY, "b12-connected-early", "failure", "has state 4, not 2")                \
    X(CLOSED, "b12-closed", "failure", "has state 6, not 2")                        \
    X(REFUSES, "b12-refuses", "failure", "has state 5, not 4")                      \
    X(STATE_WORD, "b12-state-word", "failure", "state is no number")                \
    X(NO_SECTORS, "b12-sectors-missing", "failure", "no sectors")                   \
    X(SECTORS_0, "b12-sectors-0", "failure", "no sectors")                          \
    X(SECTORS_NEGATIVE, "b12-sectors-negative", "failure", "sectors is no number")  \
    X(SECTORS_ENDLESS, "b12-sectors-endless", "failure", "sectors is no number")    \
    X(SECTOR_0, "b12-sector-size-0", "failure", "sector-size is impossible")        \
    X(SECTOR_4096, "b12-sector-size-4096", "skip", "larger sectors")                \
    X(ORDER_HUGE, "b12-ring-order-huge", "success", "")                             \
    X(ORDER_WORD, "b12-ring-order-word", "failure", "max-ring-page-order is no number") \
    X(INDIRECT_HUGE, "b12-indirect-huge", "success", "")                            \
    X(POINTER, "b14-pointer", "failure", "request that is not open")

#define EVIL_DISKS 60000u

/* Each is the number of a virtual network interface, from EVIL_NICS on. */
#define EVIL_NIC_CASES(X)                                                           \
    X(RX_RUNS_AWAY, "b1-rx-runs-away", "failure", "broke the receive ring")         \
    X(TX_RUNS_AWAY, "b1-tx-runs-away", "failure", "broke the transmit ring")        \
    X(RX_ID, "b2-rx-id", "failure", "a buffer that it did not have")                \
    X(TX_ID, "b2-tx-id", "failure", "a transmit request that nobody made")          \
    X(RX_TWICE, "b3-rx-twice", "failure", "a buffer that it did not have")          \
    X(TX_TWICE, "b3-tx-twice", "failure", "a transmit request that nobody made")    \
    X(RX_PIECES, "b4-rx-pieces", "failure", "in pieces")                            \
    X(RX_STATUS, "b4-rx-status", "failure", "could not copy a frame")               \
    X(TX_STATUS, "b4-tx-status", "failure", "did not send a frame")                 \
    X(RX_FLIPS, "b5-rx-flips", "success", "")                                       \
    X(NIC_SCRIBBLES, "b6-net-scribbles", "success", "")                             \
    X(NIC_STORM, "b7-net-storm", "success", "")                                     \
    X(NIC_SILENT, "b10-net-silent", "failure", "did not answer, and dom0 gave the row up") \
    X(RX_LONG, "b11-rx-long", "failure", "leaves its page")                         \
    X(RX_OFFSET, "b11-rx-offset", "failure", "leaves its page")                     \
    X(RX_SHORT, "b11-rx-short", "failure", "less than a frame's header")            \
    X(NO_COPY, "b12-net-no-copy", "failure", "feature-rx-copy is no number")        \
    X(NIC_REFUSES, "b12-net-refuses", "failure", "has state 5, not 4")              \
    X(NIC_CLOSES, "b13-net-closes", "failure", "state 5 with requests open")

#define EVIL_NICS 100u

/* Each is an operation of the xenometer device's data ring, from EVIL_OPERATIONS on. */
#define EVIL_DATA_CASES(X)                                                          \
    X(DATA_RUNS_AWAY, "b1-data-runs-away", "failure", "claims more responses")      \
    X(DATA_BACKWARDS, "b1-data-backwards", "failure", "claims more responses")      \
    X(DATA_OTHER_ID, "b2-data-other-id", "failure", "answered another request")     \
    X(DATA_TWICE, "b3-data-twice", "failure", "claims more responses")              \
    X(DATA_FLIPS, "b5-data-flips", "success", "")                                   \
    X(DATA_SCRIBBLES, "b6-data-scribbles", "success", "")                           \
    X(DATA_STORM, "b7-data-storm", "success", "")                                   \
    X(DATA_KEEPS, "b8-data-keeps", "success", "")                                   \
    X(DATA_LEFTOVERS, "b9-data-leftovers", "success", "")                           \
    X(DATA_VERSION, "b15-data-version", "success", "")                              \
    X(DATA_SILENT, "b10-data-silent", "failure", "did not answer, and dom0 gave the row up") \
    X(CONTROL_RUNS_AWAY, "b1-control-runs-away", "success", "")                     \
    /* Without that ring the domain has nobody to work for, and ends; its row is heard of \
     * once more, the next one is not. */                                           \
    X(CONTROL_BROKEN, "b1-control-row-after", "error", "broke the control ring")


/* Ways out of the serving process, tried from inside it (escape.c). */
#define ESCAPES_ALL(X)                                                              \
    X(READ, "reads a file") X(WRITE, "makes a file") X(MEMORY, "opens /dev/mem")    \
    X(FORK, "forks") X(EXECUTE, "starts a program") X(NETWORK, "opens a socket of the network") \
    X(CONNECT, "opens a socket to connect") X(KILL, "signals process 1")            \
    X(TRACE, "traces process 1") X(DATA, "makes data code") X(CODE, "maps code")    \
    X(MOUNT, "mounts") X(NAMESPACE, "makes a namespace") X(MODULE, "loads a module") \
    X(REMOVE, "removes a file") X(MODE, "changes a file's mode") X(RING, "sets up an io_uring") \
    X(TERMINAL, "types at the terminal") X(PRIVILEGE, "changes what it is")        \
    X(ROOT, "becomes root") X(NODE, "opens Xen's hypercalls anew")
#define ESCAPE_NUMBER(identifier, name) ESCAPE_##identifier,
enum escape { ESCAPES_ALL(ESCAPE_NUMBER) ESCAPES };
#define EVIL_ESCAPES 4000u

#define EVIL_OPERATIONS 1000u
/* Others make the device of a case, whose row then finds it. */
#define EVIL_MAKE_DISK  2000u
#define EVIL_MAKE_NIC   3000u

#define EVIL_NUMBER(identifier, name, outcome, reason) EVIL_##identifier,
enum evil_disk { EVIL_DISK_CASES(EVIL_NUMBER) EVIL_DISK_COUNT };
enum evil_nic { EVIL_NIC_CASES(EVIL_NUMBER) EVIL_NIC_COUNT };
enum evil_data { EVIL_DATA_CASES(EVIL_NUMBER) EVIL_DATA_COUNT };

#define EVIL_HONEST 40u    /* requests that are answered well before the evil one */
#define EVIL_EVENTS 20000u /* for nothing, in a storm */

#endif
