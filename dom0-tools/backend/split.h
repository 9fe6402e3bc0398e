/*
 * The backend's side of one device of a split driver, as far as all have it in common:
 * it follows the frontend's states (xen/io/xenbus.h), holds what is mapped of its grants and
 * events, and gives everything back when something is wrong.
 */
#ifndef BACKEND_SPLIT_H
#define BACKEND_SPLIT_H

#include <xengnttab.h>

#include "backend/channel.h"
#include "backend/host.h"
#include "backend/vigil.h"

enum split_phase {
    SPLIT_WAITING,     /* InitWait */
    SPLIT_CONNECTED,
    SPLIT_CLOSED,
    SPLIT_FAILED,      /* `trouble` says why; nothing is mapped */
};

struct split;

struct split_operations {
    /*
     * Read the frontend's keys, map and attach its rings; the handles are open.  NULL,
     * with the frontend's event channel in *port, or what is wrong (the caller's).
     */
    char *(*connect)(struct split *, uint32_t *port);
    /* Unmap what that mapped.  Safe at any point of it, and twice. */
    void (*disconnect)(struct split *);
    /* Serve the rings for one turn; split_more() asks for another.  With `stay` the last
     * look asks the frontend for no event: it is called again.  True: there was work. */
    bool (*turn)(struct split *, bool stay);
};

struct split {
    struct host *host;
    struct xenbus_name name;
    const char *what;             /* "disk": what it is in messages */
    const struct split_operations *ops;
    enum split_phase phase;
    char *trouble;
    struct host_watch watch;

    /* From connect() to disconnect(): */
    xengnttab_handle *grants;     /* the host's */
    struct channel channel;
    struct vigil vigil;
    struct loop_work more;
};

/* `what` and the operations must stay; nothing is acquired. */
void split_init(struct split *, struct host *, const struct xenbus_name *, const char *what,
                const struct split_operations *);

/* Why it serves no more, or NULL. */
const char *split_trouble(const struct split *);

/*
 * Ask the frontend to let go of the device: split_closed() once it has.  One that has
 * it in use (a mounted disk) answers only when it is not any more.
 */
void split_close(struct split *);
bool split_closed(const struct split *);

/* Whose the device of that name is in XenStore. */
enum split_owner {
    SPLIT_NOBODYS,
    SPLIT_ANOTHERS,    /* another backend's */
    SPLIT_LEFT,        /* a process of ours served it and was killed: it can be taken over */
    SPLIT_ENDED,       /* the same, and the domain had let go of it */
};
enum split_owner split_owner(const struct split *);

/* Follow the frontend from now on.  NULL, or what is wrong (the caller's). */
char *split_follow(struct split *);

/*
 * Make the device ours alone, among all our processes: *claim is a descriptor to close at
 * the end.  NULL, or who has it (the caller's); `name`: what messages call it.
 */
char *split_claim(const struct split *, const char *name, int *claim);

/* Give back everything, serve no more, and tell the frontend and the user why. */
void split_fail(struct split *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Another turn, when the others have had theirs. */
void split_more(struct split *);

/* Tell the frontend that there is something in the rings. */
void split_notify(struct split *);

/* Wait until a domain that runs has seen that a device is gone. */
void split_settle(void);

/* Let go of everything, and remove the device.  Not inside host_turn(). */
void split_end(struct split *);

#endif
