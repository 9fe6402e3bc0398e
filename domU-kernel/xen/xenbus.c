#include "xenbus.h"
#include "xenstore.h"
#include "../arch/traps.h"
#include "../lib/format.h"

static const char *join(const char *directory, const char *key)
{
    static char path[160];

    format(path, sizeof(path), "%s/%s", directory, key);
    return path;
}

u64 xenbus_number(const struct xenbus_device *d, const char *key, u64 otherwise)
{
    u64 number;

    return xenstore_read_number(join(d->backend, key), &number) ? otherwise : number;
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

bool xenbus_wait(const struct xenbus_device *d, enum xenbus_state wanted)
{
    u64 state;

    while ( (state = xenbus_number(d, "state", XenbusStateClosed)) != wanted )
    {
        if ( state > XenbusStateConnected )
            return false;
        xenstore_wait_watch();
    }
    return true;
}

const char *xenbus_find(struct xenbus_device *d, const char *frontend)
{
    u64 domain;

    d->frontend = frontend;
    if ( xenstore_read(join(frontend, "backend"), d->backend, sizeof(d->backend)) ||
         xenstore_read_number(join(frontend, "backend-id"), &domain) || domain >= 0x7ff0 )
        return "the domain has no such device";
    d->backend_id = (u32)domain;
    if ( xenstore_watch(join(d->backend, "state"), frontend) )
        return "the backend's directory cannot be watched";
    return xenbus_wait(d, XenbusStateInitWait) ? NULL : "the backend closed before it was ready";
}
