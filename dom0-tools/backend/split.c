#include "backend/split.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/claim.h"
#include "xenometer.h"

#define GONE_MS 500u   /* for a domain to see that a device went */

/* Safe at any point of open_all(), and twice. */
static void disconnect(struct split *s)
{
    loop_work_remove(&s->host->loop, &s->more);
    vigil_end(&s->vigil);
    channel_unbind(&s->channel);
    if ( s->grants )
        s->ops->disconnect(s);
    s->grants = NULL;
}

void split_fail(struct split *s, const char *format, ...)
{
    va_list arguments;
    char *text;

    if ( s->phase == SPLIT_FAILED )
        return;
    va_start(arguments, format);
    if ( vasprintf(&text, format, arguments) < 0 )
        text = xstrdup("out of memory");
    va_end(arguments);
    disconnect(s);
    s->phase = SPLIT_FAILED;
    s->trouble = text;
    message("%s %u of domain %u: %s", s->what, s->name.device, s->name.domid, text);
    xenbus_write_error(s->host->bus, &s->name, text);
    xenbus_set_state(s->host->bus, &s->name, XenbusStateClosing);
}

const char *split_trouble(const struct split *s)
{
    return s->phase == SPLIT_FAILED ? s->trouble : NULL;
}

void split_close(struct split *s)
{
    if ( s->phase == SPLIT_WAITING )
        s->phase = SPLIT_CLOSED;   /* nobody has it */
    xenbus_set_state(s->host->bus, &s->name, XenbusStateClosing);
}

bool split_closed(const struct split *s)
{
    return s->phase == SPLIT_CLOSED;
}

/* --------------------------------------------------------------- events -- */

void split_more(struct split *s)
{
    loop_work_add(&s->host->loop, &s->more);
}

void split_notify(struct split *s)
{
    channel_notify(&s->channel);
}

static void turn_again(void *context)
{
    struct split *s = context;

    s->ops->turn(s, false);
}

static bool turn(void *context, bool stay)
{
    struct split *s = context;

    return s->ops->turn(s, stay);
}

/* -------------------------------------------------------------- connect -- */

/* NULL, or what is wrong (the caller's). */
static char *open_all(struct split *s)
{
    uint32_t port;
    char *wrong;

    s->grants = s->host->grants;
    wrong = s->ops->connect(s, &port);
    vigil_init(&s->vigil, &s->channel, s->host->xen, turn, s);
    if ( !wrong && !channel_bind(&s->channel, s->host->events, s->name.domid, port,
                                 vigil_event, &s->vigil) )
        wrong = xasprintf("cannot bind the event channel (%s)", strerror(errno));
    return wrong;
}

static void connect(struct split *s)
{
    char *wrong = open_all(s);

    if ( wrong )
    {
        split_fail(s, "%s", wrong);
        free(wrong);
        return;
    }
    s->phase = SPLIT_CONNECTED;
    if ( !xenbus_set_state(s->host->bus, &s->name, XenbusStateConnected) )
    {
        split_fail(s, "cannot write our state into XenStore: %s", strerror(errno));
        return;
    }
    split_more(s);
    /* A backend that was killed may have published responses and not told: with no
     * request left to answer, nothing else would wake the frontend. */
    split_notify(s);
}

/* --------------------------------------------------------------- states -- */

static void check_frontend(void *context)
{
    struct split *s = context;
    XenbusState state = xenbus_frontend_state(s->host->bus, &s->name);

    if ( s->phase == SPLIT_FAILED )
        return;
    switch ( state )
    {
    case XenbusStateInitialising:
        if ( s->phase == SPLIT_CLOSED )
        {
            s->phase = SPLIT_WAITING;   /* a new driver: connect anew */
            xenbus_set_state(s->host->bus, &s->name, XenbusStateInitWait);
        }
        break;

    case XenbusStateInitialised:
    /* Frontends of netif go there at once; others, when another backend served it. */
    case XenbusStateConnected:
        if ( s->phase == SPLIT_WAITING )
            connect(s);
        break;

    case XenbusStateClosing:
    case XenbusStateClosed:
        disconnect(s);
        s->phase = SPLIT_CLOSED;
        xenbus_set_state(s->host->bus, &s->name, state);
        break;

    default:
        /* Without any of our keys the domain's directory is going: so will the domain. */
        if ( s->phase == SPLIT_CONNECTED && xenbus_has(s->host->bus, &s->name, "backend") )
            split_fail(s, "the domain's %s has no valid state", s->what);
    }
}

/* ------------------------------------------------------ begin and end -- */

enum split_owner split_owner(const struct split *s)
{
    size_t length;
    char *own = xenbus_own_path(&s->name);
    char *backend = xenbus_read(s->host->bus, &s->name, "backend", &length);
    enum split_owner owner = SPLIT_ANOTHERS;

    if ( !backend )
        owner = SPLIT_NOBODYS;
    else if ( !strcmp(backend, own) )
    {
        XenbusState state = xenbus_backend_state(s->host->bus, &s->name);

        owner = state == XenbusStateInitWait || state == XenbusStateConnected
            ? SPLIT_LEFT : SPLIT_ENDED;
    }
    free(backend);
    free(own);
    return owner;
}

char *split_claim(const struct split *s, const char *name, int *claim)
{
    char *path = xenbus_own_path(&s->name);
    int error;

    *claim = claim_wait(path, CLAIM_TRIES);
    error = errno;
    free(path);
    if ( *claim >= 0 )
        return NULL;
    return error == EADDRINUSE
        ? xasprintf("domain %u has %s already: another xenometer serves it", s->name.domid, name)
        : xasprintf("cannot claim %s of domain %u: %s", name, s->name.domid, strerror(error));
}

void split_init(struct split *s, struct host *host, const struct xenbus_name *name,
                const char *what, const struct split_operations *ops)
{
    *s = (struct split){
        .host = host, .name = *name, .what = what, .ops = ops,
        .more = { .work = turn_again, .context = s },
    };
    s->watch = (struct host_watch){ .name = &s->name, .changed = check_frontend, .context = s };
}

char *split_follow(struct split *s)
{
    if ( host_watch_add(s->host, &s->watch) )
        return NULL;
    return xasprintf("cannot watch domain %u: %s", s->name.domid, strerror(errno));
}

/* When a watch tells Linux of a change, it looks whether the directory is there: the next
 * device of that name, made before it has looked, would be the old one to it, closed. */
void split_settle(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = GONE_MS * 1000000 }, NULL);
}

void split_end(struct split *s)
{
    host_watch_remove(s->host, &s->watch);
    disconnect(s);
    xenbus_detach(s->host->bus, &s->name);
    free(s->trouble);
    s->trouble = NULL;
}
