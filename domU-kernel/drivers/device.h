/*
 * The frontend of device class "xenometer" (include/xenometer/protocol.h):
 * found through XenStore, faces dom0-tools/backend/.
 */
#ifndef DRIVERS_DEVICE_H
#define DRIVERS_DEVICE_H

#include "../arch/types.h"

#include <ring.h>
#include <xenometer/protocol.h>

/* Our one device, filled in by device_connect(). */
struct device {
    u32 backend;             /* its domain */
    u32 control_port, data_port, echo_port;
    struct ring_front control_ring, data_ring;   /* in granted pages */
    u64 *samples;            /* granted: SAMPLES_PAGES pages */
    u32 samples_capacity;    /* number of uint64_t that fit */
    u32 ioreq_port;          /* 0: no such service */
    u64 ioreq_mmio;
    bool fifo;               /* FIFO event channels are asked for */
    bool grant_v2;           /* so is version 2 of the grant table */
    u64 notifications;       /* events sent to backends whose rings rows use */
    bool shadow;             /* the domain has shadow paging */
    u32 command;             /* id of the one under way */
    const volatile u32 *give_up;   /* id of the one that dom0 gives up */
    const char *trouble;     /* what the backend did wrong on the data ring, which is broken */
    bool missed;             /* the row under way has no answer because of that */
    bool data_owed;          /* it is broken only because a row was given up: answers may come yet */
};
extern struct device device;

/*
 * Wait until the toolstack made the device, then connect.  Says on the console what it
 * waits for.  A backend that goes meanwhile is replaced by the next.  False: the toolstack
 * wants something else (control.h).
 */
bool device_connect(void);

/* The backend has gone, or another has taken its place: there is no answer to hope for.
 * Asks XenStore when a watch has fired, and only then. */
bool device_lost(void);

/* Has dom0 given up the command under way (CONTROL_GIVE_UP)? */
bool device_given_up(void);

/* The path of a key, or a directory, of the backend's; until the next call. */
const char *device_backend_key(const char *key);

/*
 * Tell the backend that we are done, and take back what it was given; if this domain goes on
 * afterwards, when the backend has let go of it: what is still mapped stays granted.
 */
void device_close(bool goes_on);

/* In the domain a restore made there is no device, and nobody was given anything. */
void device_forget(void);

#endif
