#include "rtl8139.h"
#include "../device.h"
#include "ioapic.h"
#include "lapic.h"
#include "pci.h"
#include "../../arch/cpu.h"
#include "../../arch/memory.h"

#define VENDOR 0x10ecu
#define DEVICE 0x8139u

/* Section 6: registers. */
enum {
    IDR = 0x00, TSD = 0x10, TSAD = 0x20, RBSTART = 0x30, CR = 0x37, CAPR = 0x38, CBR = 0x3a,
    IMR = 0x3c, ISR = 0x3e, TCR = 0x40, RCR = 0x44,
};
enum { CR_TE = 0x04, CR_RE = 0x08, CR_RST = 0x10 };
enum { INTERRUPT_ROK = 0x01, INTERRUPT_RER = 0x02, INTERRUPT_RXOVW = 0x10 };

#define TSD_OWN 0x2000u            /* 6.3: the device is done with the buffer */
#define TX_BUFFERS 4u

/* 6.9: broadcasts and frames to our address; bursts of any length; a ring of 32 KiB, behind
 * which a frame that begins in it may go on (WRAP). */
#define RCR_RUN (1u << 3 | 1u << 1 | 1u << 7 | 7u << 8 | 2u << 11 | 7u << 13)
#define TCR_RUN (3u << 24 | 7u << 8)   /* 6.8: standard gap, bursts of 2 KiB */
#define RING  0x8000u
#define BEHIND 2048u               /* 16 bytes and a frame, rounded up */
#define CAPR_OFFSET 16u            /* CAPR stands so much before the next frame */

/* In front of each frame in the ring; the length has the FCS in it. */
struct header { u16 status, length; };
#define STATUS_ROK 1u
#define FCS 4u

#define RING_PAGES ((RING + BEHIND + PAGE_SIZE - 1) / PAGE_SIZE)
#define TX_PAGES   (TX_BUFFERS * NIC_BUFFER / PAGE_SIZE)

/* What the handler touches. */
static u16 handler_port;
static volatile bool masked;

static struct rtl8139 *rtl_of(struct nic *n)
{
    return (struct rtl8139 *)n;
}

/* The line is up for causes that are set and not masked (6.6, 6.7). */
static void interrupt(void)
{
    port_out16(handler_port + IMR, 0);
    masked = true;
}

static u16 tsd(u32 buffer)
{
    return (u16)(TSD + buffer % TX_BUFFERS * 4);
}

static u8 *rtl8139_buffer(struct nic *n)
{
    struct rtl8139 *r = rtl_of(n);

    if ( r->tx_next - r->tx_done == TX_BUFFERS )
        while ( r->tx_done != r->tx_told && port_in32(r->port + tsd(r->tx_done)) & TSD_OWN )
            r->tx_done++;
    return r->tx_next - r->tx_done == TX_BUFFERS
               ? NULL : n->transmit + r->tx_next % TX_BUFFERS * NIC_BUFFER;
}

static void rtl8139_put(struct nic *n, u32 length)
{
    struct rtl8139 *r = rtl_of(n);

    r->length[r->tx_next++ % TX_BUFFERS] = (u16)length;
}

/* Is there a frame?  Asks the device only when all it told of is taken. */
static bool is_received(struct rtl8139 *r)
{
    if ( r->at == r->end )
        r->end = port_in16(r->port + CBR) % RING;
    return r->at != r->end;
}

/*
 * The causes first, then a look, then the mask: a frame between the look and the mask
 * sets its cause again, and interrupts.
 */
static void unmask(struct rtl8139 *r)
{
    if ( !masked )
        return;
    port_out16(r->port + ISR, 0xffff);
    if ( is_received(r) )
        return;
    masked = false;
    port_out16(r->port + IMR, INTERRUPT_ROK | INTERRUPT_RER | INTERRUPT_RXOVW);
}

static void rtl8139_push(struct nic *n, u32 after)
{
    struct rtl8139 *r = rtl_of(n);

    (void)after;
    unmask(r);

    if ( r->taken )
    {
        port_out16(r->port + CAPR, (u16)(r->at - CAPR_OFFSET));
        r->taken = false;
        device.notifications++;
    }
    for ( ; r->tx_told != r->tx_next; r->tx_told++ )
    {
        /* Size, and OWN cleared: that sends it (6.3). */
        port_out32(r->port + tsd(r->tx_told), r->length[r->tx_told % TX_BUFFERS]);
        device.notifications++;
    }
}

static u8 *rtl8139_take(struct nic *n, u32 *length)
{
    struct rtl8139 *r = rtl_of(n);
    const struct header *h = (const struct header *)(r->ring + r->at);
    u8 *frame = (u8 *)(h + 1);

    if ( !is_received(r) )
        return NULL;
    if ( !(h->status & STATUS_ROK) || h->length < NIC_SHORTEST + FCS ||
         h->length > NIC_FRAME + FCS )
    {
        n->trouble = "the device received a frame with an error, or its ring is full";
        return NULL;
    }
    *length = h->length - FCS;
    r->at = (r->at + (u32)sizeof(*h) + h->length + 3) / 4 * 4 % RING;
    return frame;
}

static void rtl8139_give(struct nic *n)
{
    rtl_of(n)->taken = true;
}

static void rtl8139_wait(struct nic *n, u32 after)
{
    struct rtl8139 *r = rtl_of(n);

    (void)after;
    /* Transmit buffers are free by the time anything comes back: no need to ask. */
    interrupts_disable();
    for ( ;; )
    {
        unmask(r);
        if ( is_received(r) )
            break;
        interrupts_enable_and_halt();
        interrupts_disable();
    }
    interrupts_enable();
}

COLD static void rtl8139_close(struct nic *n)
{
    struct rtl8139 *r = rtl_of(n);

    port_out16(r->port + IMR, 0);
    port_out8(r->port + CR, 0);
    port_out16(r->port + ISR, 0xffff);
    ioapic_mask(ioapic_pin_of(pci_find(VENDOR, DEVICE)));
    pages_free(r->memory, RING_PAGES + TX_PAGES);
}

static const struct nic_operations operations = {
    .buffer = rtl8139_buffer, .put = rtl8139_put, .push = rtl8139_push, .take = rtl8139_take,
    .give = rtl8139_give, .wait = rtl8139_wait, .close = rtl8139_close,
};

COLD static void start(struct rtl8139 *r)
{
    port_out8(r->port + CR, CR_RST);
    while ( port_in8(r->port + CR) & CR_RST )
        cpu_relax();
    port_out32(r->port + RBSTART, (u32)(u64)r->ring);
    for ( u32 i = 0; i < TX_BUFFERS; i++ )
        port_out32(r->port + (u16)(TSAD + i * 4), (u32)(u64)r->nic.transmit + i * NIC_BUFFER);
    port_out8(r->port + CR, CR_TE | CR_RE);   /* before TCR and RCR, which need it (6.8) */
    port_out32(r->port + TCR, TCR_RUN);
    port_out32(r->port + RCR, RCR_RUN);
    port_out16(r->port + CAPR, (u16)(0 - CAPR_OFFSET));
    port_out16(r->port + IMR, 0);
    port_out16(r->port + ISR, 0xffff);
}

COLD const char *rtl8139_open(struct rtl8139 *r)
{
    u32 slot = pci_find(VENDOR, DEVICE);

    *r = (struct rtl8139){
        .nic = { .ops = &operations, .buffers = TX_BUFFERS, .depth = RING / NIC_BUFFER },
    };
    if ( slot == PCI_SLOTS )
        return "the domain has no RTL8139";
    r->port = (u16)pci_bar(slot, 0);
    if ( !r->port )
        return "the RTL8139 has no ports";
    r->memory = pages_alloc(RING_PAGES + TX_PAGES);
    r->ring = r->memory;
    r->nic.transmit = r->memory + RING_PAGES * PAGE_SIZE;
    for ( u16 i = 0; i < 6; i++ )
        r->nic.mac[i] = port_in8(r->port + IDR + i);
    start(r);
    handler_port = r->port;
    masked = true;
    lapic_device = interrupt;
    lapic_enable();
    ioapic_route_level(ioapic_pin_of(slot), VECTOR_DEVICE);
    return NULL;
}
