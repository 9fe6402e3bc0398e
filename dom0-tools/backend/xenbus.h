/*
 * The XenStore side of split devices: both directories, written as a toolstack
 * would (xl knows nothing of our class), their states, and watches.
 *
 *   /local/domain/<domid>/device/<class>/<device>       the guest's, dom0 reads
 *   /local/domain/0/backend/<class>/<domid>/<device>    dom0's, the guest reads
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

#include "backend/keys.h"

#define BACKEND_DOMAIN   0u
#define XENBUS_PATIENCE  30u   /* seconds */

struct xenbus;

/* NULL after a message that says what to do. */
struct xenbus *xenbus_open(void);
void xenbus_close(struct xenbus *);

/* Does xenstored still answer?  libxenstore does not tell by itself. */
bool xenbus_alive(struct xenbus *);

/* One split device: a directory on either side. */
struct xenbus_name {
    uint32_t domid, device;
    const char *frontend;    /* class below the guest's device/ */
    const char *backend;     /* class below dom0's backend/; often the same */
};

/* A key and its value; lists end with a NULL name. */
struct xenbus_key {
    const char *name, *value;
};

/*
 * Make both directories, in one transaction, as a toolstack would: the
 * frontend Initialising, the backend in `state`, with further keys for either
 * (may be NULL).  What stood there before is gone.  NULL, or what went wrong (the
 * caller's).
 */
char *xenbus_attach(struct xenbus *, const struct xenbus_name *,
                    const struct xenbus_key *frontend, const struct xenbus_key *backend,
                    XenbusState state);

/* Write keys of the backend, and its state, in one transaction.  As above. */
char *xenbus_announce(struct xenbus *, const struct xenbus_name *,
                      const struct xenbus_key *, XenbusState state);

/* Remove both directories, and what is empty above them. */
void xenbus_detach(struct xenbus *, const struct xenbus_name *);

/* Set the backend's.  False with errno set, for example after the domain took its
 * store along. */
bool xenbus_set_state(struct xenbus *, const struct xenbus_name *, XenbusState state);

/* The state now; Unknown when there is none, or no number. */
XenbusState xenbus_frontend_state(struct xenbus *, const struct xenbus_name *);
XenbusState xenbus_backend_state(struct xenbus *, const struct xenbus_name *);

/* Has the frontend this key?  With "backend": a directory, made by a toolstack. */
bool xenbus_has(struct xenbus *, const struct xenbus_name *, const char *key);

/* A key of the frontend: malloc'd, *length bytes and a NUL behind them; NULL: there
 * is none. */
char *xenbus_read(struct xenbus *, const struct xenbus_name *, const char *key,
                  size_t *length);

/*
 * A number among the frontend's keys, from min to max; where there is none,
 * `otherwise`, unless that is below min.  NULL, or what is wrong with it (the caller's).
 */
char *xenbus_read_number(struct xenbus *, const struct xenbus_name *, const char *key,
                         uint32_t min, uint32_t max, uint32_t otherwise, uint32_t *value);

/* A key of the backend: as above. */
char *xenbus_read_own(struct xenbus *, const struct xenbus_name *, const char *key,
                      size_t *length);

/* The frontend's directory, for messages, and the backend's; the caller's. */
char *xenbus_path(const struct xenbus_name *);
char *xenbus_own_path(const struct xenbus_name *);

/* Where people look for it: the key `error` of the backend's directory. */
void xenbus_write_error(struct xenbus *, const struct xenbus_name *, const char *reason);

/* Remove backend directories of a class whose domains are no more (a killed
 * process's).  `exists` tells. */
void xenbus_remove_stale(struct xenbus *, const char *class,
                         bool (*exists)(void *, uint32_t domid), void *context);

/* Numbers of all domains xenstored knows but dom0; the caller's to free. */
uint32_t *xenbus_domains(struct xenbus *, size_t *count);

/* Why the domain ends, by its own words (KEY_LAST_WORDS), printable; NULL: it has said
 * nothing.  The caller's. */
char *xenbus_last_words(struct xenbus *, uint32_t domid);

/*
 * Room for them that is dom0's, and that the domain may write: one whose share of XenStore is full
 * can still say so.  False with errno set.
 */
bool xenbus_offer_words(struct xenbus *, uint32_t domid);

/* The domain's name, as it stands there (any bytes but NUL); NULL: none yet.  The caller's.
 * For messages: keys_show_name(). */
char *xenbus_domain_name(struct xenbus *, uint32_t domid);

/* Path of the domain's console pseudo terminal, or NULL.  The caller's. */
char *xenbus_console(struct xenbus *, uint32_t domid);

/* ------------------------------------------------------------- watches -- */

enum xenbus_event {
    XENBUS_INTRODUCED,   /* some domain was created */
    XENBUS_RELEASED,     /* some domain shut down or is gone */
    XENBUS_FRONTEND,     /* the state of the frontend watched as `id` was written, or the
                            last words of the domain watched so */
    XENBUS_MADE,         /* the domain whose making is watched has its directories */
};

/* Poll this one, then call xenbus_events(). */
int xenbus_fd(struct xenbus *);

/* It hangs up when xenstored has ended; -1: there is none.  Nothing is read of it. */
int xenbus_socket(const struct xenbus *);

/* False with errno set. */
bool xenbus_watch_domains(struct xenbus *);
/* `id`: what its events are reported with, unique among those watched. */
bool xenbus_watch_frontend(struct xenbus *, const struct xenbus_name *, uint32_t id);
void xenbus_unwatch_frontend(struct xenbus *, const struct xenbus_name *, uint32_t id);

/* The same for a domain's last words. */
bool xenbus_watch_words(struct xenbus *, uint32_t domid, uint32_t id);
void xenbus_unwatch_words(struct xenbus *, uint32_t domid, uint32_t id);

/*
 * Watch for the domain that will have this UUID (36 characters).  libxl writes it
 * into XenStore in the transaction that makes the domain's directories, right
 * after Xen made the domain.
 */
bool xenbus_watch_made(struct xenbus *, const char *uuid);
void xenbus_unwatch_made(struct xenbus *, const char *uuid);

/*
 * Take all events that are there.  `mark` only notes what happened; what it
 * means is looked up afterwards, once, however often a guest wrote its state.
 * False: the connection to xenstored is lost.
 */
bool xenbus_events(struct xenbus *,
                   void (*mark)(void *, enum xenbus_event, uint32_t id),
                   void *context);

#endif
