/*
 * One device: connects to its frontend, serves its rings (data.c has the data ring), echo channel
 * and emulated registers, and passes the control ring's questions to its owner.
 *
 * Faces domU-kernel/drivers/device.c.
 */
#ifndef BACKEND_DEVICE_H
#define BACKEND_DEVICE_H

#include <ring.h>
#include <xengnttab.h>

#include "backend/channel.h"
#include "backend/host.h"
#include "backend/ioreq.h"
#include "backend/keys.h"
#include "backend/vigil.h"
#include "backend/services.h"

enum device_phase {
    DEVICE_WAITING,     /* InitWait: the frontend has still to come */
    DEVICE_CONNECTED,
    DEVICE_CLOSED,      /* by the frontend, in order */
    DEVICE_FAILED,      /* `trouble` says why; nothing of it is mapped */
    DEVICE_DIED,        /* the domain ended; `trouble` says how */
};

struct device {
    struct host *host;
    struct device *next;
    uint32_t domid;
    struct xenbus_name name;
    int claim;                    /* on the name of our directory: nobody else serves it */
    struct host_watch watch;      /* of the frontend's state */
    struct host_watch words_watch;
    char *words;                  /* its domain's last words since it connected; NULL: none */
    enum mode mode;               /* as Xen built the domain */
    enum device_phase phase;
    char *trouble;                /* owned; with DEVICE_FAILED and DEVICE_DIED */

    struct channel control, data, echo;
    struct channel counted;       /* DATA_EVENTS: its events do nothing else */
    uint32_t counted_remote;      /* the frontend's port of that */
    uint64_t counted_events;      /* since the device was made */
    uint64_t counted_before;      /* when this port's began */
    bool counted_new;             /* Xen raises one event itself when it binds */
    uint64_t awake_until;         /* DATA_AWAKE: by loop_now(); 0: asleep */
    struct ioreq_server *ioreq;   /* NULL unless HVM */

    /* With DEVICE_CONNECTED: */
    struct frontend_keys keys;    /* read once */
    xengnttab_handle *grants;     /* the host's */
    void *control_page, *data_pages;
    uint64_t *samples;            /* the frontend's pages, read-only */
    struct ring_back control_ring, data_ring;
    struct services services;     /* of the data ring */
    struct loop_work control_more, data_more, poll;
    struct vigil vigil;           /* of the data ring, when the frontend wants it */
    bool lingers;
    struct vchan *vchan;          /* NULL: the frontend wants none */

    /* The frontend's question: valid from `asks` to device_answer(). */
    bool asks;
    struct control_request request;

    /* Called when `asks` or `phase` has changed.  Must not free the device. */
    void (*changed)(void *context);
    void *context;
};

/*
 * Make the device of a domain: both directories, for HVM the ioreq server, and
 * InitWait.  The domain may run already, and have had a backend that was killed: then it
 * connects anew.  `needs` (enum domain_need bits): what the frontend shall use from its
 * start.  NULL with *error (the caller's), also where another process serves it.
 */
struct device *device_new(struct host *, uint32_t domid, row_needs needs,
                          void (*changed)(void *), void *context, char **error);

/*
 * Disconnect, say Closed, remove both directories.  Not from `changed`.
 */
void device_free(struct device *);

/* Answer the question.  Sizes and NULs are already right in `response`. */
void device_answer(struct device *, const struct control_response *);

/* Tell the frontend that command `id` took too long: its waits for an answer end.  Whether
 * it hears that is not known, and it does no harm to say it again. */
void device_give_up(const struct device *, uint32_t id);

/* Events counted for the frontend (DATA_EVENTS) since the device was made. */
uint64_t device_events(const struct device *);

/* Samples that fit into the frontend's buffer. */
uint32_t device_capacity(const struct device *);

/*
 * Copy samples out of the frontend's buffer: once, for it can still change
 * them.  `count` at most device_capacity().
 */
void device_samples(const struct device *, uint64_t *to, uint32_t count);

/* The device is of no more use: unwind, tell XenStore, the log and the owner why. */
void device_fail(struct device *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Map the frontend's pages, all or none: NULL with errno. */
void *device_map(struct device *, uint32_t *refs, uint32_t count, int protection);

/* The name of a domain's one device. */
struct xenbus_name device_name(uint32_t domid);

/* host_turn() calls this: look again. */
void device_check_domain(struct device *);

#endif
