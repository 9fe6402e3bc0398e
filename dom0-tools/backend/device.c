#include "backend/device.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend/claim.h"
#include "backend/data.h"
#include "catalogue/modes.h"
#include "lib/lab_clock.h"
#include "xenometer.h"

static void disconnect(struct device *);

/* -------------------------------------------------------------- outcome -- */

/* The device is of no more use: unwind, tell XenStore, the log, the owner. */
static void end(struct device *d, enum device_phase phase, char *trouble)
{
    if ( d->phase == DEVICE_FAILED || d->phase == DEVICE_DIED )
    {
        free(trouble);
        return;
    }
    disconnect(d);
    d->phase = phase;
    d->trouble = trouble;
    if ( phase == DEVICE_FAILED )
    {
        xenbus_write_error(d->host->bus, &d->name, trouble);
        xenbus_set_state(d->host->bus, &d->name, XenbusStateClosing);
    }
    d->changed(d->context);
}

void device_fail(struct device *d, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    if ( vasprintf(&text, format, arguments) < 0 )
        text = xstrdup("out of memory");
    va_end(arguments);
    end(d, DEVICE_FAILED, text);
}

void *device_map(struct device *d, uint32_t *refs, uint32_t count, int protection)
{
    return xengnttab_map_domain_grant_refs(d->grants, count, d->domid, refs, protection);
}

/* --------------------------------------------------------- control ring -- */

/* Take the next question unless one is still open; true when there was one. */
static bool control_turn(struct device *d)
{
    enum ring_result r;

    if ( d->asks )
        return false;
    r = ring_back_take(&d->control_ring, &d->request, CONTROL_SLOT_SIZE);
    if ( r == RING_EMPTY && ring_back_final_check(&d->control_ring, 1) != RING_EMPTY )
        r = ring_back_take(&d->control_ring, &d->request, CONTROL_SLOT_SIZE);
    if ( r == RING_BROKEN )
    {
        device_fail(d, "the domain's control ring has an impossible request index");
        return true;
    }
    if ( r == RING_EMPTY )
        return false;
    d->asks = true;
    d->changed(d->context);
    return true;
}

static void control_again(void *context)
{
    control_turn(context);
}

void device_answer(struct device *d, const struct control_response *response)
{
    if ( d->phase != DEVICE_CONNECTED || !d->asks )
        return;
    d->asks = false;
    ring_back_put(&d->control_ring, response, CONTROL_SLOT_SIZE);
    if ( ring_back_push(&d->control_ring) )
        channel_notify(&d->control);
    /* Set the event index for the next question; it may even be there. */
    loop_work_add(&d->host->loop, &d->control_more);
}

void device_give_up(const struct device *d, uint32_t id)
{
    if ( d->phase != DEVICE_CONNECTED )
        return;
    /* Release: the frontend, woken by the event, must find it. */
    __atomic_store_n((uint32_t *)((uint8_t *)d->control_page + CONTROL_GIVE_UP), id,
                     __ATOMIC_RELEASE);
    channel_notify(&d->control);
}

uint32_t device_capacity(const struct device *d)
{
    return d->keys.samples_pages * SAMPLES_PER_PAGE;
}

void device_samples(const struct device *d, uint64_t *to, uint32_t count)
{
    memcpy(to, d->samples, count * sizeof(*to));
}

/* --------------------------------------------------------------- events -- */

static enum heard echo_event(void *context)
{
    const struct device *d = context;

    channel_notify(&d->echo);
    return HEARD_WORK;
}

static enum heard control_event(void *context)
{
    return control_turn(context) ? HEARD_WORK : HEARD_NOTHING;
}

uint64_t device_events(const struct device *d)
{
    return d->counted_events;
}

/* -------------------------------------------------------------- connect -- */

/* The index page names the sample pages: read it once, then let go of it. */
static bool map_samples(struct device *d)
{
    uint32_t count = d->keys.samples_pages;
    uint32_t *refs = xcalloc(count, sizeof(*refs));
    void *index = device_map(d, &d->keys.samples_ref, 1, PROT_READ);

    if ( index )
    {
        memcpy(refs, index, count * sizeof(*refs));
        xengnttab_unmap(d->grants, index, 1);
        d->samples = device_map(d, refs, count, PROT_READ);
    }
    free(refs);
    return d->samples;
}

/* What could not be done, or NULL. */
static const char *connect_all(struct device *d)
{
    struct events *events = d->host->events;
    const int both = PROT_READ | PROT_WRITE;

    d->grants = d->host->grants;
    d->control_page = device_map(d, &d->keys.control_ref, 1, both);
    if ( !d->control_page )
        return "map the control ring";
    if ( !map_samples(d) )
        return "map the sample buffer";
    errno = EPROTO;
    if ( !ring_back_attach(&d->control_ring, d->control_page,
                           ring_slot_count(PAGE_BYTES, CONTROL_SLOT_SIZE)) )
        return "use the control ring: more requests than slots";
    if ( !channel_bind(&d->control, events, d->domid, d->keys.control_port, control_event, d) )
        return "bind the control ring's event channel";
    if ( !channel_bind(&d->echo, events, d->domid, d->keys.echo_port, echo_event, d) )
        return "bind the echo channel";
    return data_connect(d);
}

static char *read_key(void *context, const char *key, size_t *length)
{
    struct device *d = context;

    return xenbus_read(d->host->bus, &d->name, key, length);
}

/* Read the frontend's keys, once.  NULL or what is wrong, with the path. */
static char *read_keys(struct device *d)
{
    char *error = keys_parse(&d->keys, read_key, d), *path, *longer;

    if ( !error )
        return NULL;
    path = xenbus_path(&d->name);
    longer = xasprintf("%s/%s", path, error);
    free(path);
    free(error);
    return longer;
}

static void connect(struct device *d)
{
    char *error = read_keys(d);
    const char *failed;

    if ( error )
    {
        end(d, DEVICE_FAILED, error);
        return;
    }
    if ( d->keys.mode != d->mode )
    {
        device_fail(d, "the domain calls itself %s, Xen calls it %s",
             mode_name(d->keys.mode), mode_name(d->mode));
        return;
    }
    failed = connect_all(d);
    if ( failed )
    {
        device_fail(d, "cannot %s (%s)", failed, strerror(errno));
        return;
    }
    d->phase = DEVICE_CONNECTED;
    free(d->words);
    d->words = NULL;
    if ( !xenbus_set_state(d->host->bus, &d->name, XenbusStateConnected) )
    {
        device_fail(d, "cannot write our state into XenStore: %s", strerror(errno));
        return;
    }
    /* Set the event indices; a frontend may have asked already. */
    loop_work_add(&d->host->loop, &d->data_more);
    loop_work_add(&d->host->loop, &d->control_more);
}

/* Safe at any point of connect_all(), and twice. */
static void disconnect(struct device *d)
{
    loop_work_remove(&d->host->loop, &d->control_more);
    channel_unbind(&d->control);
    channel_unbind(&d->echo);
    data_disconnect(d);
    if ( d->samples )
        xengnttab_unmap(d->grants, d->samples, d->keys.samples_pages);
    if ( d->control_page )
        xengnttab_unmap(d->grants, d->control_page, 1);
    d->samples = NULL;
    d->control_page = NULL;
    d->grants = NULL;
    d->asks = false;
}

/* --------------------------------------------------------------- states -- */

/* What it said stays known when its directory is cleared away. */
static void read_words(void *context)
{
    struct device *d = context;
    char *words = xenbus_last_words(d->host->bus, d->domid);

    if ( !words )
        return;
    free(d->words);
    d->words = words;
}

static void check_frontend(void *context)
{
    struct device *d = context;
    XenbusState state = xenbus_frontend_state(d->host->bus, &d->name);

    if ( d->phase == DEVICE_FAILED || d->phase == DEVICE_DIED )
    {
        /* Follow a frontend that closes after our error. */
        if ( d->phase == DEVICE_FAILED && state >= XenbusStateClosing )
            xenbus_set_state(d->host->bus, &d->name, XenbusStateClosed);
        return;
    }
    switch ( state )
    {
    case XenbusStateUnknown:
        /* No state: the domain's directory is going.  Garbage is not. */
        if ( xenbus_has(d->host->bus, &d->name, "backend") )
            device_fail(d, "the domain's device has no valid state");
        else
            device_check_domain(d);
        return;

    case XenbusStateInitialising:
        if ( d->phase == DEVICE_CONNECTED )
            device_fail(d, "the domain's device went back to the beginning unclosed");
        else if ( d->phase == DEVICE_CLOSED )
        {
            d->phase = DEVICE_WAITING;   /* a new driver: connect anew */
            xenbus_set_state(d->host->bus, &d->name, XenbusStateInitWait);
        }
        return;

    case XenbusStateInitialised:
        if ( d->phase == DEVICE_WAITING )
            connect(d);
        return;   /* again: nothing new */

    case XenbusStateConnected:
        if ( d->phase != DEVICE_CONNECTED )
            device_fail(d, "the domain's device claims to be connected before we are");
        return;

    case XenbusStateClosing:
    case XenbusStateClosed:
        if ( d->phase != DEVICE_CLOSED )
        {
            read_words(d);
            end(d, DEVICE_CLOSED, NULL);
        }
        /* Behind the unmapping: the frontend takes its pages back when it sees this.  Nothing is
         * left to be done when it goes on from Closing to Closed, and nobody may be here to see it:
         * who waited for the end does something else. */
        xenbus_set_state(d->host->bus, &d->name, XenbusStateClosed);
        return;

    default:
        device_fail(d, "the domain's device has state %d, which a frontend never has", state);
    }
}

void device_check_domain(struct device *d)
{
    struct domain_state s = xenctrl_domain(d->host->xen, d->domid);
    const char *how = xenctrl_end(&s);

    if ( !how )
        return;
    read_words(d);
    end(d, DEVICE_DIED, xasprintf("the domain %s", how));
}

/* -------------------------------------------------------- new and free -- */

struct xenbus_name device_name(uint32_t domid)
{
    return (struct xenbus_name){
        .domid = domid, .device = 0, .frontend = DEVICE_CLASS, .backend = DEVICE_CLASS,
    };
}

/* What the frontend may read before InitWait. */
static char *announce(struct device *d, row_needs needs)
{
    char port[16], mmio[16], server[16], order[16];
    struct xenbus_key keys[11] = {
        { KEY_VERSION, PROTOCOL_VERSION }, { KEY_MAX_RING_ORDER, order },
    };
    size_t count = 2;

    snprintf(order, sizeof(order), "%u", MAX_RING_ORDER);
    if ( d->ioreq )
    {
        snprintf(port, sizeof(port), "%u", IOREQ_PORT_DEFAULT);
        snprintf(mmio, sizeof(mmio), "%u", IOREQ_MMIO_DEFAULT);
        snprintf(server, sizeof(server), "%u", ioreq_id(d->ioreq));
        keys[count++] = (struct xenbus_key){ KEY_IOREQ_SERVER, server };
        keys[count++] = (struct xenbus_key){ KEY_IOREQ_PORT, port };
        keys[count++] = (struct xenbus_key){ KEY_IOREQ_MMIO, mmio };
    }
    if ( needs & DOMAIN_FIFO )
        keys[count++] = (struct xenbus_key){ KEY_EVENT_ABI, EVENT_ABI_FIFO };
    if ( needs & DOMAIN_GRANT_V2 )
        keys[count++] = (struct xenbus_key){ KEY_GRANT_VERSION, "2" };
    if ( lab_clock_is_tcg() )
        keys[count++] = (struct xenbus_key){ KEY_CPU_EMULATOR, CPU_EMULATOR_TCG };
    if ( needs & DOMAIN_SHADOW )
        keys[count++] = (struct xenbus_key){ KEY_PAGING, PAGING_SHADOW };
    return xenbus_announce(d->host->bus, &d->name, keys, XenbusStateInitWait);
}

/*
 * Of a backend that was killed: Xen keeps its ioreq server, and a vCPU may wait for an
 * answer of it.  IOREQ_NONE: there is none.  The directory is dom0's, so that it can be
 * believed, if it is this domain's: it is as long as the domain has a device.
 */
static uint32_t left_ioreq(struct device *d)
{
    uint32_t id = IOREQ_NONE;
    size_t length;
    char *text = xenbus_has(d->host->bus, &d->name, "backend")
                     ? xenbus_read_own(d->host->bus, &d->name, KEY_IOREQ_SERVER, &length) : NULL;

    if ( text && !keys_decimal(text, length, 0, IOREQ_NONE - 1, &id) )
        id = IOREQ_NONE;
    free(text);
    return id;
}

/* NULL, or why not (the caller's). */
static char *claim(struct device *d)
{
    char *path = xenbus_own_path(&d->name), *error = NULL;

    /* Not as long as for one disk: there may be many domains, and all of them another's. */
    d->claim = claim_wait(path, CLAIM_TRIES / 4);
    if ( d->claim < 0 )
        error = errno == EADDRINUSE
            ? xstrdup("another xenometer serves it: end that one first")
            : xasprintf("cannot claim %s: %s", path, strerror(errno));
    free(path);
    return error;
}

struct device *device_new(struct host *host, uint32_t domid, row_needs needs,
                          void (*changed)(void *), void *context, char **error)
{
    struct domain_state s = xenctrl_domain(host->xen, domid);
    struct device *d;
    char *trouble = NULL;
    uint32_t left;

    if ( xenctrl_end(&s) )
    {
        *error = xasprintf("the domain %s", xenctrl_end(&s));
        return NULL;
    }
    d = xcalloc(1, sizeof(*d));
    d->host = host;
    d->domid = domid;
    d->name = device_name(domid);
    d->watch = (struct host_watch){ .name = &d->name, .changed = check_frontend, .context = d };
    d->words_watch = (struct host_watch){ .name = &d->name, .changed = read_words, .context = d,
                                          .words = true };
    d->mode = s.mode;
    d->changed = changed;
    d->context = context;
    data_init(d);
    d->control_more = (struct loop_work){ .work = control_again, .context = d };
    d->next = host->devices;
    host->devices = d;

    trouble = claim(d);
    if ( trouble )
    {
        host->devices = d->next;   /* the rest of it is another's */
        free(d);
        *error = trouble;
        return NULL;
    }
    left = left_ioreq(d);
    trouble = xenbus_attach(host->bus, &d->name, NULL, NULL, XenbusStateInitialising);
    if ( !trouble && s.mode == MODE_HVM && host->models && host->memory )
    {
        /* Without it the rows that need it are skipped; that is no failure. */
        char *why = NULL;

        d->ioreq = ioreq_open(host->models, host->memory, host->events, domid, s.vcpus, left, &why);
        if ( !d->ioreq )
            message("%s", why);
        free(why);
    }
    if ( !trouble && (!host_watch_add(host, &d->words_watch) ||
                      !host_watch_add(host, &d->watch)) )
        trouble = xasprintf("cannot watch domain %u: %s", domid, strerror(errno));
    if ( !trouble )
        trouble = announce(d, needs);
    if ( !trouble )
        return d;
    /* Perhaps it ended while we waited for its last backend to let go of it: that is the reason then. */
    s = xenctrl_domain(host->xen, domid);
    if ( xenctrl_end(&s) )
    {
        free(trouble);
        trouble = xasprintf("the domain %s", xenctrl_end(&s));
    }
    *error = trouble;
    device_free(d);
    return NULL;
}

void device_free(struct device *d)
{
    struct device **link;

    if ( !d )
        return;
    for ( link = &d->host->devices; *link != d; link = &(*link)->next )
        ;
    *link = d->next;

    disconnect(d);
    ioreq_close(d->ioreq);
    host_watch_remove(d->host, &d->watch);
    host_watch_remove(d->host, &d->words_watch);
    xenbus_set_state(d->host->bus, &d->name, XenbusStateClosed);
    xenbus_detach(d->host->bus, &d->name);
    close(d->claim);
    free(d->words);
    free(d->trouble);
    free(d);
}
