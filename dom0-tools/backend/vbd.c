#include "backend/vbd.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <xen/io/protocols.h>

#include "backend/bounce.h"
#include "backend/claim.h"
#include "backend/disk_run.h"
#include "backend/pages.h"
#include "xenometer.h"

#define MAX_ORDER     4u      /* of the ring: 16 pages, 512 slots */

/* What the frontend wrote, read once. */
struct vbd_keys {
    uint32_t order;
    uint32_t ref[1u << MAX_ORDER];
    bool persistent;
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
    struct pages kept;
    struct bounce bounce;        /* for frontends without persistent grants: 1 MiB */
    struct blkif_operation operation;   /* the one being looked at */
    struct disk_run run;
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
    void *page = pages_find(&v->kept, gref);

    if ( page || v->kept.count == PAGES_MAX )
        return page;
    page = xengnttab_map_grant_ref(v->split.grants, v->split.name.domid, gref, PROT_READ | PROT_WRITE);
    if ( page )
        pages_add(&v->kept, gref, page);
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
    uint8_t *at = v->bounce.memory;

    for ( uint32_t i = 0; i < o->segments; i++ )
    {
        union xengnttab_copy_ptr theirs = {
            .foreign = { .ref = o->segment[i].gref, .offset = o->segment[i].offset,
                         .domid = (uint16_t)v->split.name.domid },
        };

        segment[i] = (xengnttab_grant_copy_segment_t){ .len = o->segment[i].length };
        if ( to_frontend )
        {
            segment[i].dest = theirs;
            segment[i].flags = GNTCOPY_dest_gref;
            bounce_from(&v->bounce, &segment[i], at);
        }
        else
        {
            segment[i].source = theirs;
            segment[i].flags = GNTCOPY_source_gref;
            bounce_to(&v->bounce, &segment[i], at);
        }
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

/* BLKIF_OP_READ or BLKIF_OP_WRITE. */
static bool move(struct vbd *v, uint8_t code, uint64_t sector, uint64_t sectors,
                 const struct iovec *iov, unsigned count)
{
    bool done = code == BLKIF_OP_READ ? storage_read(&v->storage, sector, sectors, iov, count)
                                      : storage_write(&v->storage, sector, sectors, iov, count);

    if ( !done )
        complain(v, code == BLKIF_OP_READ ? "read" : "write");
    return done;
}

/* Of a frontend whose pages we cannot keep mapped: through the bounce buffer. */
static bool transfer(struct vbd *v)
{
    const struct blkif_operation *o = &v->operation;
    struct iovec iov = { v->bounce.memory, o->sectors * BLKIF_SECTOR };

    if ( o->kind == BLKIF_READ )
        return move(v, o->code, o->sector, o->sectors, &iov, 1) && copy_segments(v, true);
    return copy_segments(v, false) && move(v, o->code, o->sector, o->sectors, &iov, 1);
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
struct response {
    uint64_t id;
    uint32_t code_status, mark;
};
_Static_assert(sizeof(struct response) == sizeof(vector) &&
               sizeof(struct response) == sizeof(struct blkif_response) &&
               offsetof(struct blkif_response, operation) == 8 &&
               offsetof(struct blkif_response, status) == 10, "blkif response of a 64-bit domain");

/* All of a response but its id. */
static uint64_t response_rest(uint8_t code, int status)
{
    return (uint64_t)RESPONSE_MARK << 32 | (uint32_t)(uint16_t)status << 16 | code;
}

static void store_response(void *slot, uint64_t id, uint64_t rest)
{
    vector response = { id, rest };

    /* A copy could become two stores, and the process end between them. */
#ifdef __x86_64__
    __asm__ volatile ("movups %1, %0" : "=m" (*(vector *)slot) : "x" (response));
#else
    __asm__ volatile ("str %q1, %0" : "=m" (*(vector *)slot) : "w" (response));
#endif
}

static void respond(struct vbd *v, uint64_t id, uint8_t code, int status)
{
    store_response(ring_back_next(&v->ring, BLKIF_SLOT), id, response_rest(code, status));
    ring_back_count(&v->ring, 1);
    v->requests++;
}

/* What a killed process had answered and not published is answered. */
static void adopt_responses(struct vbd *v)
{
    const struct response *r;

    for ( uint32_t i = 0; i < v->ring.count &&
                          (r = ring_back_oldest(&v->ring, BLKIF_SLOT)) &&
                          *(const volatile uint32_t *)&r->mark == RESPONSE_MARK; i++ )
        ring_back_adopt(&v->ring);
    ring_back_push(&v->ring);   /* whoever connects tells the frontend */
}

/* Do what was gathered one by one: each request gets its own status. */
static void run_apart(struct vbd *v)
{
    const struct disk_run *r = &v->run;
    uint64_t sector = r->sector;

    for ( size_t i = 0; i < r->vectors; i += r->span[i] )
    {
        uint64_t sectors = 0;
        bool done;

        for ( size_t j = 0; j < r->span[i]; j++ )
            sectors += r->iov[i + j].iov_len / BLKIF_SECTOR;
        done = move(v, disk_run_code(r), sector, sectors, r->iov + i,
                    (unsigned)r->span[i]);
        respond(v, r->id[i], disk_run_code(r), done ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR);
        sector += sectors;
    }
}

/* The run is done: answer all of it, first as far as slots stand one behind the other. */
static void respond_all(struct vbd *v)
{
    const struct disk_run *r = &v->run;
    uint64_t rest = response_rest(disk_run_code(r), BLKIF_RSP_OKAY);
    size_t i = 0;

    for ( uint32_t n, left = r->requests; left; left -= n )
    {
        uint8_t *slot = ring_back_next(&v->ring, BLKIF_SLOT), *end;

        n = ring_slots_on(v->ring.count, v->ring.rsp_prod);
        n = n < left ? n : left;
        for ( end = slot + n * BLKIF_SLOT; slot < end; slot += BLKIF_SLOT, i += r->span[i] )
            store_response(slot, r->id[i], rest);
        ring_back_count(&v->ring, n);
    }
    v->requests += r->requests;
}

/* Do what was gathered in one system call; where that fails, one by one. */
static void run_finish(struct vbd *v)
{
    struct disk_run *r = &v->run;

    if ( r->requests == 0 )
        return;
    if ( move(v, disk_run_code(r), r->sector, r->end - r->sector, r->iov, r->vectors) )
        respond_all(v);
    else
        run_apart(v);
    disk_run_clear(r);
}

/* A read or write of pages that are, or now can be, mapped for good.  False: one cannot. */
static bool run_add(struct vbd *v)
{
    const struct blkif_operation *o = &v->operation;
    void *page[BLKIF_MAX_SEGMENTS];

    for ( uint32_t i = 0; i < o->segments; i++ )
        if ( !(page[i] = persistent_page(v, o->segment[i].gref)) )
            return false;
    if ( !disk_run_fits(&v->run, o) )
        run_finish(v);
    disk_run_add(&v->run, o, page);
    return true;
}

/* A request that is copied as a whole. */
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
static bool turn(struct split *s, bool stay)
{
    struct vbd *v = vbd_of(s);
    union blkif_sring_entry slot;
    enum ring_result r = RING_EMPTY;
    uint32_t start = v->ring.req_cons, done = 0;

    do {
        for ( ; done < v->ring.count && (r = ring_back_look(&v->ring)) == RING_TAKEN;
              done = v->ring.req_cons - start )
        {
            if ( disk_run_full(&v->run) )
                run_finish(v);
            if ( disk_run_take(&v->run, &v->ring, v->ring.count - done, &v->disk, &v->kept, &slot) )
            {
                ring_back_take_rest(&v->ring, &slot, BLKIF_ONE_SEGMENT, BLKIF_SLOT);
                if ( !disk_run_add_pages(&v->run, &slot.req, &v->disk, &v->kept) )
                    serve(v, &slot);
            }
        }
        run_finish(v);
        if ( done && ring_back_push(&v->ring) )
            split_notify(s);
    } while ( r != RING_BROKEN && done < v->ring.count && !stay &&
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
    bool native = !protocol || !strcmp(protocol, XEN_IO_PROTO_ABI_NATIVE);

    free(protocol);
    if ( !native )
        return xstrdup("the domain's frontend speaks another protocol than "
                       XEN_IO_PROTO_ABI_NATIVE);
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
    /* Next to nothing is copied where pages are kept. */
    if ( !bounce_open(&v->bounce, v->keys.persistent ? NULL : s->grants, s->host->shares,
                      BLKIF_MAX_SEGMENTS) )
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

    for ( uint32_t i = 0; i < PAGES_PLACES; i++ )
        if ( v->kept.page[i] )
            xengnttab_unmap(s->grants, v->kept.page[i], 1);
    pages_clear(&v->kept);
    disk_run_clear(&v->run);
    if ( v->pages )
        xengnttab_unmap(s->grants, v->pages, 1u << v->keys.order);
    v->pages = NULL;
    bounce_close(&v->bounce);
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
    char *path = realpath(v->storage.path, NULL), *error = NULL;

    if ( !path )
        return xasprintf("%s: %s", v->storage.path, strerror(errno));
    switch ( split_owner(&v->split) )
    {
    case SPLIT_ANOTHERS:
        error = xasprintf("domain %u has %s already, from another backend: `--device` names "
                          "another one", v->split.name.domid, device_name(v));
        break;
    case SPLIT_LEFT:
        error = take_over(v, path);
        break;
    case SPLIT_ENDED:
        xenbus_detach(v->split.host->bus, &v->split.name);
        split_settle();
        error = announce(v, path);
        break;
    case SPLIT_NOBODYS:
        error = announce(v, path);
        break;
    }
    free(path);
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
    pages_clear(&v->kept);
    disk_run_init(&v->run);
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
