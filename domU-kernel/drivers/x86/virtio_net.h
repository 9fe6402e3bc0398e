/*
 * A virtio network device (Virtio 1.2, section 5.1), without offloads: two queues, an
 * interrupt by MSI-X for what is received, none for what is sent.
 *
 * Try it: -netdev tap,id=n,… -device virtio-net-pci,netdev=n,disable-legacy=on
 */
#ifndef DRIVERS_VIRTIO_NET_H
#define DRIVERS_VIRTIO_NET_H

#include "../nic.h"
#include "virtio.h"

struct virtio_net {
    struct nic nic;              /* first: rows know no more */
    struct virtio_device virtio;
    struct virtio_queue queues[2];   /* section 5.1.2: receive, transmit */
    u8 *memory, *receive;        /* buffers of both, each with its header first */
    u32 next, under_way;         /* transmit buffers, in the order of the ring */
    u32 taken, given;            /* receive buffers, likewise */
    bool starved;
};

/* NULL, or why there is none.  nic.ops->close() when it is not used any more. */
const char *virtio_net_open(struct virtio_net *);

#endif
