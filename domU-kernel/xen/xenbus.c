#include "xenbus.h"
#include "events.h"
#include "xenstore.h"
#include "../arch/traps.h"
#include "../lib/format.h"

static const char *join(const char *directory, const char *key)
{
    static char path[160];

    format(path, sizeof(path), "%s/%s", directory, key);
    return path;
}

/* The backend's fault, unless it has one already. */
#define TROUBLE(d, ...)                                                             \
    ((d)->trouble[0] ? 0 : format((d)->trouble, sizeof((d)->trouble), __VA_ARGS__))

u64 xenbus_number(struct xenbus_device *d, const char *key, u64 otherwise)
{
    u64 number;
    const char *error = xenstore_read_number(join(d->backend, key), &number);

    if ( !error )
        return number;
    if ( error[0] == 'E' && error[1] == 'I' )   /* EINVAL: it is there, and garbled */
        TROUBLE(d, "the backend's %s is no number", key);
    return otherwise;
}

void xenbus_write(const struct xenbus_device *d, const char *key, const char *value)
{
    const char *error = xenstore_write(join(d->frontend, key), value);

    if ( error )
        panic("cannot write %s/%s: %s", d->frontend, key, error);
}

void xenbus_write_number(const struct xenbus_device *d, const char *key, u64 value)
{
    char text[24];

    format(text, sizeof(text), "%lu", value);
    xenbus_write(d, key, text);
}

bool xenbus_wait(struct xenbus_device *d, enum xenbus_state wanted)
{
    u64 state;

    while ( (state = xenbus_number(d, "state", XenbusStateClosed)) != wanted )
        if ( state > wanted || state > XenbusStateConnected )
        {
            TROUBLE(d, "the backend has state %lu, not %u", state, wanted);
            return false;
        }
        else if ( !xenstore_await_watch() )
        {
            TROUBLE(d, "the backend stays in state %lu, and dom0 gave the row up", state);
            return false;
        }
    return true;
}

const char *xenbus_hopeless(struct xenbus_device *d)
{
    u64 state = XenbusStateConnected;

    /* News may have come just before the sleep, and woken nobody: they are looked at when
     * dom0 gives up, at the latest. */
    if ( d && xenstore_watch_fired() )
        state = xenbus_number(d, "state", XenbusStateClosed);
    if ( state != XenbusStateConnected )
    {
        TROUBLE(d, "the backend went into state %lu with requests open", state);
        return d->trouble;
    }
    return event_give_up && event_give_up()
           ? "the backend did not answer, and dom0 gave the row up" : NULL;
}

const char *xenbus_find(struct xenbus_device *d, const char *frontend)
{
    u64 domain;

    d->frontend = frontend;
    d->trouble[0] = '\0';
    if ( xenstore_read(join(frontend, "backend"), d->backend, sizeof(d->backend)) ||
         xenstore_read_number(join(frontend, "backend-id"), &domain) || domain >= 0x7ff0 )
        return "the domain has no such device";
    d->backend_id = (u32)domain;
    if ( xenstore_watch(join(d->backend, "state"), frontend) )
        return "the backend's directory cannot be watched";
    return xenbus_wait(d, XenbusStateInitWait) ? NULL : d->trouble;
}
