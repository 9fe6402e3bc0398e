#include "virtio_net.h"
#include "../device.h"
#include "lapic.h"
#include "../../arch/memory.h"
#include "../../lib/string.h"

enum { RECEIVE, TRANSMIT };

/* Section 5.1.6.1: in front of each frame; all zeroes without offloads. */
#define HEADER 12u
_Static_assert(HEADER + NIC_FRAME <= NIC_BUFFER, "header and frame are one buffer");

#define F_MAC (1ul << 5)          /* section 5.1.3: the device has an address, first in its
                                     configuration (5.1.4) */
#define PAGES (NIC_BUFFERS * NIC_BUFFER / PAGE_SIZE)

static struct virtio_net *net_of(struct nic *n)
{
    return (struct virtio_net *)n;
}

static u8 *virtio_net_buffer(struct nic *n)
{
    struct virtio_net *v = net_of(n);
    struct virtio_queue *q = &v->queues[TRANSMIT];

    if ( v->under_way == NIC_BUFFERS )
        while ( virtio_used(q) )
        {
            virtio_take(q);
            v->under_way--;
        }
    v->starved = v->under_way == NIC_BUFFERS;
    return v->starved ? NULL : n->transmit + v->next * NIC_BUFFER;
}

static void virtio_net_put(struct nic *n, u32 length)
{
    struct virtio_net *v = net_of(n);

    virtio_put(&v->queues[TRANSMIT], n->transmit + v->next * NIC_BUFFER - HEADER, HEADER + length,
               false);
    v->next = (v->next + 1) % NIC_BUFFERS;
    v->under_way++;
}

static void notify_if_wanted(struct virtio_queue *q)
{
    if ( q->next != q->published && virtio_publish(q) )
    {
        device.notifications++;
        virtio_notify_mmio(q);
    }
}

static void virtio_net_push(struct nic *n, u32 after)
{
    struct virtio_net *v = net_of(n);

    virtio_interrupt_after(&v->queues[RECEIVE], (u16)after);

    notify_if_wanted(&v->queues[RECEIVE]);
    notify_if_wanted(&v->queues[TRANSMIT]);
}

static u8 *virtio_net_take(struct nic *n, u32 *length)
{
    struct virtio_net *v = net_of(n);
    struct virtio_queue *q = &v->queues[RECEIVE];
    u8 *frame = v->receive + v->taken * NIC_BUFFER + HEADER;

    if ( !virtio_used(q) )
        return NULL;
    v->taken = (v->taken + 1) % NIC_BUFFERS;
    *length = virtio_take(q);
    if ( *length < HEADER || *length > NIC_BUFFER )
    {
        n->trouble = "the virtio device filled a buffer beyond its end, or not at all";
        return NULL;
    }
    *length -= HEADER;
    return frame;
}

static void virtio_net_give(struct nic *n)
{
    struct virtio_net *v = net_of(n);

    virtio_put(&v->queues[RECEIVE], v->receive + v->given * NIC_BUFFER, NIC_BUFFER, true);
    v->given = (v->given + 1) % NIC_BUFFERS;
}

static void virtio_net_wait(struct nic *n, u32 after)
{
    struct virtio_net *v = net_of(n);

    virtio_interrupt_after(&v->queues[RECEIVE], (u16)after);
    if ( v->starved )
        virtio_interrupt_after(&v->queues[TRANSMIT], 1);
    interrupts_disable();
    while ( !virtio_used(&v->queues[RECEIVE]) &&
            !(v->starved && virtio_used(&v->queues[TRANSMIT])) )
    {
        /* Off, look, then allow and sleep in one step: otherwise the one we
         * wait for can arrive just before the sleep. */
        interrupts_enable_and_halt();
        interrupts_disable();
    }
    interrupts_enable();
}

static void virtio_net_close(struct nic *n)
{
    struct virtio_net *v = net_of(n);

    virtio_close(&v->virtio, v->queues, 2);
    pages_free(v->memory, 2 * PAGES);
}

static const struct nic_operations operations = {
    .buffer = virtio_net_buffer, .put = virtio_net_put, .push = virtio_net_push,
    .take = virtio_net_take, .give = virtio_net_give, .wait = virtio_net_wait,
    .close = virtio_net_close,
};

COLD const char *virtio_net_open(struct virtio_net *v)
{
    const char *reason;

    *v = (struct virtio_net){
        .nic = { .ops = &operations, .depth = NIC_BUFFERS, .buffers = NIC_BUFFERS },
    };
    reason = virtio_open(&v->virtio, VIRTIO_NETWORK, VIRTIO_F_EVENT_IDX | F_MAC);
    if ( reason )
        return reason;
    if ( !v->virtio.config || !(v->virtio.features & F_MAC) )
        return "the virtio device has no address";
    for ( u32 i = 0; i < 6; i++ )
        v->nic.mac[i] = *(volatile u8 *)(v->virtio.config + i);
    v->memory = pages_alloc(2 * PAGES);
    v->nic.transmit = v->memory + HEADER;
    v->receive = v->memory + PAGES * PAGE_SIZE;
    interrupts_listen(NULL);
    for ( u16 i = 0; i < 2 && !reason; i++ )
        reason = virtio_queue_open(&v->virtio, &v->queues[i], i, VECTOR_DEVICE);
    if ( !reason && v->queues[RECEIVE].size < NIC_BUFFERS )
        reason = "the virtio device's queues are too short";
    if ( reason )
    {
        virtio_net_close(&v->nic);
        return reason;
    }
    for ( u32 i = 0; i < NIC_BUFFERS; i++ )
        virtio_net_give(&v->nic);
    virtio_start(&v->virtio);
    virtio_net_push(&v->nic, 1);
    return NULL;
}
