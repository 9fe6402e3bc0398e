#include "vbd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <xen/io/protocols.h>

#include "claim.h"
#include "xenometer.h"

#define MAX_ORDER     4u      /* of the ring: 16 pages, 512 slots */
#define PERSISTENT    2048u   /* table size, a power of two */
#define MAX_MAPPED    1024u   /* pages of a frontend we keep mapped at most */

enum vbd_phase {
    VBD_WAITING,     /* InitWait */
    VBD_CONNECTED,
    VBD_CLOSED,
    VBD_FAILED,      /* `trouble` says why; nothing is mapped */
};

/* A page with a persistent grant (feature-persistent): mapped once. */
struct mapped {
    uint32_t gref;
    void *page;      /* NULL: the entry is free */
};

/* What the frontend wrote, read once. */
struct vbd_keys {
    uint32_t order, port;
    uint32_t ref[1u << MAX_ORDER];
    bool persistent;
};

/*
 * Requests that follow one another on the disk, gathered while the ring has more,
 * and then done by one system call.
 */
#define RUN_REQUESTS 64u
#define RUN_VECTORS  BLKIF_MAX_SEGMENTS

struct gathered {
    uint64_t id, sector;
    uint8_t code;
    uint16_t vector, vectors;    /* the first of its vectors in the run's */
};

struct run {
    enum blkif_kind kind;        /* BLKIF_READ or BLKIF_WRITE */
    uint64_t sector, end;        /* the disk's, from and to */
    unsigned requests, vectors;
    struct gathered request[RUN_REQUESTS];
    struct iovec iov[RUN_VECTORS];
};

struct vbd {
    struct host *host;
    uint32_t domid;
    struct xenbus_name name;
    struct host_watch watch;
    enum vbd_phase phase;
    char *trouble;

    int claim;                   /* of the device, among all our processes */
    struct storage storage;
    struct blkif_disk disk;
    uint64_t requests;
    int complained;              /* errno of the storage's failure that was told last */

    /* With VBD_CONNECTED: */
    struct vbd_keys keys;
    xenevtchn_handle *events;
    xengnttab_handle *grants;
    struct channel channel;
    void *pages;
    struct ring_back ring;
    struct loop_work more;
    struct mapped mapped[PERSISTENT];
    uint32_t mapped_count;
    uint8_t *bounce;             /* for frontends without persistent grants: 1 MiB */
    struct blkif_operation operation;   /* the one being looked at */
    struct run run;
};

const char *vbd_trouble(const struct vbd *v)
{
    return v->phase == VBD_FAILED ? v->trouble : NULL;
}

uint64_t vbd_requests(const struct vbd *v)
{
    return v->requests;
}

void vbd_close(struct vbd *v)
{
    if ( v->phase == VBD_WAITING )
        v->phase = VBD_CLOSED;   /* nobody has it */
    xenbus_set_state(v->host->bus, &v->name, XenbusStateClosing);
}

bool vbd_closed(const struct vbd *v)
{
    return v->phase == VBD_CLOSED;
}

static void disconnect(struct vbd *);

static void fail(struct vbd *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void fail(struct vbd *v, const char *format, ...)
{
    va_list arguments;
    char *text;

    if ( v->phase == VBD_FAILED )
        return;
    va_start(arguments, format);
    if ( vasprintf(&text, format, arguments) < 0 )
        text = xstrdup("out of memory");
    va_end(arguments);
    disconnect(v);
    v->phase = VBD_FAILED;
    v->trouble = text;
    message("disk %u of domain %u: %s", v->name.device, v->domid, text);
    xenbus_write_error(v->host->bus, &v->name, text);
    xenbus_set_state(v->host->bus, &v->name, XenbusStateClosing);
}

/* ---------------------------------------------------------------- pages -- */

/*
 * The frontend's page, mapped for good; NULL: it cannot be mapped, or enough
 * are.
 */
static void *persistent_page(struct vbd *v, uint32_t gref)
{
    uint32_t at = gref & (PERSISTENT - 1);
    void *page;

    while ( v->mapped[at].page && v->mapped[at].gref != gref )
        at = (at + 1) & (PERSISTENT - 1);
    if ( v->mapped[at].page )
        return v->mapped[at].page;
    if ( v->mapped_count == MAX_MAPPED )
        return NULL;
    page = xengnttab_map_grant_ref(v->grants, v->domid, gref, PROT_READ | PROT_WRITE);
    if ( page )
    {
        v->mapped[at] = (struct mapped){ gref, page };
        v->mapped_count++;
    }
    return page;
}

/*
 * Copy between the bounce buffer and the frontend's pages, all segments in one
 * hypercall.  Every status counts: one bad reference fails the request.
 */
static bool copy_segments(struct vbd *v, bool to_frontend)
{
    static xengnttab_grant_copy_segment_t segment[BLKIF_MAX_SEGMENTS];
    const struct blkif_operation *o = &v->operation;
    uint8_t *at = v->bounce;

    for ( uint32_t i = 0; i < o->segments; i++ )
    {
        union xengnttab_copy_ptr ours = { .virt = at }, theirs = {
            .foreign = { .ref = o->segment[i].gref, .offset = o->segment[i].offset,
                         .domid = (uint16_t)v->domid },
        };

        segment[i] = (xengnttab_grant_copy_segment_t){
            .source = to_frontend ? ours : theirs, .dest = to_frontend ? theirs : ours,
            .len = o->segment[i].length,
            .flags = to_frontend ? GNTCOPY_dest_gref : GNTCOPY_source_gref,
        };
        at += o->segment[i].length;
    }
    if ( xengnttab_grant_copy(v->grants, o->segments, segment) )
        return false;
    for ( uint32_t i = 0; i < o->segments; i++ )
        if ( segment[i].status != GNTST_okay )
            return false;
    return true;
}

/* The pages of an indirect request, copied once (XSA-155) and then read. */
static int read_indirect(struct vbd *v)
{
    static struct blkif_request_segment
        segments[BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST * BLKIF_SEGMENTS_PER_PAGE];
    struct blkif_operation *o = &v->operation;

    for ( uint32_t i = 0; i < o->pages; i++ )
    {
        struct blkif_request_segment *to = segments + i * BLKIF_SEGMENTS_PER_PAGE;
        xengnttab_grant_copy_segment_t copy = {
            .source.foreign = { .ref = o->page[i], .domid = (uint16_t)v->domid },
            .dest.virt = to, .len = BLKIF_PAGE, .flags = GNTCOPY_source_gref,
        };

        if ( xengnttab_grant_copy(v->grants, 1, &copy) || copy.status != GNTST_okay )
            return BLKIF_RSP_ERROR;
    }
    return blkif_segments(o, segments, &v->disk);
}

/* ------------------------------------------------------------- requests -- */

/* The domain only learns that there is an error: say which, once. */
static void complain(struct vbd *v, const char *what)
{
    if ( errno == v->complained )
        return;
    v->complained = errno;
    message("%s: cannot %s for domain %u, which gets an error: %s", v->storage.path, what,
            v->domid, storage_shrunk(&v->storage) ? "the image became shorter than the disk"
                                                  : strerror(errno));
}

static bool move(struct vbd *v, enum blkif_kind kind, uint64_t sector, struct iovec *iov,
                 unsigned count)
{
    bool done = kind == BLKIF_READ ? storage_read(&v->storage, sector, iov, count)
                                   : storage_write(&v->storage, sector, iov, count);

    if ( !done )
        complain(v, kind == BLKIF_READ ? "read" : "write");
    return done;
}

/* Of a frontend whose pages we cannot keep mapped: through the bounce buffer. */
static bool transfer(struct vbd *v)
{
    const struct blkif_operation *o = &v->operation;
    struct iovec iov = { v->bounce, o->sectors * BLKIF_SECTOR };

    if ( o->kind == BLKIF_READ )
        return move(v, BLKIF_READ, o->sector, &iov, 1) && copy_segments(v, true);
    return copy_segments(v, false) && move(v, BLKIF_WRITE, o->sector, &iov, 1);
}

/* The operation that is checked already.  BLKIF_RSP_*. */
static int perform(struct vbd *v)
{
    const struct blkif_operation *o = &v->operation;
    bool done = false;

    switch ( o->kind )
    {
    case BLKIF_READ:
    case BLKIF_WRITE:
        done = transfer(v);
        break;
    case BLKIF_FLUSH:
        done = storage_flush(&v->storage);
        if ( !done )
            complain(v, "flush");
        break;
    case BLKIF_DISCARD:
        done = storage_discard(&v->storage, o->sector, o->sectors);
        if ( !done && errno == EOPNOTSUPP )
            return BLKIF_RSP_EOPNOTSUPP;
        break;
    }
    return done ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR;
}

static void respond(struct vbd *v, uint64_t id, uint8_t code, int status)
{
    struct blkif_response response;

    memset(&response, 0, sizeof(response));   /* its padding, too */
    response.id = id;
    response.operation = code;
    response.status = (int16_t)status;
    ring_back_put_part(&v->ring, &response, sizeof(response), BLKIF_SLOT);
    v->requests++;
}

/*
 * Do what was gathered, in one system call.  Where that fails, one by one: each
 * gets its own status.
 */
static void run_finish(struct vbd *v)
{
    struct run *r = &v->run;
    struct iovec iov[RUN_VECTORS];
    bool together;

    if ( !r->requests )
        return;
    memcpy(iov, r->iov, r->vectors * sizeof(*iov));   /* a transfer uses them up */
    together = move(v, r->kind, r->sector, iov, r->vectors);
    for ( unsigned i = 0; i < r->requests; i++ )
    {
        const struct gathered *g = &r->request[i];

        respond(v, g->id, g->code,
                together || move(v, r->kind, g->sector, r->iov + g->vector, g->vectors)
                    ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR);
    }
    r->requests = r->vectors = 0;
}

/*
 * Put a read or write to the others that it continues on the disk.  False: a page
 * of it is not mapped for good.
 */
static bool run_add(struct vbd *v)
{
    const struct blkif_operation *o = &v->operation;
    struct run *r = &v->run;
    unsigned vectors;

    if ( r->requests && (o->kind != r->kind || o->sector != r->end ||
                         r->requests == RUN_REQUESTS ||
                         r->vectors + o->segments > RUN_VECTORS) )
        run_finish(v);
    vectors = r->vectors;
    for ( uint32_t i = 0; i < o->segments; i++ )
    {
        uint8_t *page = persistent_page(v, o->segment[i].gref);

        if ( !page )
            return false;
        r->iov[vectors++] = (struct iovec){ page + o->segment[i].offset, o->segment[i].length };
    }
    if ( !r->requests )
    {
        r->kind = o->kind;
        r->sector = o->sector;
    }
    r->request[r->requests++] = (struct gathered){
        .id = o->id, .sector = o->sector, .code = o->code,
        .vector = (uint16_t)r->vectors, .vectors = (uint16_t)o->segments,
    };
    r->vectors = vectors;
    r->end = o->sector + o->sectors;
    return true;
}

static void serve(struct vbd *v, const union blkif_sring_entry *slot)
{
    struct blkif_operation *o = &v->operation;
    int status = blkif_read(slot, &v->disk, o);

    if ( status == BLKIF_RSP_OKAY && o->pages )
        status = read_indirect(v);
    if ( status == BLKIF_RSP_OKAY && v->keys.persistent &&
         (o->kind == BLKIF_READ || o->kind == BLKIF_WRITE) && run_add(v) )
        return;
    run_finish(v);   /* responses in the order of their requests */
    if ( status == BLKIF_RSP_OKAY )
        status = perform(v);
    respond(v, o->id, o->code, status);
}

/*
 * Serve the ring for one turn: as many requests as it has slots, so that others
 * get theirs.  True when there was work.
 */
static bool turn(struct vbd *v)
{
    union blkif_sring_entry slot;
    enum ring_result r = RING_EMPTY;
    uint32_t done = 0;

    do {
        while ( done < v->ring.count &&
                (r = ring_back_take(&v->ring, &slot, BLKIF_SLOT)) == RING_TAKEN )
        {
            serve(v, &slot);
            done++;
        }
        run_finish(v);
        if ( done && ring_back_push(&v->ring) )
            xenevtchn_notify(v->events, v->channel.port);
    } while ( r != RING_BROKEN && done < v->ring.count &&
              (r = ring_back_final_check(&v->ring, 1)) == RING_TAKEN );
    if ( r == RING_BROKEN )
        fail(v, "the domain's block ring has an impossible request index");
    else if ( done == v->ring.count )
        loop_work_add(&v->host->loop, &v->more);
    return done || r == RING_BROKEN;
}

static void turn_again(void *context)
{
    turn(context);
}

static void event_ready(void *context)
{
    struct vbd *v = context;
    int port = xenevtchn_pending(v->events);

    if ( port >= 0 )
        channel_handled(&v->channel, turn(v));
    else if ( errno != EAGAIN && errno != EINTR )
        fail(v, "cannot read events: %s", strerror(errno));
}

/* -------------------------------------------------------------- connect -- */

/* A number of the frontend; absent: `otherwise`.  False: not a number in range. */
static bool key(struct vbd *v, const char *name, uint32_t min, uint32_t max,
                uint32_t otherwise, uint32_t *value)
{
    size_t length;
    char *text = xenbus_read(v->host->bus, &v->name, name, &length), *path;
    char shown[64];
    bool good = true;

    *value = otherwise;
    if ( text || otherwise < min )
        good = text && keys_decimal(text, length, min, max, value);
    if ( !good )
    {
        path = xenbus_path(&v->name);
        keys_printable(shown, sizeof(shown), text ? text : "", text ? length : 0);
        fail(v, "%s/%s is \"%s\", and should be a number from %u to %u", path, name,
             shown, min, max);
        free(path);
    }
    free(text);
    return good;
}

static bool read_keys(struct vbd *v)
{
    struct vbd_keys *k = &v->keys;
    uint32_t persistent;
    size_t length;
    char *protocol = xenbus_read(v->host->bus, &v->name, "protocol", &length);
    bool native = !protocol || !strcmp(protocol, XEN_IO_PROTO_ABI_X86_64);

    free(protocol);
    if ( !native )
    {
        fail(v, "the domain's frontend speaks another protocol than " XEN_IO_PROTO_ABI_X86_64);
        return false;
    }
    if ( !key(v, "event-channel", 1, UINT32_MAX, 0, &k->port) ||
         !key(v, "ring-page-order", 0, MAX_ORDER, 0, &k->order) ||
         !key(v, "feature-persistent", 0, 1, 0, &persistent) )
        return false;
    k->persistent = persistent;
    if ( k->order == 0 && xenbus_has(v->host->bus, &v->name, "ring-ref") )
        return key(v, "ring-ref", 1, UINT32_MAX, 0, &k->ref[0]);
    for ( uint32_t i = 0; i < 1u << k->order; i++ )
    {
        char name[24];

        snprintf(name, sizeof(name), "ring-ref%u", i);
        if ( !key(v, name, 1, UINT32_MAX, 0, &k->ref[i]) )
            return false;
    }
    return true;
}

/* What could not be done, or NULL. */
static const char *connect_all(struct vbd *v)
{
    uint32_t count = 1u << v->keys.order;

    v->events = xenevtchn_open(xenctrl_logger(), 0);
    /* Never sleep in a read: what made the loop call us may be gone by then. */
    if ( !v->events || fcntl(xenevtchn_fd(v->events), F_SETFL, O_NONBLOCK) ||
         !loop_add(&v->host->loop, xenevtchn_fd(v->events), event_ready, v) )
        return "open /dev/xen/evtchn";
    v->grants = xengnttab_open(xenctrl_logger(), 0);
    if ( !v->grants )
        return "open /dev/xen/gntdev";
    v->pages = xengnttab_map_domain_grant_refs(v->grants, count, v->domid, v->keys.ref,
                                               PROT_READ | PROT_WRITE);
    if ( !v->pages )
        return "map the ring";
    v->bounce = aligned_alloc(BLKIF_PAGE, BLKIF_MAX_SEGMENTS * BLKIF_PAGE);
    if ( !v->bounce )
        return "get memory";
    /* Attached at its responses: what was not answered is done (again). */
    errno = EPROTO;
    if ( !ring_back_attach(&v->ring, v->pages,
                           ring_slot_count(count * BLKIF_PAGE, BLKIF_SLOT)) )
        return "use the ring: more requests than slots";
    if ( !channel_bind(&v->channel, v->events, &v->host->loop, v->domid, v->keys.port) )
        return "bind the event channel";
    return NULL;
}

static void connect(struct vbd *v)
{
    const char *failed;

    if ( !read_keys(v) )
        return;
    failed = connect_all(v);
    if ( failed )
    {
        fail(v, "cannot %s (%s)", failed, strerror(errno));
        return;
    }
    v->phase = VBD_CONNECTED;
    if ( !xenbus_set_state(v->host->bus, &v->name, XenbusStateConnected) )
        fail(v, "cannot write our state into XenStore: %s", strerror(errno));
    else
    {
        loop_work_add(&v->host->loop, &v->more);
        /* One that was killed may have published responses and not told: with no
         * request left to answer, nothing else would wake the frontend. */
        xenevtchn_notify(v->events, v->channel.port);
    }
}

/* Safe at any point of connect_all(), and twice. */
static void disconnect(struct vbd *v)
{
    loop_work_remove(&v->host->loop, &v->more);
    channel_unbind(&v->channel);
    for ( uint32_t i = 0; i < PERSISTENT; i++ )
        if ( v->mapped[i].page )
        {
            xengnttab_unmap(v->grants, v->mapped[i].page, 1);
            v->mapped[i].page = NULL;
        }
    v->mapped_count = 0;
    v->run.requests = v->run.vectors = 0;
    if ( v->pages )
        xengnttab_unmap(v->grants, v->pages, 1u << v->keys.order);
    if ( v->grants )
        xengnttab_close(v->grants);
    if ( v->events )
    {
        loop_remove(&v->host->loop, xenevtchn_fd(v->events));
        xenevtchn_close(v->events);
    }
    free(v->bounce);
    v->pages = NULL;
    v->grants = NULL;
    v->events = NULL;
    v->bounce = NULL;
}

/* --------------------------------------------------------------- states -- */

static void check_frontend(void *context)
{
    struct vbd *v = context;
    XenbusState state = xenbus_frontend_state(v->host->bus, &v->name);

    if ( v->phase == VBD_FAILED )
        return;
    switch ( state )
    {
    case XenbusStateInitialising:
        if ( v->phase == VBD_CLOSED )
        {
            v->phase = VBD_WAITING;   /* a new driver: connect anew */
            xenbus_set_state(v->host->bus, &v->name, XenbusStateInitWait);
        }
        break;

    case XenbusStateInitialised:
    case XenbusStateConnected:   /* before we are: another backend served it */
        if ( v->phase == VBD_WAITING )
            connect(v);
        break;

    case XenbusStateClosing:
    case XenbusStateClosed:
        disconnect(v);
        v->phase = VBD_CLOSED;
        xenbus_set_state(v->host->bus, &v->name, state);
        break;

    default:   /* the domain goes, or writes nonsense: nothing to serve */
        if ( v->phase == VBD_CONNECTED )
            fail(v, "the domain's block device has no valid state");
    }
}

/* -------------------------------------------------------- new and free -- */

/* The disk's name in the domain, where its number is one of the xvd disks' (xen
 * docs/man/xen-vbd-interface). */
static const char *device_name(const struct vbd *v)
{
    static char name[16];

    if ( v->name.device >> 8 == 202 )
        snprintf(name, sizeof(name), "xvd%c", 'a' + (int)(v->name.device >> 4 & 15));
    else
        snprintf(name, sizeof(name), "disk %u", v->name.device);
    return name;
}

#define CLAIM_TRIES 100u         /* 20 ms apart: one that was just killed may still end */

/* The device and the image for us alone.  NULL, or who has them. */
static char *claim(struct vbd *v)
{
    const struct timespec tick = { .tv_nsec = 20000000 };
    char *name = xenbus_own_path(&v->name);
    bool locked = false;
    int error;

    for ( unsigned i = 0; ; i++ )
    {
        if ( v->claim < 0 )
            v->claim = claim_take(name);
        if ( v->claim >= 0 )
            locked = storage_lock(&v->storage);
        error = errno;
        if ( locked || (error != EADDRINUSE && error != EWOULDBLOCK) || i == CLAIM_TRIES )
            break;
        nanosleep(&tick, NULL);
    }
    free(name);
    if ( locked )
        return NULL;
    if ( v->claim < 0 )
        return error == EADDRINUSE
            ? xasprintf("domain %u has %s already: another xenometer serves it", v->domid,
                        device_name(v))
            : xasprintf("cannot claim %s of domain %u: %s", device_name(v), v->domid,
                        strerror(error));
    return xasprintf("%s: %s", v->storage.path, error == EWOULDBLOCK
                     ? "it is in use: another xenometer serves it" : strerror(error));
}

/* Does the backend's key read so? */
static bool reads(struct vbd *v, const char *name, const char *value)
{
    size_t length;
    char *text = xenbus_read_own(v->host->bus, &v->name, name, &length);
    bool same = text && !strcmp(text, value);

    free(text);
    return same;
}

/*
 * Go on where a backend of ours was killed: only with what the domain knows its disk
 * by.  An image that grew meanwhile stays as large as it was.
 */
static char *take_over(struct vbd *v, const char *path)
{
    size_t length;
    char *text = xenbus_read_own(v->host->bus, &v->name, "sectors", &length);
    uint64_t sectors = text ? strtoull(text, NULL, 10) : 0;   /* our own writing */

    free(text);
    if ( !reads(v, "params", path) || !reads(v, "mode", v->disk.readonly ? "r" : "w") )
        return xasprintf("domain %u has %s already, which was served from another image or "
                         "otherwise: give the same arguments as then, or another --device",
                         v->domid, device_name(v));
    if ( !sectors || sectors > v->disk.sectors )
        return xasprintf("%s: it became shorter than the disk that domain %u has", path,
                         v->domid);
    v->disk.sectors = sectors;
    return NULL;
}

/* What the frontend is to know before it connects, and after. */
static char *announce(struct vbd *v, const char *path)
{
    char number[16], sectors[24], info[8], order[8], segments[8];
    const struct xenbus_key frontend[] = {
        { "virtual-device", number }, { "device-type", "disk" }, { NULL, NULL },
    };
    const struct xenbus_key backend[] = {
        { "params", path }, { "mode", v->disk.readonly ? "r" : "w" },
        { "sectors", sectors }, { "sector-size", "512" }, { "info", info },
        { "feature-persistent", "1" }, { "feature-flush-cache", "1" },
        { "feature-discard", "1" }, { "max-ring-page-order", order },
        { "feature-max-indirect-segments", segments }, { NULL, NULL },
    };

    snprintf(number, sizeof(number), "%u", v->name.device);
    snprintf(sectors, sizeof(sectors), "%llu", (unsigned long long)v->disk.sectors);
    snprintf(info, sizeof(info), "%u", v->disk.readonly ? VDISK_READONLY : 0);
    snprintf(order, sizeof(order), "%u", MAX_ORDER);
    snprintf(segments, sizeof(segments), "%u", BLKIF_MAX_SEGMENTS);
    return xenbus_attach(v->host->bus, &v->name, frontend, backend, XenbusStateInitWait);
}

/* The device's directories: another's, a killed one's, or made anew. */
static char *attach(struct vbd *v)
{
    char *own = xenbus_own_path(&v->name), *path = realpath(v->storage.path, NULL), *error;
    size_t length;
    char *backend = xenbus_read(v->host->bus, &v->name, "backend", &length);

    if ( !path )
        error = xasprintf("%s: %s", v->storage.path, strerror(errno));
    else if ( backend && strcmp(backend, own) )
        error = xasprintf("domain %u has %s already, from another backend: `--device` names "
                          "another one", v->domid, device_name(v));
    else if ( xenbus_backend_state(v->host->bus, &v->name) == XenbusStateConnected )
        error = take_over(v, path);
    else
        error = announce(v, path);
    free(backend);
    free(path);
    free(own);
    return error;
}

static void give_up(struct vbd *v)
{
    storage_close(&v->storage);
    if ( v->claim >= 0 )
        close(v->claim);
    free(v->trouble);
    free(v);
}

struct vbd *vbd_new(struct host *host, uint32_t domid, uint32_t device, const char *path,
                    bool readonly, char **error)
{
    struct vbd *v = xcalloc(1, sizeof(*v));

    v->host = host;
    v->domid = domid;
    v->claim = -1;
    v->name = (struct xenbus_name){ domid, device, "vbd", VBD_BACKEND_CLASS };
    v->watch = (struct host_watch){ .name = &v->name, .changed = check_frontend, .context = v };
    v->more = (struct loop_work){ .work = turn_again, .context = v };
    *error = storage_open(&v->storage, path, readonly);
    v->disk = (struct blkif_disk){
        .sectors = v->storage.sectors, .readonly = readonly, .flush = true, .discard = true,
    };
    if ( !*error )
        *error = claim(v);
    if ( !*error )
        *error = attach(v);
    if ( !*error )
    {
        if ( host_watch_add(host, &v->watch) )
            return v;
        *error = xasprintf("cannot watch domain %u: %s", domid, strerror(errno));
        xenbus_detach(host->bus, &v->name);
    }
    give_up(v);
    return NULL;
}

void vbd_free(struct vbd *v)
{
    if ( !v )
        return;
    host_watch_remove(v->host, &v->watch);
    disconnect(v);
    xenbus_detach(v->host->bus, &v->name);
    give_up(v);
}
