#include "backend/netif.h"

#include <string.h>

/* The slot behind another of the same packet: there must be one. */
static bool take_next(struct ring_back *tx, struct netif_packet *p, void *slot)
{
    if ( p->slots == NETIF_MAX_SLOTS || ring_back_take(tx, slot, NETIF_TX_SLOT) != RING_TAKEN )
    {
        ring_back_break(tx);
        return false;
    }
    p->slots++;
    return true;
}

/* One piece of it, whose length is known. */
static void add(struct netif_packet *p, const struct netif_tx_request *r, uint32_t length)
{
    /* No sum can wrap: each is a 16-bit number in 32. */
    if ( length == 0 || r->offset + length > NETIF_PAGE )
        p->good = false;
    p->fragment[p->fragments].gref = r->gref;
    p->fragment[p->fragments].offset = r->offset;
    p->fragment[p->fragments].length = (uint16_t)length;
    p->fragments++;
}

/* What is offered needs no information, so whatever it is makes the packet bad. */
static bool take_extras(struct ring_back *tx, struct netif_packet *p)
{
    struct netif_extra_info extra;
    uint8_t slot[NETIF_TX_SLOT];

    do {
        if ( !take_next(tx, p, slot) )
            return false;
        memcpy(&extra, slot, sizeof(extra));
        p->id[p->slots - 1] = 0;
        p->extras++;
        p->good = false;
    } while ( extra.flags & XEN_NETIF_EXTRA_FLAG_MORE );
    return true;
}

enum ring_result netif_take(struct ring_back *tx, struct netif_packet *p)
{
    struct netif_tx_request first, r;
    enum ring_result result = ring_back_take(tx, &first, NETIF_TX_SLOT);
    uint32_t rest = 0;

    if ( result != RING_TAKEN )
        return result;
    p->good = true;
    p->blank = first.flags & NETTXF_csum_blank;
    p->slots = 1;
    p->extras = 0;
    p->fragments = 1;        /* the first one's length is what the others leave */
    p->id[0] = first.id;
    p->length = first.size;
    if ( (first.flags & NETTXF_extra_info) && !take_extras(tx, p) )
        return RING_BROKEN;
    for ( r = first; r.flags & NETTXF_more_data; )
    {
        if ( !take_next(tx, p, &r) )
            return RING_BROKEN;
        p->id[p->slots - 1] = r.id;
        add(p, &r, r.size);
        rest += r.size;
    }
    if ( p->length < FRAME_HEADER || rest >= p->length )
        p->good = false;
    else
    {
        uint32_t fragments = p->fragments;

        p->fragments = 0;
        add(p, &first, p->length - rest);
        p->fragments = fragments;
    }
    return RING_TAKEN;
}

void netif_answer(struct ring_back *tx, const struct netif_packet *p, bool sent)
{
    for ( uint32_t i = 0; i < p->slots; i++ )
    {
        bool extra = i > 0 && i <= p->extras;
        struct netif_tx_response response = {
            .id = p->id[i],
            .status = extra ? NETIF_RSP_NULL : sent ? NETIF_RSP_OKAY : NETIF_RSP_ERROR,
        };

        ring_back_put_part(tx, &response, sizeof(response), NETIF_TX_SLOT);
    }
}

uint32_t netif_piece(uint32_t rest)
{
    if ( rest <= NETIF_PAGE )
        return rest;
    return rest < NETIF_PAGE + FRAME_HEADER ? NETIF_PAGE - FRAME_HEADER : NETIF_PAGE;
}

uint32_t netif_pieces(uint32_t length)
{
    return (length + NETIF_PAGE - 1) / NETIF_PAGE;
}

/*
 * All of the transmit ring, as lost.  A response covers only the reference of its request:
 * the identifier is there still.  (In a slot with extra information it is not; but none is
 * offered.)
 */
static bool lose_sent(struct ring_back *tx)
{
    enum ring_result result = RING_TAKEN;
    struct netif_tx_request r;

    /* No more than it has: one that adds others meanwhile does not keep us here. */
    for ( uint32_t i = 0; i < tx->count && result == RING_TAKEN; i++ )
    {
        result = ring_back_take(tx, &r, NETIF_TX_SLOT);
        if ( result == RING_TAKEN )
            ring_back_put_part(tx, &(struct netif_tx_response){
                                   .id = r.id, .status = NETIF_RSP_DROPPED,
                               }, sizeof(struct netif_tx_response), NETIF_TX_SLOT);
    }
    ring_back_push(tx);
    return result != RING_BROKEN;
}

bool netif_take_over(struct ring_back *tx, struct ring_back *rx)
{
    const struct netif_rx_request *r;

    for ( uint32_t i = 0; i < rx->count && (r = ring_back_oldest(rx, NETIF_RX_SLOT)) &&
                          *(const volatile grant_ref_t *)&r->gref >= NETIF_RX_REFS; i++ )
        ring_back_adopt(rx);
    ring_back_push(rx);
    return lose_sent(tx);
}
