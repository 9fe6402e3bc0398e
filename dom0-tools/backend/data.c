#include "backend/data.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "backend/vchan.h"
#include "xenometer.h"

/* While awake: so many events, or so long without one, then the others' turn. */
#define AWAKE_EVENTS 128u
#define AWAKE_SLICE  MILLISECONDS(1)

/* ------------------------------------------------- the frontend's pages -- */

static uint8_t *map_pages(void *context, uint32_t gref, uint32_t pages, bool writable)
{
    uint32_t refs[DATA_PAGES];

    for ( uint32_t i = 0; i < pages; i++ )
        refs[i] = gref + i;
    return device_map(context, refs, pages, writable ? PROT_READ | PROT_WRITE : PROT_READ);
}

static bool unmap_pages(void *context, uint8_t *mapped, uint32_t pages)
{
    struct device *d = context;

    return xengnttab_unmap(d->grants, mapped, pages) == 0;
}

static bool copy_pages(void *context, uint32_t gref, uint32_t pages, uint32_t offset,
                       uint32_t length, uint8_t *local, bool out)
{
    struct device *d = context;
    xengnttab_grant_copy_segment_t segments[DATA_PAGES];

    for ( uint32_t i = 0; i < pages; i++ )
    {
        union xengnttab_copy_ptr ours = { .virt = local + i * PAGE_BYTES + offset };
        union xengnttab_copy_ptr theirs = { .foreign = {
            .ref = gref + i, .offset = (uint16_t)offset, .domid = (uint16_t)d->domid,
        } };

        segments[i] = (xengnttab_grant_copy_segment_t){
            .source = out ? ours : theirs, .dest = out ? theirs : ours,
            .len = (uint16_t)length,
            .flags = out ? GNTCOPY_dest_gref : GNTCOPY_source_gref,
            .status = GNTST_general_error,
        };
    }
    if ( xengnttab_grant_copy(d->grants, pages, segments) )
        return false;
    /* The call succeeds with some of its segments refused (case F9 of catalogue/attacks.c). */
    for ( uint32_t i = 0; i < pages; i++ )
        if ( segments[i].status != GNTST_okay )
            return false;
    return true;
}

/* --------------------------------------------------------------- events -- */

static enum heard count_event(void *context)
{
    struct device *d = context;

    d->counted_events += !d->counted_new;
    d->counted_new = false;
    return HEARD_WORK;
}

static bool count_events(void *context, uint32_t port, uint64_t *value)
{
    struct device *d = context;

    *value = 0;
    if ( !port || port != d->counted_remote )
    {
        channel_unbind(&d->counted);
        d->counted_remote = 0;
        if ( port && !channel_bind(&d->counted, d->host->events, d->domid, port, count_event, d) )
            return false;
        d->counted_remote = port;
        d->counted_before = d->counted_events;
        d->counted_new = true;
    }
    *value = d->counted_events - d->counted_before;
    return true;
}

/* Awake until then, by loop_now(); 0: asleep. */
static void set_awake(struct device *d, uint64_t until)
{
    if ( !d->awake_until != !until )
        events_awake(d->host->events, until);
    d->awake_until = until;
}

static void stay_awake(void *context, bool on)
{
    struct device *d = context;

    set_awake(d, on ? loop_now() + MILLISECONDS(AWAKE_MS) : 0);
    if ( on )
        loop_work_add(&d->host->loop, &d->poll);
}

static void set_lingers(void *context, bool on)
{
    struct device *d = context;

    d->lingers = on;
}

/* One at a time: what a frontend can make us hold is bounded by it. */
static bool serve_vchan(void *context, bool on)
{
    struct device *d = context;
    char *own = xenbus_own_path(&d->name), *path = xasprintf("%s/vchan", own);

    vchan_close(d->vchan);
    d->vchan = on ? vchan_open(d->domid, path) : NULL;
    free(path);
    free(own);
    return !on || d->vchan;
}

/*
 * Awake for this device, as long as its events come; but in slices, so that
 * the others are served whatever its frontend does.  Where none is there the
 * CPU is Xen's to give away: the frontend may be waiting for this very one.
 */
static void poll_events(void *context)
{
    struct device *d = context;
    uint64_t now = loop_now(), end = now + AWAKE_SLICE;
    unsigned events = 0;
    bool before = true;

    while ( d->phase == DEVICE_CONNECTED && d->awake_until && events < AWAKE_EVENTS )
    {
        bool taken = events_take(d->host->events);

        events += taken;
        if ( !taken )
        {
            /* The clock is out of the measured path: read when nothing has
             * come twice. */
            if ( !before && (now = loop_now()) >= end )
                break;
            xenctrl_yield(d->host->xen);
        }
        before = taken;
    }
    if ( d->phase != DEVICE_CONNECTED || !d->awake_until )
        return;
    if ( events )
        d->awake_until = now + MILLISECONDS(AWAKE_MS);
    if ( now < d->awake_until )
        loop_work_add(&d->host->loop, &d->poll);
    else
        set_awake(d, 0);
}

/* ----------------------------------------------------------------- ring -- */

/* True when there was work. */
static bool data_turn(void *context, bool stay)
{
    struct device *d = context;
    enum turn turn;
    bool notify;

    d->services.stays = stay;
    turn = services_turn(&d->data_ring, &d->services, &notify);
    if ( notify )
        channel_notify(&d->data);
    if ( turn == TURN_MORE )
        loop_work_add(&d->host->loop, &d->data_more);
    else if ( turn == TURN_BROKEN )
    {
        device_fail(d, "the domain's data ring has an impossible request index");
        return true;
    }
    return turn != TURN_SPURIOUS;
}

static void data_again(void *context)
{
    data_turn(context, false);
}

static enum heard data_event(void *context)
{
    struct device *d = context;

    if ( d->lingers )
        return vigil_event(&d->vigil);
    return data_turn(d, false) ? HEARD_WORK : HEARD_NOTHING;
}

/* -------------------------------------------------------------- connect -- */

void data_init(struct device *d)
{
    d->services.access = (struct page_access){ d, map_pages, unmap_pages, copy_pages };
    d->services.stream = (struct stream_access){ d, serve_vchan };
    d->services.events = (struct event_access){ d, count_events, stay_awake, set_lingers };
    d->poll = (struct loop_work){ .work = poll_events, .context = d };
    d->data_more = (struct loop_work){ .work = data_again, .context = d };
}

const char *data_connect(struct device *d)
{
    uint32_t pages = 1u << d->keys.ring_order;

    d->data_pages = device_map(d, d->keys.ring_ref, pages, PROT_READ | PROT_WRITE);
    if ( !d->data_pages )
        return "map the data ring";
    d->services.buffer = aligned_alloc(PAGE_BYTES, DATA_PAGES * PAGE_BYTES);
    if ( !d->services.buffer )
        return "get memory";
    /* Touched now: the first copy into it is timed. */
    memset(d->services.buffer, 0, DATA_PAGES * PAGE_BYTES);

    errno = EPROTO;
    if ( !ring_back_attach(&d->data_ring, d->data_pages,
                           ring_slot_count(pages * PAGE_BYTES, DATA_SLOT_SIZE)) )
        return "use the data ring: more requests than slots";
    vigil_init(&d->vigil, &d->data, d->host->xen, data_turn, d);
    if ( !channel_bind(&d->data, d->host->events, d->domid, d->keys.ring_port, data_event, d) )
        return "bind the data ring's event channel";
    return NULL;
}

void data_disconnect(struct device *d)
{
    loop_work_remove(&d->host->loop, &d->data_more);
    loop_work_remove(&d->host->loop, &d->poll);
    vigil_end(&d->vigil);
    d->lingers = false;
    vchan_close(d->vchan);
    d->vchan = NULL;
    channel_unbind(&d->data);
    services_release(&d->services);
    channel_unbind(&d->counted);
    d->counted_remote = 0;
    set_awake(d, 0);
    if ( d->data_pages )
        xengnttab_unmap(d->grants, d->data_pages, 1u << d->keys.ring_order);
    free(d->services.buffer);
    d->data_pages = NULL;
    d->services.buffer = NULL;
}
