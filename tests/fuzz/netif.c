/* backend/netif.c against a frontend that may write anything into its transmit ring. */
#include <backend/netif.h>

#include "fuzz.h"

/* As it is given back: so many pieces, none too short or longer than a page. */
static void check_pieces(uint32_t length)
{
    for ( uint32_t left = netif_pieces(length); left; left-- )
    {
        uint32_t piece = netif_piece(length);

        MUST(piece >= FRAME_HEADER && piece <= NETIF_PAGE && piece <= length);
        length -= piece;
    }
    MUST(length == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(4096) union { struct ring_shared shared; uint8_t bytes[4096]; } page;
    struct input in = { data, size };
    uint32_t count = ring_slot_count(sizeof(page), NETIF_TX_SLOT);
    struct netif_packet packet;
    struct ring_back tx;

    input_take(&in, page.bytes, sizeof(page));
    if ( !ring_back_attach(&tx, &page.shared, count) )
        return 0;
    /* The frontend goes on producing while there is input. */
    for ( unsigned i = 0; i < 64 && netif_take(&tx, &packet) == RING_TAKEN; i++ )
    {
        uint32_t before = tx.rsp_prod;
        uint64_t length = 0;

        MUST(packet.slots >= 1 && packet.slots <= NETIF_MAX_SLOTS);
        MUST(packet.extras < packet.slots && packet.fragments <= packet.slots - packet.extras);
        for ( uint32_t k = 0; packet.good && k < packet.fragments; k++ )
        {
            MUST(packet.fragment[k].length > 0);
            MUST(packet.fragment[k].offset + packet.fragment[k].length <= NETIF_PAGE);
            length += packet.fragment[k].length;
        }
        MUST(!packet.good || (length == packet.length && length >= FRAME_HEADER &&
                              length <= NETIF_MAX_FRAME));
        if ( packet.good )
            check_pieces(packet.length);
        netif_answer(&tx, &packet, packet.good);
        MUST(tx.rsp_prod - before == packet.slots);
        page.shared.req_prod += input_byte(&in);
    }
    MUST(tx.broken || tx.req_cons == tx.rsp_prod);
    return 0;
}
