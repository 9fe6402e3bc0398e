/*
 * The XenStore side of the device: both directories, written as a toolstack
 * would (xl knows nothing of our class), their states, and watches.
 *
 *   /local/domain/<domid>/device/xenometer/0       the guest's, dom0 reads
 *   /local/domain/0/backend/xenometer/<domid>/0    dom0's, the guest reads
 *
 * No call blocks for ever: a xenstored that does not answer for
 * XENBUS_PATIENCE seconds ends the program with STATUS_DEADLINE.
 */
#ifndef BACKEND_XENBUS_H
#define BACKEND_XENBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xenbus.h>

#include "keys.h"

#define BACKEND_DOMAIN   0u
#define XENBUS_PATIENCE  30u   /* seconds */

struct xenbus;

/* NULL after a message that says what to do. */
struct xenbus *xenbus_open(void);
void xenbus_close(struct xenbus *);

/* Does xenstored still answer?  libxenstore does not tell by itself. */
bool xenbus_alive(struct xenbus *);

/*
 * Make both directories, in one transaction, both states Initialising.  What
 * stood there before is gone.  NULL, or what went wrong (the caller's).
 */
char *xenbus_create(struct xenbus *, uint32_t domid);

/* A key and its value; lists end with a NULL name. */
struct xenbus_key {
    const char *name, *value;
};

/*
 * The same for any device class that Linux or QEMU in this domain is the backend
 * of ("vbd", 51712): as a toolstack would, with further keys for either
 * side (may be NULL).
 */
char *xenbus_attach(struct xenbus *, uint32_t domid, const char *class, uint32_t device,
                    const struct xenbus_key *frontend, const struct xenbus_key *backend);

/* Remove both directories of a device, and what is empty above them. */
void xenbus_detach(struct xenbus *, uint32_t domid, const char *class, uint32_t device);

/* The backend's state now; Unknown when there is none. */
XenbusState xenbus_backend_state(struct xenbus *, uint32_t domid, const char *class,
                                 uint32_t device);

/* What the frontend may read before InitWait; 0: no such service. */
struct xenbus_features {
    uint32_t ioreq_port;
    uint64_t ioreq_mmio;
    bool fifo;                /* it shall use FIFO event channels */
    bool grant_v2;            /* and version 2 of the grant table */
};

/* Write the features and state InitWait.  NULL or an error, as above. */
char *xenbus_announce(struct xenbus *, uint32_t domid,
                      const struct xenbus_features *);

/* False with errno set, for example after the domain took its store along. */
bool xenbus_set_state(struct xenbus *, uint32_t domid, XenbusState state);

/* The frontend's state now; Unknown when there is none, or no number. */
XenbusState xenbus_frontend_state(struct xenbus *, uint32_t domid);

/* Has the frontend a directory?  Another backend made it, then. */
bool xenbus_has_frontend(struct xenbus *, uint32_t domid);

/* Read the frontend's keys, once.  NULL or what is wrong, with the path. */
char *xenbus_frontend_keys(struct xenbus *, uint32_t domid, struct frontend_keys *);

/* Where people look for it: the key `error` of the backend's directory. */
void xenbus_write_error(struct xenbus *, uint32_t domid, const char *reason);

/* Remove our device, as xenbus_detach(). */
void xenbus_remove(struct xenbus *, uint32_t domid);

/* Remove backend directories of domains that are no more (a killed run's).
 * `exists` tells. */
void xenbus_remove_stale(struct xenbus *, bool (*exists)(void *, uint32_t domid),
                         void *context);

/* Numbers of all domains xenstored knows but dom0; the caller's to free. */
uint32_t *xenbus_domains(struct xenbus *, size_t *count);

/* The domain's name, printable; NULL: none yet.  The caller's. */
char *xenbus_domain_name(struct xenbus *, uint32_t domid);

/* Path of the domain's console pseudo terminal, or NULL.  The caller's. */
char *xenbus_console(struct xenbus *, uint32_t domid);

/* ------------------------------------------------------------- watches -- */

enum xenbus_event {
    XENBUS_INTRODUCED,   /* some domain was created */
    XENBUS_RELEASED,     /* some domain shut down or is gone */
    XENBUS_FRONTEND,     /* the state of frontend `domid` was written */
};

/* Poll this one, then call xenbus_events(). */
int xenbus_fd(struct xenbus *);

/* False with errno set. */
bool xenbus_watch_domains(struct xenbus *);
bool xenbus_watch_frontend(struct xenbus *, uint32_t domid);
void xenbus_unwatch_frontend(struct xenbus *, uint32_t domid);

/*
 * Take all events that are there.  `mark` only notes what happened; what it
 * means is looked up afterwards, once, however often a guest wrote its state.
 * False: the connection to xenstored is lost.
 */
bool xenbus_events(struct xenbus *,
                   void (*mark)(void *, enum xenbus_event, uint32_t domid),
                   void *context);

#endif
