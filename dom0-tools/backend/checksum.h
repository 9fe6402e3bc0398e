/*
 * The checksum that a frontend leaves to its backend (NETTXF_csum_blank, xen/io/netif.h):
 * pure C, for frames of anybody.
 */
#ifndef BACKEND_CHECKSUM_H
#define BACKEND_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Complete the TCP or UDP checksum of an Ethernet frame with IPv4 in it.  False: it is no
 * such frame, or a fragment, or its headers do not fit; it was not touched.
 */
bool checksum_complete(uint8_t *frame, size_t length);

#endif
