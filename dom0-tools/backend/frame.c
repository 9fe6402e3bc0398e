#include "backend/frame.h"

#include <string.h>

#define GROUP 1u   /* IEEE 802.3, 3.2.3: the first bit of an address on the wire */

bool frame_is_ours(const uint8_t *frame, size_t length)
{
    return length >= FRAME_HEADER && length <= FRAME_MAX &&
           (frame[12] << 8 | frame[13]) == FRAME_ETHERTYPE;
}

bool frame_reflect(uint8_t *frame, size_t length, const uint8_t own[6])
{
    uint8_t *to = frame, *from = frame + 6;

    /* Two reflectors never play with one another: what either sends goes to the
     * address that asked, and group addresses ask nothing. */
    if ( length < FRAME_HEADER || from[0] & GROUP || !memcmp(from, own, 6) ||
         (to[0] & GROUP ? !frame_is_ours(frame, length) : memcmp(to, own, 6)) )
        return false;
    memcpy(to, from, 6);
    memcpy(from, own, 6);
    return true;
}
