#include "backend/checksum.h"

#define ETHERNET  14u      /* bytes of header: IEEE 802.3, 3.1.1 */
#define IPV4      20u      /* RFC 791, 3.1: without options */
#define FRAGMENT  0x3fffu  /* more fragments, or an offset */
#define TCP       6u
#define UDP       17u

static uint32_t big16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

/* RFC 1071; of less than 64 KiB, so that 32 bits hold it. */
static uint32_t sum(const uint8_t *at, size_t length)
{
    uint32_t total = 0;

    for ( ; length >= 2; at += 2, length -= 2 )
        total += big16(at);
    return length ? total + ((uint32_t)*at << 8) : total;
}

/* Where it stands in the header of that protocol, and the header's least length. */
static bool known(uint8_t protocol, size_t *field, size_t *header)
{
    *field = protocol == TCP ? 16 : 6;    /* RFC 9293, 3.1; RFC 768 */
    *header = protocol == TCP ? 20 : 8;
    return protocol == TCP || protocol == UDP;
}

bool checksum_complete(uint8_t *frame, size_t length)
{
    uint8_t *ip = frame + ETHERNET, *payload;
    size_t options, total, field, header;
    uint32_t result;

    if ( length < ETHERNET + IPV4 || big16(frame + 12) != 0x0800 || ip[0] >> 4 != 4 )
        return false;
    options = (ip[0] & 15u) * 4u;
    total = big16(ip + 2);
    if ( options < IPV4 || total > length - ETHERNET || (big16(ip + 6) & FRAGMENT) ||
         !known(ip[9], &field, &header) || total < options + header )
        return false;
    payload = ip + options;
    total -= options;
    payload[field] = payload[field + 1] = 0;
    /* The pseudo header: both addresses, protocol, length. */
    result = sum(ip + 12, 8) + ip[9] + (uint32_t)total + sum(payload, total);
    while ( result >> 16 )
        result = (result & 0xffff) + (result >> 16);
    result = ~result & 0xffff;
    if ( !result && ip[9] == UDP )
        result = 0xffff;   /* RFC 768: zero would mean none */
    payload[field] = (uint8_t)(result >> 8);
    payload[field + 1] = (uint8_t)result;
    return true;
}
