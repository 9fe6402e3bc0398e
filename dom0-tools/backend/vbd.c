#include "vbd.h"

#include <errno.h>
#include <stddef.h>
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

/* A page with a persistent grant (feature-persistent): mapped once. */
struct mapped {
    uint32_t gref;
    void *page;      /* NULL: the entry is free */
};

/* What the frontend wrote, read once. */
struct vbd_keys {
    uint32_t order;
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
    struct split split;          /* the first member: vbd_of() */
    int claim;                   /* of the device, among all our processes */
    struct storage storage;
    struct blkif_disk disk;
    uint64_t requests;
    int complained;              /* errno of the storage's failure that was told last */

    /* With SPLIT_CONNECTED: */
    struct vbd_keys keys;
    void *pages;
    struct ring_back ring;
    struct mapped mapped[PERSISTENT];
    uint32_t mapped_count;
    uint8_t *bounce;             /* for frontends without persistent grants: 1 MiB */
    struct blkif_operation operation;   /* the one being looked at */
    struct run run;
};

struct vbd *vbd_of(struct split *s)
{
    return (struct vbd *)s;
}

struct split *vbd_split(struct vbd *v)
{
    return &v->split;
}

uint64_t vbd_requests(const struct vbd *v)
{
    return v->requests;
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
    page = xengnttab_map_grant_ref(v->split.grants, v->split.name.domid, gref, PROT_READ | PROT_WRITE);
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
                         .domid = (uint16_t)v->split.name.domid },
        };

        segment[i] = (xengnttab_grant_copy_segment_t){
            .source = to_frontend ? ours : theirs, .dest = to_frontend ? theirs : ours,
            .len = o->segment[i].length,
            .flags = to_frontend ? GNTCOPY_dest_gref : GNTCOPY_source_gref,
        };
        at += o->segment[i].length;
    }
    if ( xengnttab_grant_copy(v->split.grants, o->segments, segment) )
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
            .source.foreign = { .ref = o->page[i], .domid = (uint16_t)v->split.name.domid },
            .dest.virt = to, .len = BLKIF_PAGE, .flags = GNTCOPY_source_gref,
        };

        if ( xengnttab_grant_copy(v->split.grants, 1, &copy) || copy.status != GNTST_okay )
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
            v->split.name.domid, storage_shrunk(&v->storage) ? "the image became shorter than the disk"
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

/*
 * A response as it stands in its slot, over the request: 16 bytes that are stored by one
 * instruction, so that a process that is killed leaves either the request or the
 * response.  The mark stands where the request had the upper half of its id, and tells them apart
 * for the next process: a response that was not published must not be read as a request.
 */
#define RESPONSE_MARK 0xb10cd07eu
typedef uint64_t vector __attribute__((vector_size(16), aligned(1), may_alias));
union response {
    struct blkif_response blkif;
    struct {
        uint64_t id, rest;   /* operation, status, mark */
    };
    uint32_t word[4];
    vector whole;            /* for MOVUPS */
};
_Static_assert(sizeof(union response) == sizeof(struct blkif_response) &&
               offsetof(struct blkif_response, status) == 10, "x86_64 blkif response");

static void respond(struct vbd *v, uint64_t id, uint8_t code, int status)
{
    union response response = { .id = id };
    void *slot = ring_back_next(&v->ring, BLKIF_SLOT);

    response.blkif.operation = code;
    response.blkif.status = (int16_t)status;
    response.word[3] = RESPONSE_MARK;
    /* A copy could become two stores, and the process end between them. */
    __asm__ volatile ("movups %1, %0" : "=m" (*(vector *)slot) : "x" (response.whole) : "memory");
    ring_back_count(&v->ring);
    v->requests++;
}

/* What a killed process had answered and not published is answered. */
static void adopt_responses(struct vbd *v)
{
    const union response *r;

    for ( uint32_t i = 0; i < v->ring.count &&
                          (r = ring_back_oldest(&v->ring, BLKIF_SLOT)) &&
                          *(const volatile uint32_t *)&r->word[3] == RESPONSE_MARK; i++ )
        ring_back_adopt(&v->ring);
    ring_back_push(&v->ring);   /* whoever connects tells the frontend */
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
static bool turn(struct split *s)
{
    struct vbd *v = vbd_of(s);
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
            split_notify(s);
    } while ( r != RING_BROKEN && done < v->ring.count &&
              (r = ring_back_final_check(&v->ring, 1)) == RING_TAKEN );
    if ( r == RING_BROKEN )
        split_fail(s, "the domain's block ring has an impossible request index");
    else if ( done == v->ring.count )
        split_more(s);
    return done || r == RING_BROKEN;
}

/* -------------------------------------------------------------- connect -- */

/* Where the rings are, and how the frontend speaks.  NULL, or what is wrong. */
static char *read_keys(struct vbd *v, uint32_t *port)
{
    struct xenbus *bus = v->split.host->bus;
    const struct xenbus_name *name = &v->split.name;
    struct vbd_keys *k = &v->keys;
    uint32_t persistent;
    size_t length;
    char *protocol = xenbus_read(bus, name, "protocol", &length), *wrong;
    bool native = !protocol || !strcmp(protocol, XEN_IO_PROTO_ABI_X86_64);

    free(protocol);
    if ( !native )
        return xstrdup("the domain's frontend speaks another protocol than "
                       XEN_IO_PROTO_ABI_X86_64);
    if ( (wrong = xenbus_read_number(bus, name, "event-channel", 1, UINT32_MAX, 0, port)) ||
         (wrong = xenbus_read_number(bus, name, "ring-page-order", 0, MAX_ORDER, 0, &k->order)) ||
         (wrong = xenbus_read_number(bus, name, "feature-persistent", 0, 1, 0, &persistent)) )
        return wrong;
    k->persistent = persistent;
    if ( k->order == 0 && xenbus_has(bus, name, "ring-ref") )
        return xenbus_read_number(bus, name, "ring-ref", 1, UINT32_MAX, 0, &k->ref[0]);
    for ( uint32_t i = 0; i < 1u << k->order && !wrong; i++ )
    {
        char key[24];

        snprintf(key, sizeof(key), "ring-ref%u", i);
        wrong = xenbus_read_number(bus, name, key, 1, UINT32_MAX, 0, &k->ref[i]);
    }
    return wrong;
}

static char *connect(struct split *s, uint32_t *port)
{
    struct vbd *v = vbd_of(s);
    char *wrong = read_keys(v, port);
    uint32_t count = 1u << v->keys.order;

    if ( wrong )
        return wrong;
    v->pages = xengnttab_map_domain_grant_refs(s->grants, count, s->name.domid, v->keys.ref,
                                               PROT_READ | PROT_WRITE);
    if ( !v->pages )
        return xasprintf("cannot map the ring (%s)", strerror(errno));
    v->bounce = aligned_alloc(BLKIF_PAGE, BLKIF_MAX_SEGMENTS * BLKIF_PAGE);
    if ( !v->bounce )
        return xstrdup("cannot get memory");
    /* Attached at its responses: what was not answered is done (again). */
    if ( !ring_back_attach(&v->ring, v->pages,
                           ring_slot_count(count * BLKIF_PAGE, BLKIF_SLOT)) )
        return xstrdup("cannot use the ring: it has more requests than slots");
    adopt_responses(v);
    return NULL;
}

static void disconnect(struct split *s)
{
    struct vbd *v = vbd_of(s);

    for ( uint32_t i = 0; i < PERSISTENT; i++ )
        if ( v->mapped[i].page )
        {
            xengnttab_unmap(s->grants, v->mapped[i].page, 1);
            v->mapped[i].page = NULL;
        }
    v->mapped_count = 0;
    v->run.requests = v->run.vectors = 0;
    if ( v->pages )
        xengnttab_unmap(s->grants, v->pages, 1u << v->keys.order);
    free(v->bounce);
    v->pages = NULL;
    v->bounce = NULL;
}

static const struct split_operations operations = {
    .connect = connect, .disconnect = disconnect, .turn = turn,
};

/* -------------------------------------------------------- new and free -- */

/* The disk's name in the domain, where its number is one of the xvd disks' (xen
 * docs/man/xen-vbd-interface). */
static const char *device_name(const struct vbd *v)
{
    static char name[16];

    if ( v->split.name.device >> 8 == 202 )
        snprintf(name, sizeof(name), "xvd%c", 'a' + (int)(v->split.name.device >> 4 & 15));
    else
        snprintf(name, sizeof(name), "disk %u", v->split.name.device);
    return name;
}

/* The device and the image for us alone.  NULL, or who has them. */
static char *claim(struct vbd *v)
{
    const struct timespec tick = { .tv_nsec = CLAIM_TICK };
    char *error = split_claim(&v->split, device_name(v), &v->claim);

    if ( error )
        return error;
    for ( unsigned i = 0; !storage_lock(&v->storage); i++ )
    {
        if ( errno != EWOULDBLOCK || i == CLAIM_TRIES )
            return xasprintf("%s: %s", v->storage.path, errno == EWOULDBLOCK
                             ? "it is in use: another xenometer serves it" : strerror(errno));
        nanosleep(&tick, NULL);
    }
    return NULL;
}

/* Does the backend's key read so? */
static bool reads(struct vbd *v, const char *name, const char *value)
{
    size_t length;
    char *text = xenbus_read_own(v->split.host->bus, &v->split.name, name, &length);
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
    char *text = xenbus_read_own(v->split.host->bus, &v->split.name, "sectors", &length);
    uint64_t sectors = text ? strtoull(text, NULL, 10) : 0;   /* our own writing */

    free(text);
    if ( !reads(v, "params", path) || !reads(v, "mode", v->disk.readonly ? "r" : "w") )
        return xasprintf("domain %u has %s already, which was served from another image or "
                         "otherwise: give the same arguments as then, or another --device",
                         v->split.name.domid, device_name(v));
    if ( !sectors || sectors > v->disk.sectors )
        return xasprintf("%s: it became shorter than the disk that domain %u has", path,
                         v->split.name.domid);
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

    snprintf(number, sizeof(number), "%u", v->split.name.device);
    snprintf(sectors, sizeof(sectors), "%llu", (unsigned long long)v->disk.sectors);
    snprintf(info, sizeof(info), "%u", v->disk.readonly ? VDISK_READONLY : 0);
    snprintf(order, sizeof(order), "%u", MAX_ORDER);
    snprintf(segments, sizeof(segments), "%u", BLKIF_MAX_SEGMENTS);
    return xenbus_attach(v->split.host->bus, &v->split.name, frontend, backend, XenbusStateInitWait);
}

/* The device's directories: another's, a killed one's, or made anew. */
static char *attach(struct vbd *v)
{
    char *own = xenbus_own_path(&v->split.name), *path = realpath(v->storage.path, NULL), *error;
    size_t length;
    char *backend = xenbus_read(v->split.host->bus, &v->split.name, "backend", &length);

    if ( !path )
        error = xasprintf("%s: %s", v->storage.path, strerror(errno));
    else if ( backend && strcmp(backend, own) )
        error = xasprintf("domain %u has %s already, from another backend: `--device` names "
                          "another one", v->split.name.domid, device_name(v));
    else if ( xenbus_backend_state(v->split.host->bus, &v->split.name) == XenbusStateConnected )
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
    free(v);
}

struct vbd *vbd_new(struct host *host, uint32_t domid, uint32_t device, const char *path,
                    bool readonly, char **error)
{
    struct vbd *v = xcalloc(1, sizeof(*v));

    v->claim = -1;
    split_init(&v->split, host,
               &(struct xenbus_name){ domid, device, "vbd", VBD_BACKEND_CLASS }, "disk",
               &operations);
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
        *error = split_follow(&v->split);
        if ( !*error )
            return v;
        split_end(&v->split);
    }
    give_up(v);
    return NULL;
}

void vbd_free(struct vbd *v)
{
    if ( !v )
        return;
    split_end(&v->split);
    give_up(v);
}
