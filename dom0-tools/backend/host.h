/*
 * What the devices of one process share: the loop, XenStore, the hypervisor.
 * Tells devices what XenStore reports about their frontends and domains.
 */
#ifndef BACKEND_HOST_H
#define BACKEND_HOST_H

#include <xendevicemodel.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>

#include "backend/events.h"
#include "backend/loop.h"
#include "backend/xenbus.h"
#include "backend/xenctrl.h"

struct device;

/* A frontend whose state somebody wants to know of, or its domain's last words. */
struct host_watch {
    const struct xenbus_name *name;
    void (*changed)(void *context);   /* look again; called by host_turn() */
    void *context;
    bool words;                       /* its domain's last words */
    uint32_t id;                      /* the rest is the host's */
    bool marked;
    struct host_watch *next;
};

struct host {
    struct loop loop;
    struct events *events;
    struct xenbus *bus;
    struct xenctrl *xen;
    xengnttab_handle *grants;           /* opened once: who serves may not open it again */
    xengntshr_handle *shares;           /* NULL: dom0 grants none of its pages */
    xendevicemodel_handle *models;      /* NULL: no ioreq servers here */
    xenforeignmemory_handle *memory;
    struct device *devices;             /* list, by device->next */
    struct host_watch *watches;
    uint32_t watch_id;                  /* of the next one */
    bool introduced;                    /* a domain was created: look which */
    bool released;
    bool news;                          /* anything of XenStore's to be passed on */
    bool lost;                          /* xenstored is gone */
};

/* An enum status; the reason was printed.  Closes what it opened then. */
int host_open(struct host *);

/* All devices must be freed before. */
void host_close(struct host *);

/* Watch a frontend.  False with errno set.  Removing one that was never added is
 * fine. */
bool host_watch_add(struct host *, struct host_watch *);
void host_watch_remove(struct host *, struct host_watch *);

/*
 * One turn of the loop, and what XenStore said in it passed on to the devices.
 * An enum status: STATUS_ENVIRONMENT, said why, when xenstored is gone.
 */
int host_turn(struct host *);

#endif
