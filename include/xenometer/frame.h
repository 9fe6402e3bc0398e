/*
 * The frames of the net rows, which a reflector in dom0 sends back.  The guest's
 * device decides what they pass on their way; the reflector only exchanges
 * the two addresses.
 *
 *   0   destination, source (6 bytes each), EtherType (big-endian)
 *   16  sequence number (little-endian), the row's
 *   24  a pattern, the row's; at the very end the sequence number again
 */
#ifndef XENOMETER_FRAME_H
#define XENOMETER_FRAME_H

#define FRAME_ETHERTYPE 0x88b5u   /* IEEE Std 802, local experimental EtherType 1 */
#define FRAME_HEADER    14u       /* bytes */
#define FRAME_NUMBER    16u       /* where the sequence number stands */
#define FRAME_PATTERN   24u

#endif
