#include "backend/events.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "backend/channel.h"
#include "backend/xenctrl.h"
#include "xenometer.h"

#define PORTS_AT_ONCE 64u   /* by which the table of ports grows */

struct events {
    xenevtchn_handle *handle;
    struct loop *loop;
    struct channel **listener;   /* by port; NULL: nobody */
    uint32_t ports;              /* places in it */
    unsigned awake;
    int trouble;

    /* The watcher: it waits for `handled` before it looks again. */
    bool watched;
    pthread_t watcher;
    sem_t handled;
    uint32_t bell;               /* the port it rings */
    struct channel door;         /* where that is heard */
};

xenevtchn_handle *events_handle(const struct events *e)
{
    return e->handle;
}

struct loop *events_loop(const struct events *e)
{
    return e->loop;
}

int events_trouble(const struct events *e)
{
    return e->trouble;
}

bool events_listen(struct events *e, uint32_t port, struct channel *c)
{
    if ( port >= e->ports )
    {
        uint32_t ports = port + PORTS_AT_ONCE;
        struct channel **longer = realloc(e->listener, ports * sizeof(*longer));

        if ( !longer )
            return false;
        memset(longer + e->ports, 0, (ports - e->ports) * sizeof(*longer));
        e->listener = longer;
        e->ports = ports;
    }
    e->listener[port] = c;
    return true;
}

/*
 * In the measured path: one read, the work, one notification, one unmask.  The
 * frontend is told before the port is unmasked: it can go on while we do that.
 * An event that comes meanwhile stays pending in Xen and is delivered by the unmask.
 */
bool events_take(struct events *e)
{
    int answer = xenevtchn_pending(e->handle);
    uint32_t port = (uint32_t)answer;

    if ( answer < 0 )
    {
        if ( errno != EAGAIN && errno != EINTR )
            e->trouble = errno;
        return false;
    }
    /* Nobody's: it was unbound with the event already under way. */
    if ( port < e->ports && e->listener[port] )
        channel_event(e->listener[port]);
    return true;
}

void events_awake(struct events *e, bool on)
{
    e->awake += on ? 1u : -1u;
    fcntl(xenevtchn_fd(e->handle), F_SETFL, e->awake ? O_NONBLOCK : 0);
}

static void event_ready(void *context)
{
    events_take(context);
}

/* The loop's turn; with `wait` it has nothing else to do. */
static void turn(void *context, bool wait)
{
    struct events *e = context;
    struct pollfd p = { .fd = xenevtchn_fd(e->handle), .events = POLLIN };

    /* Nobody else reads: what can be read now is still there then. */
    if ( wait || e->awake || poll(&p, 1, 0) > 0 )
        events_take(e);
}

/* ---------------------------------------------------------- the watcher -- */

static void *watch(void *context)
{
    struct events *e = context;
    struct pollfd p = { .fd = e->loop->epoll_fd, .events = POLLIN };

    for ( ;; )
    {
        if ( poll(&p, 1, -1) <= 0 )
            continue;
        xenevtchn_notify(e->handle, e->bell);
        while ( sem_wait(&e->handled) )
            ;
    }
    return NULL;
}

static enum heard answer_door(void *context)
{
    struct events *e = context;

    loop_handle_ready(e->loop, 0);
    sem_post(&e->handled);
    return HEARD_WORK;
}

/* False: there is none, and nothing of it is left. */
static bool watcher_start(struct events *e)
{
    xenevtchn_port_or_error_t bell = xenevtchn_bind_unbound_port(e->handle, DOMID_SELF);
    sigset_t all, before;
    int error;

    if ( bell < 0 )
        return false;
    e->bell = (uint32_t)bell;
    if ( channel_bind(&e->door, e, DOMID_SELF, e->bell, answer_door, e) )
    {
        sem_init(&e->handled, 0, 0);
        /* Signals are the loop's: they end its read. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        error = pthread_create(&e->watcher, NULL, watch, e);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        e->watched = error == 0;
        if ( e->watched )
            return true;
        sem_destroy(&e->handled);
        channel_unbind(&e->door);
    }
    else
        error = errno;
    xenevtchn_unbind(e->handle, e->bell);
    errno = error;
    return false;
}

static void watcher_end(struct events *e)
{
    if ( !e->watched )
        return;
    pthread_cancel(e->watcher);
    pthread_join(e->watcher, NULL);
    sem_destroy(&e->handled);
    channel_unbind(&e->door);
    xenevtchn_unbind(e->handle, e->bell);
}

/* ------------------------------------------------------- open and close -- */

struct events *events_open(struct loop *loop)
{
    struct events *e = xcalloc(1, sizeof(*e));
    int error;

    e->loop = loop;
    e->handle = xenevtchn_open(xenctrl_logger(), 0);
    if ( e->handle )
    {
        if ( watcher_start(e) )
        {
            loop_sleep_by(loop, turn, e);
            return e;
        }
        message("no thread to watch the rest (%s): the loop waits by epoll, and what this process "
                "answers costs more than a read would", strerror(errno));
        /* Never sleep in a read: what made the loop call us may be gone by then. */
        e->awake = 1;
        if ( fcntl(xenevtchn_fd(e->handle), F_SETFL, O_NONBLOCK) == 0 &&
             loop_add(loop, xenevtchn_fd(e->handle), event_ready, e) )
            return e;
    }
    error = errno;
    events_close(e);
    errno = error;
    return NULL;
}

bool events_by_read(const struct events *e)
{
    return e->watched;
}

void events_close(struct events *e)
{
    if ( !e )
        return;
    watcher_end(e);
    loop_sleep_by(e->loop, NULL, NULL);
    if ( e->handle )
    {
        loop_remove(e->loop, xenevtchn_fd(e->handle));
        xenevtchn_close(e->handle);
    }
    free(e->listener);
    free(e);
}
