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

#include "backend/frame.h"

#define NETIF_PAGE      4096u
#define NETIF_TX_SLOT   12u    /* bytes of a ring slot */
#define NETIF_RX_SLOT   8u
#define NETIF_MAX_SLOTS 18u    /* of one packet: what every backend must take (netif.h) */
#define NETIF_MAX_FRAME 65535u /* bytes: a request's size is a 16-bit number */

_Static_assert(sizeof(union netif_tx_sring_entry) == NETIF_TX_SLOT, "netif tx slot");
_Static_assert(sizeof(union netif_rx_sring_entry) == NETIF_RX_SLOT, "netif rx slot");

struct netif_packet {
    bool good;               /* can be copied; else every request gets an error */
    bool blank;              /* the backend is to complete its checksum (checksum.h) */
    uint32_t length;         /* bytes, from FRAME_HEADER to NETIF_MAX_FRAME if good */
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

/*
 * The piece of a frame of `rest` bytes that goes into one receive buffer.  No piece is shorter
 * than FRAME_HEADER: see below.
 */
uint32_t netif_piece(uint32_t rest);

/* How many of them there are. */
uint32_t netif_pieces(uint32_t length);

/*
 * A receive response stands over its request, its flags and status where the grant
 * reference was.  Each status is either an error or at least FRAME_HEADER bytes, so that,
 * read as a reference, it is one from here on: none of a request's that we take.  (A grant
 * table of so many entries has 7 MiB; Xen's default limit is 256 KiB.)
 */
#define NETIF_RX_REFS (FRAME_HEADER << 16)

/*
 * Where another process served the rings until it was killed: what it had received but not
 * published is published; what was sent and not answered is answered as lost, for it may have
 * been received already.  Whoever connects tells the frontend.  Before anything is taken.
 * False: a ring is broken.
 */
bool netif_take_over(struct ring_back *tx, struct ring_back *rx);

#endif
