#include "backend/xenbus.h"

#include <errno.h>
#include <fcntl.h>
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
    int socket;                /* libxenstore's, once more; -1: not found */
    struct sigaction before;   /* of SIGALRM */
};

#define PATH_SIZE  128u
#define LAST_WORDS_SIZE 240u
#define FRONTEND_TOKEN "frontend:"
#define MADE_TOKEN "made"
#define MOST_DESCRIPTORS 256   /* that are looked at when XenStore is opened */

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

/*
 * When xenstored ends, libxenstore's thread closes its socket; that of Xen 4.20 tells nobody who
 * waits for a watch.  A duplicate stays, and tells.  It is the one whose other end is the daemon's.
 */
static int duplicate_socket(void)
{
    const char *path = xs_daemon_socket();

    for ( int fd = 0; path && fd < MOST_DESCRIPTORS; fd++ )
    {
        struct sockaddr_un address = { .sun_family = AF_UNSPEC };
        socklen_t length = sizeof(address);

        if ( getpeername(fd, (struct sockaddr *)&address, &length) == 0 &&
             address.sun_family == AF_UNIX && !strncmp(address.sun_path, path, sizeof(address.sun_path)) )
            return fcntl(fd, F_DUPFD_CLOEXEC, 0);
    }
    return -1;
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
    {
        b->socket = duplicate_socket();
        return b;
    }
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
    if ( b->socket >= 0 )
        close(b->socket);
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

/* -------------------------------------------------------- directories -- */

/* Both with `key` NULL: the directory itself. */
static void frontend_path(char *path, const struct xenbus_name *n, const char *key)
{
    snprintf(path, PATH_SIZE, "/local/domain/%u/device/%s/%u%s%s", n->domid, n->frontend,
             n->device, key ? "/" : "", key ? key : "");
}

static void backend_path(char *path, const struct xenbus_name *n, const char *key)
{
    snprintf(path, PATH_SIZE, "/local/domain/%u/backend/%s/%u/%u%s%s", BACKEND_DOMAIN,
             n->backend, n->domid, n->device, key ? "/" : "", key ? key : "");
}

static bool put(struct xs_handle *xs, xs_transaction_t t, const char *path,
                const char *value)
{
    return xs_write(xs, t, path, value, (unsigned)strlen(value));
}

static bool put_number(struct xs_handle *xs, xs_transaction_t t, const char *path,
                       uint32_t value)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", value);
    return put(xs, t, path, text);
}

/* path_of: frontend_path or backend_path. */
static bool put_keys(struct xs_handle *xs, xs_transaction_t t, const struct xenbus_name *n,
                     void (*path_of)(char *, const struct xenbus_name *, const char *),
                     const struct xenbus_key *keys)
{
    char path[PATH_SIZE];

    for ( ; keys && keys->name; keys++ )
    {
        path_of(path, n, keys->name);
        if ( !put(xs, t, path, keys->value) )
            return false;
    }
    return true;
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

/* What a transaction writes. */
struct change {
    const struct xenbus_name *name;
    bool create;             /* both directories anew */
    const struct xenbus_key *frontend_keys, *backend_keys;
    XenbusState state;       /* the backend's, written last */
};

static bool create(struct xs_handle *xs, xs_transaction_t t, const struct xenbus_name *n)
{
    char frontend[PATH_SIZE], backend[PATH_SIZE], own[16], domid[16], state[16];
    const struct xenbus_key in_frontend[] = {
        { "backend", backend }, { "backend-id", own }, { "state", state }, { NULL, NULL },
    };
    const struct xenbus_key in_backend[] = {
        { "frontend", frontend }, { "frontend-id", domid }, { "online", "1" },
        { NULL, NULL },
    };

    frontend_path(frontend, n, NULL);
    backend_path(backend, n, NULL);
    snprintf(own, sizeof(own), "%u", BACKEND_DOMAIN);
    snprintf(domid, sizeof(domid), "%u", n->domid);
    snprintf(state, sizeof(state), "%u", XenbusStateInitialising);
    return make_directory(xs, t, frontend, n->domid, BACKEND_DOMAIN) &&
           make_directory(xs, t, backend, BACKEND_DOMAIN, n->domid) &&
           put_keys(xs, t, n, frontend_path, in_frontend) &&
           put_keys(xs, t, n, backend_path, in_backend);
}

static bool write_change(struct xs_handle *xs, xs_transaction_t t, const struct change *c)
{
    char path[PATH_SIZE];

    backend_path(path, c->name, "state");
    return (!c->create || create(xs, t, c->name)) &&
           put_keys(xs, t, c->name, frontend_path, c->frontend_keys) &&
           put_keys(xs, t, c->name, backend_path, c->backend_keys) &&
           put_number(xs, t, path, c->state);
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

        done = t != XBT_NULL && write_change(xs, t, c);
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
                            c->name->frontend, c->name->device, c->name->domid,
                            strerror(error));
}

char *xenbus_attach(struct xenbus *b, const struct xenbus_name *name,
                    const struct xenbus_key *frontend, const struct xenbus_key *backend,
                    XenbusState state)
{
    return transaction(b, &(struct change){
        .name = name, .create = true, .frontend_keys = frontend, .backend_keys = backend,
        .state = state,
    });
}

char *xenbus_announce(struct xenbus *b, const struct xenbus_name *name,
                      const struct xenbus_key *keys, XenbusState state)
{
    return transaction(b, &(struct change){
        .name = name, .backend_keys = keys, .state = state,
    });
}

static void remove_if_empty(struct xs_handle *xs, const char *path)
{
    unsigned count;
    char **left = xs_directory(xs, XBT_NULL, path, &count);

    if ( left && count == 0 )
        xs_rm(xs, XBT_NULL, path);
    free(left);
}

void xenbus_detach(struct xenbus *b, const struct xenbus_name *n)
{
    struct xs_handle *xs = enter(b);
    char path[PATH_SIZE];

    frontend_path(path, n, NULL);
    xs_rm(xs, XBT_NULL, path);
    snprintf(path, sizeof(path), "/local/domain/%u/device/%s", n->domid, n->frontend);
    remove_if_empty(xs, path);

    backend_path(path, n, NULL);
    xs_rm(xs, XBT_NULL, path);
    snprintf(path, sizeof(path), "/local/domain/%u/backend/%s/%u", BACKEND_DOMAIN,
             n->backend, n->domid);
    remove_if_empty(xs, path);
    snprintf(path, sizeof(path), "/local/domain/%u/backend/%s", BACKEND_DOMAIN, n->backend);
    remove_if_empty(xs, path);
    leave();
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

void xenbus_remove_stale(struct xenbus *b, const char *class,
                         bool (*exists)(void *, uint32_t), void *context)
{
    char path[PATH_SIZE];
    size_t count;
    uint32_t *domids;

    snprintf(path, sizeof(path), "/local/domain/%u/backend/%s", BACKEND_DOMAIN, class);
    domids = numbered_children(b, path, &count);
    for ( size_t i = 0; i < count; i++ )
        if ( !exists(context, domids[i]) )
        {
            struct xs_handle *xs = enter(b);

            snprintf(path, sizeof(path), "/local/domain/%u/backend/%s/%u",
                     BACKEND_DOMAIN, class, domids[i]);
            xs_rm(xs, XBT_NULL, path);
            snprintf(path, sizeof(path), "/local/domain/%u/backend/%s",
                     BACKEND_DOMAIN, class);
            remove_if_empty(xs, path);
            leave();
        }
    free(domids);
}

uint32_t *xenbus_domains(struct xenbus *b, size_t *count)
{
    return numbered_children(b, "/local/domain", count);
}

/* -------------------------------------------------------------- values -- */

static char *read_path(struct xenbus *b, const char *path, size_t *length)
{
    unsigned n = 0;
    char *value = xs_read(enter(b), XBT_NULL, path, &n);

    leave();
    *length = n;
    return value;
}

static XenbusState read_state(struct xenbus *b, const char *path)
{
    uint32_t state = XenbusStateUnknown;
    size_t length;
    char *value = read_path(b, path, &length);

    if ( value && !keys_decimal(value, length, 0, XenbusStateReconfigured, &state) )
        state = XenbusStateUnknown;
    free(value);
    return (XenbusState)state;
}

XenbusState xenbus_frontend_state(struct xenbus *b, const struct xenbus_name *n)
{
    char path[PATH_SIZE];

    frontend_path(path, n, "state");
    return read_state(b, path);
}

XenbusState xenbus_backend_state(struct xenbus *b, const struct xenbus_name *n)
{
    char path[PATH_SIZE];

    backend_path(path, n, "state");
    return read_state(b, path);
}

bool xenbus_set_state(struct xenbus *b, const struct xenbus_name *n, XenbusState state)
{
    char path[PATH_SIZE];
    size_t length;
    char *there;
    bool done = false;

    /* Only where the directory still is: a write would make it anew. */
    backend_path(path, n, "state");
    there = read_path(b, path, &length);
    if ( there )
    {
        done = put_number(enter(b), XBT_NULL, path, state);
        leave();
    }
    free(there);
    return done;
}

bool xenbus_has(struct xenbus *b, const struct xenbus_name *n, const char *key)
{
    size_t length;
    char *value = xenbus_read(b, n, key, &length);

    free(value);
    return value != NULL;
}

char *xenbus_read(struct xenbus *b, const struct xenbus_name *n, const char *key,
                  size_t *length)
{
    char path[PATH_SIZE];

    frontend_path(path, n, key);
    return read_path(b, path, length);
}

char *xenbus_read_number(struct xenbus *b, const struct xenbus_name *n, const char *key,
                         uint32_t min, uint32_t max, uint32_t otherwise, uint32_t *value)
{
    size_t length = 0;
    char *text = xenbus_read(b, n, key, &length), path[PATH_SIZE], shown[64], *error = NULL;

    *value = otherwise;
    if ( text ? !keys_decimal(text, length, min, max, value) : otherwise < min )
    {
        frontend_path(path, n, key);
        keys_printable(shown, sizeof(shown), text ? text : "", length);
        error = xasprintf("%s is \"%s\", and should be a number from %u to %u", path, shown,
                          min, max);
    }
    free(text);
    return error;
}

char *xenbus_read_own(struct xenbus *b, const struct xenbus_name *n, const char *key,
                      size_t *length)
{
    char path[PATH_SIZE];

    backend_path(path, n, key);
    return read_path(b, path, length);
}

char *xenbus_path(const struct xenbus_name *n)
{
    char path[PATH_SIZE];

    frontend_path(path, n, NULL);
    return xstrdup(path);
}

char *xenbus_own_path(const struct xenbus_name *n)
{
    char path[PATH_SIZE];

    backend_path(path, n, NULL);
    return xstrdup(path);
}

void xenbus_write_error(struct xenbus *b, const struct xenbus_name *n, const char *reason)
{
    char path[PATH_SIZE];

    backend_path(path, n, "error");
    put(enter(b), XBT_NULL, path, reason);
    leave();
}

char *xenbus_domain_name(struct xenbus *b, uint32_t domid)
{
    char path[PATH_SIZE];
    size_t length;

    snprintf(path, sizeof(path), "/local/domain/%u/name", domid);
    return read_path(b, path, &length);
}

char *xenbus_last_words(struct xenbus *b, uint32_t domid)
{
    char path[PATH_SIZE], shown[LAST_WORDS_SIZE], *words;
    size_t length;

    snprintf(path, sizeof(path), "/local/domain/%u/" KEY_LAST_WORDS, domid);
    words = read_path(b, path, &length);
    if ( !words )
        return NULL;
    keys_printable(shown, sizeof(shown), words, length);
    free(words);
    return *shown ? xstrdup(shown) : NULL;
}

bool xenbus_offer_words(struct xenbus *b, uint32_t domid)
{
    struct xs_permissions permissions[2] = {
        { .id = BACKEND_DOMAIN, .perms = XS_PERM_NONE },
        { .id = domid, .perms = XS_PERM_READ | XS_PERM_WRITE },
    };
    char path[PATH_SIZE];
    struct xs_handle *xs = enter(b);
    bool done;

    snprintf(path, sizeof(path), "/local/domain/%u/" KEY_LAST_WORDS, domid);
    /* What is there already stays. */
    done = xs_mkdir(xs, XBT_NULL, path) && xs_set_permissions(xs, XBT_NULL, path, permissions, 2);
    leave();
    return done;
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

int xenbus_socket(const struct xenbus *b)
{
    return b->socket;
}

bool xenbus_watch_domains(struct xenbus *b)
{
    struct xs_handle *xs = enter(b);
    bool done = xs_watch(xs, INTRODUCE, INTRODUCE) && xs_watch(xs, RELEASE, RELEASE);

    leave();
    return done;
}

/* The token carries the number that the event is reported with. */
static void frontend_watch(char *path, char *token, const struct xenbus_name *n, uint32_t id)
{
    frontend_path(path, n, "state");
    snprintf(token, PATH_SIZE, FRONTEND_TOKEN "%u", id);
}

bool xenbus_watch_frontend(struct xenbus *b, const struct xenbus_name *n, uint32_t id)
{
    char path[PATH_SIZE], token[PATH_SIZE];
    bool done;

    frontend_watch(path, token, n, id);
    done = xs_watch(enter(b), path, token);
    leave();
    return done;
}

void xenbus_unwatch_frontend(struct xenbus *b, const struct xenbus_name *n, uint32_t id)
{
    char path[PATH_SIZE], token[PATH_SIZE];

    frontend_watch(path, token, n, id);
    xs_unwatch(enter(b), path, token);
    leave();
}

/* Told as a frontend's. */
static void words_watch(char *path, char *token, uint32_t domid, uint32_t id)
{
    snprintf(path, PATH_SIZE, "/local/domain/%u/" KEY_LAST_WORDS, domid);
    snprintf(token, PATH_SIZE, FRONTEND_TOKEN "%u", id);
}

bool xenbus_watch_words(struct xenbus *b, uint32_t domid, uint32_t id)
{
    char path[PATH_SIZE], token[PATH_SIZE];
    bool done;

    words_watch(path, token, domid, id);
    done = xs_watch(enter(b), path, token);
    leave();
    return done;
}

void xenbus_unwatch_words(struct xenbus *b, uint32_t domid, uint32_t id)
{
    char path[PATH_SIZE], token[PATH_SIZE];

    words_watch(path, token, domid, id);
    xs_unwatch(enter(b), path, token);
    leave();
}

static void made_path(char *path, const char *uuid)
{
    snprintf(path, PATH_SIZE, "/vm/%s/uuid", uuid);
}

bool xenbus_watch_made(struct xenbus *b, const char *uuid)
{
    char path[PATH_SIZE];
    bool done;

    made_path(path, uuid);
    done = xs_watch(enter(b), path, MADE_TOKEN);
    leave();
    return done;
}

void xenbus_unwatch_made(struct xenbus *b, const char *uuid)
{
    char path[PATH_SIZE];

    made_path(path, uuid);
    xs_unwatch(enter(b), path, MADE_TOKEN);
    leave();
}

bool xenbus_events(struct xenbus *b,
                   void (*mark)(void *, enum xenbus_event, uint32_t id),
                   void *context)
{
    const size_t prefix = strlen(FRONTEND_TOKEN);
    char **event;
    int error;

    for ( ;; )
    {
        const char *token;
        uint32_t id;

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
        else if ( !strcmp(token, MADE_TOKEN) )
            mark(context, XENBUS_MADE, 0);
        else if ( !strncmp(token, FRONTEND_TOKEN, prefix) &&
                  keys_decimal(token + prefix, strlen(token + prefix), 0,
                               UINT32_MAX, &id) )
            mark(context, XENBUS_FRONTEND, id);
        free(event);
    }
}
