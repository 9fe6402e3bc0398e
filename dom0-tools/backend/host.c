#include "backend/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/device.h"
#include "xenometer.h"

static void mark(void *context, enum xenbus_event event, uint32_t id)
{
    struct host *h = context;

    h->news = true;
    switch ( event )
    {
    case XENBUS_INTRODUCED: h->introduced = true; break;
    case XENBUS_RELEASED:   h->released = true;   break;
    case XENBUS_MADE:       break;   /* told to those who made it, while they wait */
    case XENBUS_FRONTEND:
        for ( struct host_watch *w = h->watches; w; w = w->next )
            if ( w->id == id )
                w->marked = true;
        break;
    }
}

static void xenstore_ready(void *context)
{
    struct host *h = context;

    if ( !xenbus_events(h->bus, mark, h) )
    {
        /* Its descriptor stays readable from now on. */
        loop_remove(&h->loop, xenbus_fd(h->bus));
        h->lost = true;
    }
}

static void xenstore_gone(void *context)
{
    struct host *h = context;

    loop_remove(&h->loop, xenbus_socket(h->bus));
    h->lost = true;
}

int host_open(struct host *h)
{
    int status;

    memset(h, 0, sizeof(*h));
    status = loop_open(&h->loop);
    if ( status != STATUS_OK )
        return status;
    h->xen = xenctrl_open();
    if ( h->xen )
        h->bus = xenbus_open();
    if ( !h->bus )
        goto fail;
    if ( !xenbus_watch_domains(h->bus) )
    {
        message("cannot watch XenStore: %s", strerror(errno));
        goto fail;
    }
    h->events = events_open(&h->loop);
    if ( !h->events )
    {
        message("cannot open /dev/xen/evtchn: %s", strerror(errno));
        goto fail;
    }
    h->grants = xengnttab_open(xenctrl_logger(), 0);
    if ( !h->grants )
    {
        message("cannot open /dev/xen/gntdev: %s", strerror(errno));
        goto fail;
    }
    if ( !loop_add(&h->loop, xenbus_fd(h->bus), xenstore_ready, h) ||
         (xenbus_socket(h->bus) >= 0 &&
          !loop_add_end(&h->loop, xenbus_socket(h->bus), xenstore_gone, h)) )
    {
        message("cannot wait for XenStore: %s", strerror(errno));
        goto fail;
    }

    /* Without these there are no ioreq rows; those say so as a skip. */
    h->memory = xenforeignmemory_open(xenctrl_logger(), 0);
    h->models = xendevicemodel_open(xenctrl_logger(), 0);
    /* Without it copies are by address. */
    h->shares = xengntshr_open(xenctrl_logger(), 0);
    return STATUS_OK;

fail:
    host_close(h);
    return STATUS_ENVIRONMENT;
}

void host_close(struct host *h)
{
    if ( h->models )
        xendevicemodel_close(h->models);
    if ( h->memory )
        xenforeignmemory_close(h->memory);
    if ( h->shares )
        xengntshr_close(h->shares);
    if ( h->grants )
        xengnttab_close(h->grants);
    events_close(h->events);
    xenbus_close(h->bus);
    xenctrl_close(h->xen);
    loop_close(&h->loop);
    memset(h, 0, sizeof(*h));
}

bool host_watch_add(struct host *h, struct host_watch *w)
{
    w->id = ++h->watch_id;
    w->marked = false;
    if ( !(w->words ? xenbus_watch_words(h->bus, w->name->domid, w->id)
                    : xenbus_watch_frontend(h->bus, w->name, w->id)) )
    {
        w->id = 0;
        return false;
    }
    w->next = h->watches;
    h->watches = w;
    return true;
}

void host_watch_remove(struct host *h, struct host_watch *w)
{
    struct host_watch **link;

    if ( !w->id )
        return;
    for ( link = &h->watches; *link != w; link = &(*link)->next )
        ;
    *link = w->next;
    if ( w->words )
        xenbus_unwatch_words(h->bus, w->name->domid, w->id);
    else
        xenbus_unwatch_frontend(h->bus, w->name, w->id);
    w->id = 0;
}

static void tell(struct host *h, bool words)
{
    for ( struct host_watch *w = h->watches; w; w = w->next )
        if ( w->marked && w->words == words )
        {
            w->marked = false;
            w->changed(w->context);
        }
}

static __attribute__((noinline)) void pass_on(struct host *h)
{
    h->news = false;
    /* Before the domain's end is looked at: whoever started it may be clearing it away. */
    tell(h, true);
    if ( h->released )
    {
        h->released = false;
        for ( struct device *d = h->devices; d; d = d->next )
            device_check_domain(d);
    }
    tell(h, false);
}

/* The measured path goes through here: nothing is gone through unless there is news. */
int host_turn(struct host *h)
{
    loop_turn(&h->loop);
    if ( h->news )
        pass_on(h);
    if ( !h->lost && !events_trouble(h->events) )
        return STATUS_OK;
    if ( h->lost )
        message("lost the connection to xenstored");
    else
        message("cannot read events: %s", strerror(events_trouble(h->events)));
    return STATUS_ENVIRONMENT;
}
