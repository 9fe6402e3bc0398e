/*
 * Intel's 82540EM, the gigabit Ethernet controller QEMU emulates as "e1000" (PCI/PCI-X
 * Family of Gigabit Ethernet Controllers Software Developer's Manual, 317453).
 *
 * Legacy descriptors, no offloads, one interrupt line.  As operating systems do, the handler
 * masks the device's interrupts until the frames that are there are taken.
 *
 * Try it: -netdev tap,id=n,… -device e1000,netdev=n,romfile=
 */
#ifndef DRIVERS_E1000_H
#define DRIVERS_E1000_H

#include "../nic.h"

/* Sections 3.2.3 and 3.3.3. */
struct e1000_receive { u64 address; u16 length, checksum; u8 status, errors; u16 special; };
struct e1000_transmit { u64 address; u16 length; u8 cso, command, status, css; u16 special; };

struct e1000 {
    struct nic nic;              /* first: rows know no more */
    u64 registers;
    volatile struct e1000_receive *rx;     /* NIC_BUFFERS descriptors each */
    volatile struct e1000_transmit *tx;
    u8 *memory, *receive;
    u32 tx_next, tx_done;        /* descriptors written, and seen done; without end */
    u32 tx_told;
    u32 rx_taken, rx_given, rx_told;
    bool starved;
};

/* NULL, or why there is none.  nic.ops->close() when it is not used any more. */
const char *e1000_open(struct e1000 *);

#endif
