#include "e1000.h"
#include "../device.h"
#include "ioapic.h"
#include "lapic.h"
#include "pci.h"
#include "../../arch/cpu.h"
#include "../../arch/memory.h"

#define VENDOR 0x8086u
#define DEVICE 0x100eu             /* 82540EM-A, table 5-1 */

/* Table 13-2. */
enum {
    CTRL = 0x0000, STATUS = 0x0008, ICR = 0x00c0, IMS = 0x00d0, IMC = 0x00d8, RCTL = 0x0100, TCTL = 0x0400,
    TIPG = 0x0410, RDBAL = 0x2800, RDBAH = 0x2804, RDLEN = 0x2808, RDH = 0x2810, RDT = 0x2818,
    TDBAL = 0x3800, TDBAH = 0x3804, TDLEN = 0x3808, TDH = 0x3810, TDT = 0x3818, MTA = 0x5200,
    RAL = 0x5400, RAH = 0x5404,
};
#define MTA_WORDS 128u

#define CTRL_SLU (1u << 6)         /* 13.4.1: set link up */
#define INTERRUPT_SENT     0x01u   /* 13.4.17: transmit descriptor written back */
#define INTERRUPT_RECEIVED 0x80u   /* receiver timer, which is zero */
#define RCTL_RUN (1u << 1 | 1u << 15 | 1u << 26)   /* 13.4.22: on, broadcasts too, CRC stripped;
                                                      2,048-byte buffers */
#define TCTL_RUN (1u << 1 | 1u << 3 | 0x0fu << 4 | 0x40u << 12)   /* 13.4.33, full duplex */
#define TIPG_COPPER (10u | 8u << 10 | 6u << 20)                   /* table 13-77 */

/* Descriptors: 3.3.3.1, 3.2.3.1. */
#define COMMAND_FRAME 0x0bu        /* end of packet, insert FCS, report status */
#define STATUS_DONE   0x01u

/* Receive buffers are given back so many at a time: telling the device of them costs an
 * access to its registers, and drivers of operating systems save them likewise.  32
 * can be under way still. */
#define GIVE_BATCH 15u

#define PAGES (NIC_BUFFERS * NIC_BUFFER / PAGE_SIZE)
_Static_assert(NIC_BUFFERS % 8 == 0, "13.4.27: RDLEN is a multiple of 128 bytes");

/* What the handler touches. */
static u64 handler_registers;
static volatile bool masked;

static struct e1000 *e1000_of(struct nic *n)
{
    return (struct e1000 *)n;
}

static void write(const struct e1000 *e, u32 at, u32 value)
{
    mmio_write32(e->registers + at, value);
}

/* Reading the causes clears them and lowers the line (13.4.17). */
static void interrupt(void)
{
    mmio_read32(handler_registers + ICR);
    mmio_write32(handler_registers + IMC, ~0u);
    masked = true;
}

static bool is_sent(struct e1000 *e)
{
    return e->tx[e->tx_done % NIC_BUFFERS].status & STATUS_DONE;
}

static bool is_received(struct e1000 *e)
{
    return e->rx[e->rx_taken % NIC_BUFFERS].status & STATUS_DONE;
}

/* One descriptor stays free: head and tail alike would mean an empty ring (3.4). */
static u8 *e1000_buffer(struct nic *n)
{
    struct e1000 *e = e1000_of(n);

    if ( e->tx_next - e->tx_done == NIC_BUFFERS - 1 )
        while ( e->tx_done != e->tx_next && is_sent(e) )
            e->tx_done++;
    e->starved = e->tx_next - e->tx_done == NIC_BUFFERS - 1;
    return e->starved ? NULL : n->transmit + e->tx_next % NIC_BUFFERS * NIC_BUFFER;
}

static void e1000_put(struct nic *n, u32 length)
{
    struct e1000 *e = e1000_of(n);
    volatile struct e1000_transmit *d = &e->tx[e->tx_next++ % NIC_BUFFERS];

    d->length = (u16)length;
    d->command = COMMAND_FRAME;
    d->status = 0;
}

static void tell(struct e1000 *e, u32 at, u32 *told, u32 now)
{
    /* The device reads descriptors after this, which is a barrier: it leaves the guest. */
    write(e, at, now % NIC_BUFFERS);
    *told = now;
    device.notifications++;
}

/* Did it write to the device? */
static bool unmask(struct e1000 *e)
{
    if ( !masked )
        return false;
    masked = false;
    /* Something that came meanwhile interrupts at once: its cause is still set. */
    write(e, IMS, INTERRUPT_RECEIVED | (e->starved ? INTERRUPT_SENT : 0));
    return true;
}

/*
 * KVM keeps RDT for itself until the guest leaves to QEMU (coalesced MMIO: e1000_mmio_setup() in QEMU names the
 * registers that do leave).  So one of those comes behind it, as Linux's driver reads the status.
 */
static void e1000_push(struct nic *n, u32 after)
{
    struct e1000 *e = e1000_of(n);
    bool given = e->rx_given - e->rx_told >= GIVE_BATCH, left;

    (void)after;   /* the device has timers for that, which would be waited for */
    if ( given )
        tell(e, RDT, &e->rx_told, e->rx_given);
    left = unmask(e);
    if ( e->tx_next != e->tx_told )
        tell(e, TDT, &e->tx_told, e->tx_next);
    else if ( given && !left )
        mmio_read32(e->registers + STATUS);
}

static u8 *e1000_take(struct nic *n, u32 *length)
{
    struct e1000 *e = e1000_of(n);
    u32 i = e->rx_taken % NIC_BUFFERS;

    if ( !is_received(e) )
        return NULL;
    e->rx_taken++;
    *length = e->rx[i].length;
    if ( e->rx[i].errors || *length > NIC_BUFFER )
    {
        n->trouble = "the device received a frame with an error";
        return NULL;
    }
    return e->receive + i * NIC_BUFFER;
}

static void e1000_give(struct nic *n)
{
    struct e1000 *e = e1000_of(n);

    /* The ring's last free one is behind the tail: NIC_BUFFERS - 1 were given at first. */
    e->rx[(e->rx_taken - 1) % NIC_BUFFERS].status = 0;
    e->rx_given++;
}

COLD static bool is_ready(struct e1000 *e)
{
    return is_received(e) || (e->starved && is_sent(e));
}

static void e1000_wait(struct nic *n, u32 after)
{
    struct e1000 *e = e1000_of(n);

    (void)after;
    interrupts_disable();
    while ( !is_ready(e) )
    {
        unmask(e);
        /* As in virtio_net_wait(); and a frame that came before IMS was written has
         * raised the line by now. */
        interrupts_enable_and_halt();
        interrupts_disable();
    }
    interrupts_enable();
}

COLD static void e1000_close(struct nic *n)
{
    struct e1000 *e = e1000_of(n);

    write(e, IMC, ~0u);
    write(e, RCTL, 0);
    write(e, TCTL, 0);
    ioapic_mask(ioapic_pin_of(pci_find(VENDOR, DEVICE)));
    mmio_read32(e->registers + ICR);
    pages_free(e->memory, 2 * PAGES + 1);
}

static const struct nic_operations operations = {
    .buffer = e1000_buffer, .put = e1000_put, .push = e1000_push, .take = e1000_take,
    .give = e1000_give, .wait = e1000_wait, .close = e1000_close,
};

/* Section 14.3 to 14.5: initialization. */
COLD static void start(struct e1000 *e)
{
    u64 rx = (u64)e->rx, tx = (u64)e->tx;

    write(e, IMC, ~0u);
    write(e, RCTL, 0);
    write(e, TCTL, 0);
    write(e, CTRL, mmio_read32(e->registers + CTRL) | CTRL_SLU);
    for ( u32 i = 0; i < MTA_WORDS; i++ )
        write(e, MTA + 4 * i, 0);
    write(e, RDBAL, (u32)rx);
    write(e, RDBAH, (u32)(rx >> 32));
    write(e, RDLEN, NIC_BUFFERS * sizeof(*e->rx));
    write(e, RDH, 0);
    write(e, RDT, NIC_BUFFERS - 1);
    write(e, TDBAL, (u32)tx);
    write(e, TDBAH, (u32)(tx >> 32));
    write(e, TDLEN, NIC_BUFFERS * sizeof(*e->tx));
    write(e, TDH, 0);
    write(e, TDT, 0);
    write(e, TIPG, TIPG_COPPER);
    write(e, TCTL, TCTL_RUN);
    write(e, RCTL, RCTL_RUN);
    mmio_read32(e->registers + ICR);
}

COLD const char *e1000_open(struct e1000 *e)
{
    u32 slot = pci_find(VENDOR, DEVICE);

    *e = (struct e1000){
        .nic = { .ops = &operations, .buffers = NIC_BUFFERS,
                 .depth = NIC_BUFFERS - 1 - GIVE_BATCH },
        .rx_given = NIC_BUFFERS - 1, .rx_told = NIC_BUFFERS - 1,
    };
    if ( slot == PCI_SLOTS )
        return "the domain has no Intel 82540EM";
    e->registers = pci_bar(slot, 0);
    if ( !e->registers )
        return "the Intel 82540EM has no registers";
    e->memory = pages_alloc(2 * PAGES + 1);
    e->nic.transmit = e->memory;
    e->receive = e->memory + PAGES * PAGE_SIZE;
    e->rx = (void *)(e->memory + 2 * PAGES * PAGE_SIZE);
    e->tx = (void *)(e->memory + 2 * PAGES * PAGE_SIZE + PAGE_SIZE / 2);
    for ( u32 i = 0; i < NIC_BUFFERS; i++ )
    {
        e->rx[i].address = (u64)e->receive + i * NIC_BUFFER;
        e->tx[i].address = (u64)e->nic.transmit + i * NIC_BUFFER;
    }
    for ( u32 i = 0; i < 6; i++ )   /* 13.4.3: from the EEPROM at reset */
        e->nic.mac[i] = (u8)(mmio_read32(e->registers + (i < 4 ? RAL : RAH)) >> i % 4 * 8);
    start(e);
    handler_registers = e->registers;
    masked = true;
    lapic_device = interrupt;
    lapic_enable();
    ioapic_route_level(ioapic_pin_of(slot), VECTOR_DEVICE);
    return NULL;
}
