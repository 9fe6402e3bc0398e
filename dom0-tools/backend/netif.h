/*
 * Xen's network protocol (xen/io/netif.h) as a backend reads it: a chain of transmit
 * requests copied out of the ring becomes a packet that has been checked.
 * Pure C, for a hostile frontend.
 *
 * Faces domU-kernel/drivers/vif.c, and any other netfront.
 */
#ifndef BACKEND_NETIF_H
#define BACKEND_NETIF_H

#include <stdbool.h>
#include <stdint.h>

#include <ring.h>
#include <xen/io/netif.h>

#include "frame.h"

#define NETIF_PAGE      4096u
#define NETIF_TX_SLOT   12u    /* bytes of a ring slot */
#define NETIF_RX_SLOT   8u
#define NETIF_MAX_SLOTS 18u    /* of one packet: what every backend must take (netif.h) */

_Static_assert(sizeof(union netif_tx_sring_entry) == NETIF_TX_SLOT, "netif tx slot");
_Static_assert(sizeof(union netif_rx_sring_entry) == NETIF_RX_SLOT, "netif rx slot");

struct netif_packet {
    bool good;               /* can be copied; else every request gets an error */
    uint32_t length;         /* bytes, at most FRAME_MAX if good */
    uint32_t slots;          /* taken from the ring */
    uint32_t extras;         /* of them, behind the first: no requests but information */
    uint16_t id[NETIF_MAX_SLOTS];   /* the frontend's: only ever echoed */
    uint32_t fragments;
    struct {
        uint32_t gref;
        uint16_t offset, length;    /* bytes within the page */
    } fragment[NETIF_MAX_SLOTS];
};

/*
 * Take the next packet.  RING_EMPTY: there is none.  RING_BROKEN: the index is
 * impossible, a packet ends behind it or has too many slots; then the ring is of no use
 * any more.
 */
enum ring_result netif_take(struct ring_back *tx, struct netif_packet *);

/* Answer all of a packet's slots; `sent`: it was taken over. */
void netif_answer(struct ring_back *tx, const struct netif_packet *, bool sent);

#endif
