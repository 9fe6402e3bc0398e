#include "xenbus.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <xenstore.h>

#include "xenometer.h"

struct xenbus {
    struct xs_handle *xs;
    struct sigaction before;   /* of SIGALRM */
};

#define CLASS_PATH "/local/domain/0/backend/" DEVICE_CLASS
#define PATH_SIZE  128u
#define FRONTEND_TOKEN "frontend:"
#define INITIALISING "1"   /* XenbusStateInitialising */

/* ------------------------------------------------------------ patience -- */

/*
 * libxenstore waits without end for an answer, and offers no other way.  Our
 * only remedy against a xenstored that hangs is to go.
 */
static void out_of_patience(int number)
{
    static const char text[] =
        "xenometer: xenstored does not answer; look at it, and at `xl list` for "
        "a domain left behind\n";

    (void)number;
    if ( write(STDERR_FILENO, text, sizeof(text) - 1) < 0 )
        _exit(STATUS_DEADLINE);
    _exit(STATUS_DEADLINE);
}

static struct xs_handle *enter(struct xenbus *b)
{
    alarm(XENBUS_PATIENCE);
    return b->xs;
}

static void leave(void)
{
    int saved = errno;

    alarm(0);
    errno = saved;
}

/* ------------------------------------------------------ open and close -- */

/*
 * xs_open() falls back to the kernel's xenbus device when nobody listens at
 * the socket, and then hangs for want of a xenstored: look first.
 */
static bool daemon_listens(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *path = xs_daemon_socket();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool listens = false;

    if ( fd < 0 )
        return false;
    if ( path && strlen(path) < sizeof(address.sun_path) )
    {
        strcpy(address.sun_path, path);
        listens = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    }
    close(fd);
    return listens;
}

struct xenbus *xenbus_open(void)
{
    struct sigaction action = { .sa_handler = out_of_patience };
    struct xenbus *b;

    if ( !daemon_listens() )
    {
        message("xenstored is not running (nobody listens at %s): start Xen's "
                "services, on Debian `service xen start`", xs_daemon_socket());
        return NULL;
    }
    b = xcalloc(1, sizeof(*b));
    sigaction(SIGALRM, &action, &b->before);
    alarm(XENBUS_PATIENCE);
    b->xs = xs_open(0);
    leave();
    if ( b->xs )
        return b;
    message("cannot talk to xenstored: %s", strerror(errno));
    sigaction(SIGALRM, &b->before, NULL);
    free(b);
    return NULL;
}

void xenbus_close(struct xenbus *b)
{
    if ( !b )
        return;
    enter(b);
    xs_close(b->xs);
    leave();
    sigaction(SIGALRM, &b->before, NULL);
    free(b);
}

bool xenbus_alive(struct xenbus *b)
{
    unsigned count;
    char **names = xs_directory(enter(b), XBT_NULL, "/", &count);

    leave();
    free(names);
    return names != NULL;
}

/* --------------------------------------------------------- directories -- */

static void frontend_path(char *path, uint32_t domid, const char *key)
{
    snprintf(path, PATH_SIZE, "/local/domain/%u/device/" DEVICE_CLASS "/0%s%s",
             domid, key ? "/" : "", key ? key : "");
}

static void backend_path(char *path, uint32_t domid, const char *key)
{
    snprintf(path, PATH_SIZE, CLASS_PATH "/%u/0%s%s", domid, key ? "/" : "",
             key ? key : "");
}

static bool put(struct xs_handle *xs, xs_transaction_t t, const char *path,
                const char *value)
{
    return xs_write(xs, t, path, value, (unsigned)strlen(value));
}

static bool put_number(struct xs_handle *xs, xs_transaction_t t, const char *path,
                       uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    return put(xs, t, path, text);
}

static bool put_key(struct xs_handle *xs, xs_transaction_t t, uint32_t domid,
                    const char *key, const char *value)
{
    char path[PATH_SIZE];

    backend_path(path, domid, key);
    return put(xs, t, path, value);
}

static bool put_backend(struct xs_handle *xs, xs_transaction_t t, uint32_t domid,
                        const char *key, uint64_t value)
{
    char path[PATH_SIZE];

    backend_path(path, domid, key);
    return put_number(xs, t, path, value);
}

static char *read_path(struct xenbus *b, const char *path, size_t *length)
{
    unsigned n = 0;
    char *value = xs_read(enter(b), XBT_NULL, path, &n);

    leave();
    *length = n;
    return value;
}

/* An empty directory that `owner` owns and `reader` may read. */
static bool make_directory(struct xs_handle *xs, xs_transaction_t t,
                           const char *path, uint32_t owner, uint32_t reader)
{
    struct xs_permissions permissions[2] = {
        { .id = owner, .perms = XS_PERM_NONE },   /* everybody else: nothing */
        { .id = reader, .perms = XS_PERM_READ },
    };

    if ( !xs_rm(xs, t, path) && errno != ENOENT )
        return false;
    /* Permissions first: keys made inside inherit them. */
    return xs_mkdir(xs, t, path) && xs_set_permissions(xs, t, path, permissions, 2);
}

static bool put_in(struct xs_handle *xs, xs_transaction_t t, const char *directory,
                   const char *key, const char *value)
{
    char path[2 * PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", directory, key);
    return put(xs, t, path, value);
}

static bool put_keys(struct xs_handle *xs, xs_transaction_t t, const char *directory,
                     const struct xenbus_key *keys)
{
    for ( ; keys && keys->name; keys++ )
        if ( !put_in(xs, t, directory, keys->name, keys->value) )
            return false;
    return true;
}

/* What a transaction makes: a device, or the features of ours. */
struct change {
    uint32_t domid;
    const char *class;
    uint32_t device;
    const struct xenbus_key *frontend_keys, *backend_keys;
    const struct xenbus_features *features;   /* not NULL: announce these */
};

static bool create(struct xs_handle *xs, xs_transaction_t t, const struct change *c)
{
    char frontend[PATH_SIZE], backend[PATH_SIZE], domid[16], own[16];

    snprintf(frontend, sizeof(frontend), "/local/domain/%u/device/%s/%u", c->domid,
             c->class, c->device);
    snprintf(backend, sizeof(backend), "/local/domain/%u/backend/%s/%u/%u",
             BACKEND_DOMAIN, c->class, c->domid, c->device);
    snprintf(domid, sizeof(domid), "%u", c->domid);
    snprintf(own, sizeof(own), "%u", BACKEND_DOMAIN);
    return make_directory(xs, t, frontend, c->domid, BACKEND_DOMAIN) &&
           make_directory(xs, t, backend, BACKEND_DOMAIN, c->domid) &&
           put_in(xs, t, frontend, "backend", backend) &&
           put_in(xs, t, frontend, "backend-id", own) &&
           put_keys(xs, t, frontend, c->frontend_keys) &&
           put_in(xs, t, frontend, "state", INITIALISING) &&
           put_in(xs, t, backend, "frontend", frontend) &&
           put_in(xs, t, backend, "frontend-id", domid) &&
           put_in(xs, t, backend, "online", "1") &&
           put_keys(xs, t, backend, c->backend_keys) &&
           put_in(xs, t, backend, "state", INITIALISING);
}

static bool announce(struct xs_handle *xs, xs_transaction_t t, const struct change *c)
{
    const struct xenbus_features *f = c->features;
    uint32_t domid = c->domid;

    return put_key(xs, t, domid, KEY_VERSION, PROTOCOL_VERSION) &&
           put_backend(xs, t, domid, KEY_MAX_RING_ORDER, MAX_RING_ORDER) &&
           (!f->ioreq_port ||
            put_backend(xs, t, domid, KEY_IOREQ_PORT, f->ioreq_port)) &&
           (!f->ioreq_mmio ||
            put_backend(xs, t, domid, KEY_IOREQ_MMIO, f->ioreq_mmio)) &&
           (!f->fifo || put_key(xs, t, domid, KEY_EVENT_ABI, EVENT_ABI_FIFO)) &&
           (!f->grant_v2 || put_backend(xs, t, domid, KEY_GRANT_VERSION, 2)) &&
           put_backend(xs, t, domid, "state", XenbusStateInitWait);
}

/*
 * All or nothing, so that nobody sees half a directory.  Repeated as long as
 * somebody else wrote meanwhile (EAGAIN), within the patience.
 */
static char *transaction(struct xenbus *b, const struct change *c)
{
    struct xs_handle *xs = enter(b);
    bool done;
    int error;

    do {
        xs_transaction_t t = xs_transaction_start(xs);

        done = t != XBT_NULL &&
               (c->features ? announce(xs, t, c) : create(xs, t, c));
        error = errno;
        if ( t == XBT_NULL )
            break;
        if ( !done )
            xs_transaction_end(xs, t, true);
        else if ( !xs_transaction_end(xs, t, false) )
        {
            done = false;
            error = errno;
        }
    } while ( !done && error == EAGAIN );
    leave();
    return done ? NULL
                : xasprintf("cannot write the device %s/%u of domain %u into XenStore: %s",
                            c->class, c->device, c->domid, strerror(error));
}

char *xenbus_create(struct xenbus *b, uint32_t domid)
{
    return xenbus_attach(b, domid, DEVICE_CLASS, 0, NULL, NULL);
}

char *xenbus_attach(struct xenbus *b, uint32_t domid, const char *class, uint32_t device,
                    const struct xenbus_key *frontend, const struct xenbus_key *backend)
{
    return transaction(b, &(struct change){
        .domid = domid, .class = class, .device = device,
        .frontend_keys = frontend, .backend_keys = backend,
    });
}

XenbusState xenbus_backend_state(struct xenbus *b, uint32_t domid, const char *class,
                                 uint32_t device)
{
    char path[PATH_SIZE];
    size_t length;
    uint32_t state = XenbusStateUnknown;
    char *value;

    snprintf(path, sizeof(path), "/local/domain/%u/backend/%s/%u/%u/state",
             BACKEND_DOMAIN, class, domid, device);
    value = read_path(b, path, &length);
    if ( value && !keys_decimal(value, length, 0, XenbusStateReconfigured, &state) )
        state = XenbusStateUnknown;
    free(value);
    return (XenbusState)state;
}

static void remove_if_empty(struct xs_handle *xs, const char *path)
{
    unsigned count;
    char **left = xs_directory(xs, XBT_NULL, path, &count);

    if ( left && count == 0 )
        xs_rm(xs, XBT_NULL, path);
    free(left);
}

void xenbus_detach(struct xenbus *b, uint32_t domid, const char *class, uint32_t device)
{
    struct xs_handle *xs = enter(b);
    char directory[PATH_SIZE], path[PATH_SIZE];

    snprintf(directory, sizeof(directory), "/local/domain/%u/device/%s", domid, class);
    snprintf(path, sizeof(path), "/local/domain/%u/device/%s/%u", domid, class, device);
    xs_rm(xs, XBT_NULL, path);
    remove_if_empty(xs, directory);

    snprintf(path, sizeof(path), "/local/domain/%u/backend/%s/%u/%u", BACKEND_DOMAIN,
             class, domid, device);
    xs_rm(xs, XBT_NULL, path);
    snprintf(directory, sizeof(directory), "/local/domain/%u/backend/%s/%u",
             BACKEND_DOMAIN, class, domid);
    remove_if_empty(xs, directory);
    snprintf(directory, sizeof(directory), "/local/domain/%u/backend/%s",
             BACKEND_DOMAIN, class);
    remove_if_empty(xs, directory);
    leave();
}

char *xenbus_announce(struct xenbus *b, uint32_t domid,
                      const struct xenbus_features *features)
{
    return transaction(b, &(struct change){
        .domid = domid, .class = DEVICE_CLASS, .features = features,
    });
}

void xenbus_remove(struct xenbus *b, uint32_t domid)
{
    xenbus_detach(b, domid, DEVICE_CLASS, 0);
}

/* Numbers among the children of a directory; the caller's to free. */
static uint32_t *numbered_children(struct xenbus *b, const char *path, size_t *count)
{
    unsigned n = 0;
    char **names = xs_directory(enter(b), XBT_NULL, path, &n);
    uint32_t *numbers = xcalloc(n, sizeof(*numbers));

    leave();
    *count = 0;
    for ( unsigned i = 0; names && i < n; i++ )
        if ( keys_decimal(names[i], strlen(names[i]), 1, 0x7fef, &numbers[*count]) )
            ++*count;
    free(names);
    return numbers;
}

void xenbus_remove_stale(struct xenbus *b, bool (*exists)(void *, uint32_t),
                         void *context)
{
    size_t count;
    uint32_t *domids = numbered_children(b, CLASS_PATH, &count);

    for ( size_t i = 0; i < count; i++ )
        if ( !exists(context, domids[i]) )
            xenbus_remove(b, domids[i]);
    free(domids);
}

uint32_t *xenbus_domains(struct xenbus *b, size_t *count)
{
    return numbered_children(b, "/local/domain", count);
}

/* -------------------------------------------------------------- values -- */

bool xenbus_set_state(struct xenbus *b, uint32_t domid, XenbusState state)
{
    char path[PATH_SIZE];
    struct xs_handle *xs = enter(b);
    size_t length;
    char *there;
    bool done = false;

    /* Only where the directory still is: a write would make it anew. */
    backend_path(path, domid, "state");
    there = read_path(b, path, &length);
    alarm(XENBUS_PATIENCE);
    if ( there )
        done = put_number(xs, XBT_NULL, path, state);
    leave();
    free(there);
    return done;
}

XenbusState xenbus_frontend_state(struct xenbus *b, uint32_t domid)
{
    char path[PATH_SIZE];
    size_t length;
    uint32_t state = XenbusStateUnknown;
    char *value;

    frontend_path(path, domid, "state");
    value = read_path(b, path, &length);
    if ( value && !keys_decimal(value, length, 0, XenbusStateReconfigured, &state) )
        state = XenbusStateUnknown;
    free(value);
    return (XenbusState)state;
}

bool xenbus_has_frontend(struct xenbus *b, uint32_t domid)
{
    char path[PATH_SIZE];
    size_t length;
    char *value;

    frontend_path(path, domid, "backend");
    value = read_path(b, path, &length);
    free(value);
    return value != NULL;
}

struct key_source {
    struct xenbus *bus;
    uint32_t domid;
};

static char *read_key(void *context, const char *key, size_t *length)
{
    struct key_source *source = context;
    char path[PATH_SIZE];

    frontend_path(path, source->domid, key);
    return read_path(source->bus, path, length);
}

char *xenbus_frontend_keys(struct xenbus *b, uint32_t domid, struct frontend_keys *keys)
{
    struct key_source source = { b, domid };
    char *error = keys_parse(keys, read_key, &source), *longer;
    char path[PATH_SIZE];

    if ( !error )
        return NULL;
    frontend_path(path, domid, NULL);
    longer = xasprintf("%s/%s", path, error);
    free(error);
    return longer;
}

void xenbus_write_error(struct xenbus *b, uint32_t domid, const char *reason)
{
    char path[PATH_SIZE];

    backend_path(path, domid, "error");
    put(enter(b), XBT_NULL, path, reason);
    leave();
}

char *xenbus_domain_name(struct xenbus *b, uint32_t domid)
{
    char path[PATH_SIZE];
    size_t length;
    char *value;

    snprintf(path, sizeof(path), "/local/domain/%u/name", domid);
    value = read_path(b, path, &length);
    if ( value )
        keys_printable(value, length + 1, value, length);
    return value;
}

char *xenbus_console(struct xenbus *b, uint32_t domid)
{
    char path[PATH_SIZE];
    size_t length;

    snprintf(path, sizeof(path), "/local/domain/%u/console/tty", domid);
    return read_path(b, path, &length);
}

/* ------------------------------------------------------------- watches -- */

#define INTRODUCE "@introduceDomain"   /* xen docs/misc/xenstore.txt, WATCH */
#define RELEASE   "@releaseDomain"

int xenbus_fd(struct xenbus *b)
{
    int fd = xs_fileno(enter(b));

    leave();
    return fd;
}

bool xenbus_watch_domains(struct xenbus *b)
{
    struct xs_handle *xs = enter(b);
    bool done = xs_watch(xs, INTRODUCE, INTRODUCE) && xs_watch(xs, RELEASE, RELEASE);

    leave();
    return done;
}

static void frontend_watch(char *path, char *token, uint32_t domid)
{
    frontend_path(path, domid, "state");
    snprintf(token, PATH_SIZE, FRONTEND_TOKEN "%u", domid);
}

bool xenbus_watch_frontend(struct xenbus *b, uint32_t domid)
{
    char path[PATH_SIZE], token[PATH_SIZE];
    bool done;

    frontend_watch(path, token, domid);
    done = xs_watch(enter(b), path, token);
    leave();
    return done;
}

void xenbus_unwatch_frontend(struct xenbus *b, uint32_t domid)
{
    char path[PATH_SIZE], token[PATH_SIZE];

    frontend_watch(path, token, domid);
    xs_unwatch(enter(b), path, token);
    leave();
}

bool xenbus_events(struct xenbus *b,
                   void (*mark)(void *, enum xenbus_event, uint32_t domid),
                   void *context)
{
    const size_t prefix = strlen(FRONTEND_TOKEN);
    char **event;
    int error;

    for ( ;; )
    {
        const char *token;
        uint32_t domid;

        event = xs_check_watch(enter(b));
        error = errno;
        leave();
        if ( !event )
            return error == EAGAIN;
        token = event[XS_WATCH_TOKEN];
        if ( !strcmp(token, INTRODUCE) )
            mark(context, XENBUS_INTRODUCED, 0);
        else if ( !strcmp(token, RELEASE) )
            mark(context, XENBUS_RELEASED, 0);
        else if ( !strncmp(token, FRONTEND_TOKEN, prefix) &&
                  keys_decimal(token + prefix, strlen(token + prefix), 0,
                               UINT32_MAX, &domid) )
            mark(context, XENBUS_FRONTEND, domid);
        free(event);
    }
}
