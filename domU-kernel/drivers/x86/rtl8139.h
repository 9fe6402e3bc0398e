/*
 * Realtek's RTL8139, QEMU's oldest network card (RTL8139D(L) data sheet, rev. 1.3), in its
 * original mode: four transmit buffers, and one ring of bytes for what is received.
 *
 * Registers by port, an exit each.  As with e1000.h, interrupts are masked until the
 * frames that are there are taken.
 *
 * Try it: -netdev tap,id=n,… -device rtl8139,netdev=n,romfile=
 */
#ifndef DRIVERS_RTL8139_H
#define DRIVERS_RTL8139_H

#include "../nic.h"

struct rtl8139 {
    struct nic nic;              /* first: rows know no more */
    u16 port;
    u8 *memory, *ring;
    u32 tx_next, tx_done, tx_told;   /* without end */
    u16 length[4];               /* of the frames in the transmit buffers */
    u32 at;                      /* in the ring: the next frame's header */
    u32 end;                     /* in the ring: written up to here, when we asked last */
    bool taken;                  /* frames, and the device was not told yet */
};

/* NULL, or why there is none.  nic.ops->close() when it is not used any more. */
const char *rtl8139_open(struct rtl8139 *);

#endif
