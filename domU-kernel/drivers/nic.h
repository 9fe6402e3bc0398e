/*
 * A network interface, whatever is behind it: what the drivers of this folder
 * offer to rows, so that each device does the same work.
 *
 * Frames are Ethernet's without preamble and frame check sequence.  Transmit
 * buffers belong to the interface and keep what was written into them, so that a
 * frame sent again needs only what changes.
 */
#ifndef DRIVERS_NIC_H
#define DRIVERS_NIC_H

#include "../arch/types.h"

#define NIC_BUFFERS  48u      /* each way: frames under way at most */
#define NIC_BUFFER   2048u    /* bytes; two of them a page */
#define NIC_FRAME    1514u    /* bytes of the longest frame: IEEE 802.3, 3.2.7, less FCS */
#define NIC_SHORTEST 60u      /* and of the shortest */

struct nic;

struct nic_operations {
    /* A transmit buffer that is free; NULL: all are under way. */
    u8 *(*buffer)(struct nic *);
    /* Queue the frame in the buffer that buffer() returned last. */
    void (*put)(struct nic *, u32 length);
    /*
     * Let the device see what was queued and given back, and tell it if it wants to be
     * told.  From here on it interrupts, after `after` frames where it can do that: also
     * when nobody comes to sleep, as under an operating system.
     */
    void (*push)(struct nic *, u32 after);
    /* The next frame that came, and its length; NULL: none. */
    u8 *(*take)(struct nic *, u32 *length);
    /* The buffer of the frame taken last is the device's again. */
    void (*give)(struct nic *);
    /* Sleep until a frame came, being woken after `after` of them as above, or until a buffer is free where buffer() had none. */
    void (*wait)(struct nic *, u32 after);
    /* Stop the device, and free what open() took; NULL: it stays as it is. */
    void (*close)(struct nic *);
};

struct nic {
    const struct nic_operations *ops;
    u8 mac[6];
    u32 depth;               /* frames that it has room to receive at a time */
    u8 *transmit;            /* the first of `buffers`, NIC_BUFFER bytes from one to the next */
    u32 buffers;
    const char *trouble;     /* what the device did wrong; nothing works any more */
};

#endif
