/*
 * A virtual network interface: the frontend of Xen's netif protocol
 * (xen/io/netif.h), whoever the backend is.
 *
 * Two rings, one for each way, and one event channel for both.  Receive buffers
 * are pages the backend copies into (feature-rx-copy); all buffers are granted once and
 * for all.  No offloads and no fragments are offered: a frame is a slot.  What the
 * backend answers is checked, and breaks the device when it is impossible.
 */
#ifndef DRIVERS_VIF_H
#define DRIVERS_VIF_H

#include "nic.h"
#include "../xen/grants.h"
#include "../xen/xenbus.h"

#include <ring.h>
#include <xen/io/netif.h>

struct vif {
    struct nic nic;              /* first: rows know no more */
    struct xenbus_device bus;
    struct ring_front tx, rx;
    u32 port;
    u32 free[NIC_BUFFERS], frees;    /* transmit buffers, by number */
    u64 sent;                        /* bit n: transmit buffer n is under way */
    u64 posted;                      /* bit n: receive buffer n is the backend's */
    u32 taken;                       /* the receive buffer that take() returned last */
    bool starved;                    /* buffer() had none */
    grant_ref tx_ref[NIC_BUFFERS / 2], rx_ref[NIC_BUFFERS];
    u8 *receive;                     /* NIC_BUFFERS pages */
};

/*
 * Connect to the interface at `frontend` ("device/vif/0").  NULL, or why it cannot
 * be used.  Stays connected.
 */
const char *vif_connect(struct vif *, const char *frontend);

#endif
