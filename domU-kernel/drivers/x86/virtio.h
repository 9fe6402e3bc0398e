/*
 * Virtio over PCI, version 1 devices with split queues (Virtio 1.2, sections
 * 2.7, 3.1 and 4.1), as QEMU's device model offers them to an HVM domain.
 *
 * A queue is one page here.  Buffers are in pages of ours, whose address is
 * the same for the device.  The caller rings the bell itself, by memory or by port,
 * for that is what rows measure.
 *
 * Try it: -device virtio-rng-pci,disable-legacy=on,modern-pio-notify=on
 */
#ifndef DRIVERS_VIRTIO_H
#define DRIVERS_VIRTIO_H

#include "../../arch/cpu.h"
#include "../../arch/types.h"

/* Device types (section 5), for virtio_open(). */
#define VIRTIO_NETWORK 1u
#define VIRTIO_BLOCK   2u
#define VIRTIO_ENTROPY 4u

/* Feature bits (sections 6 and 2.7). */
#define VIRTIO_F_EVENT_IDX  (1ul << 29)
#define VIRTIO_F_VERSION_1  (1ul << 32)

/* Section 4.1.4.3: the offered features' word, in the common structure. */
#define VIRTIO_FEATURES 0x04u

#define VIRTQ_SIZE 128u          /* entries of a queue at most: all of it fits one page */

/* Section 2.7.5; little-endian, as we are. */
struct virtq_desc { u64 address; u32 length; u16 flags, next; };
#define VIRTQ_DESC_NEXT  1u      /* goes on in descriptor `next` */
#define VIRTQ_DESC_WRITE 2u      /* the device writes it */

/*
 * What we write and the device reads (section 2.7.6) and the other way round
 * (section 2.7.8).  Behind the last entry of a ring, in its next place, is the
 * index at which the writer wants to hear from the other (2.7.10 and 2.7.7).
 */
struct virtq_avail { u16 flags, index, ring[VIRTQ_SIZE + 1]; };
struct virtq_used_element { u32 id, length; };
struct virtq_used {
    u16 flags, index;
    struct virtq_used_element ring[VIRTQ_SIZE + 1];
};
#define VIRTQ_USED_NO_NOTIFY 1u

/* The page of a queue, shared with the device. */
struct virtq {
    struct virtq_desc desc[VIRTQ_SIZE];
    struct virtq_avail avail;
    struct virtq_used used;
};
_Static_assert(sizeof(struct virtq) <= PAGE_SIZE, "a queue fits its page");

struct virtio_device {
    u32 slot;                    /* on PCI bus 0 */
    u64 common, bell;            /* addresses of the structures of section 4.1.4 … */
    u64 config;                  /* … and of the device type's own; 0: it has none */
    u32 bell_multiplier;
    u16 bell_port;               /* the same by port; 0: the device has none */
    u32 bell_port_multiplier;
    u64 features;                /* agreed on */
};

struct virtio_queue {
    struct virtq *shared;        /* NULL: not open */
    u64 bell;                    /* device memory: write the queue's index here … */
    u16 bell_port;               /* … or here, unless 0 */
    u16 index;
    u16 size;                    /* entries, a power of 2 */
    u16 next;                    /* avail.index after the next publishing */
    u16 published;               /* avail.index as the device sees it */
    u16 taken;                   /* used elements taken */
    bool event_index;            /* VIRTIO_F_EVENT_IDX agreed on */
};

/*
 * Find the device of this type, reset it and agree on those features of `wanted`
 * it offers, and on VERSION_1 (section 3.1.1, steps 1 to 6).  NULL, or why not.
 */
const char *virtio_open(struct virtio_device *, u32 type, u64 wanted);

/*
 * Give queue `index` its page, for as many buffers as fit or the device takes.  Interrupts: `vector` of this CPU's local APIC by
 * MSI-X, 0 for none.  NULL, or why not.  Before virtio_start().
 */
const char *virtio_queue_open(struct virtio_device *, struct virtio_queue *, u16 index,
                              u8 vector);

/* The driver is ready (section 3.1.1, step 8). */
void virtio_start(const struct virtio_device *);

/* Reset the device, which lets go of all queues, and free their pages. */
void virtio_close(struct virtio_device *, struct virtio_queue *queues, u32 count);

/*
 * Put one buffer into the queue: `length` bytes, written by the device if
 * `device_writes`.  At most q->size may be under way; descriptor n is used by every
 * q->size-th buffer, so buffers must come back in order, as those of entropy and
 * transmit queues do.
 */
static inline void virtio_put(struct virtio_queue *q, const void *buffer, u32 length,
                              bool device_writes)
{
    u16 slot = q->next++ & (q->size - 1);

    q->shared->desc[slot] = (struct virtq_desc){
        .address = (u64)buffer, .length = length,
        .flags = device_writes ? VIRTQ_DESC_WRITE : 0,
    };
    q->shared->avail.ring[slot] = slot;
}

/* The same for a chain of descriptors that the caller has written, from `head` on: they
 * may come back in any order (virtio_take_head()). */
static inline void virtio_put_chain(struct virtio_queue *q, u16 head)
{
    q->shared->avail.ring[q->next++ & (q->size - 1)] = head;
}

/*
 * Show the device what was put since the last time; true: it wants to hear the
 * bell (section 2.7.13.3 and 2.7.10).
 */
static inline bool virtio_publish(struct virtio_queue *q)
{
    struct virtq *v = q->shared;
    u16 before = q->published, event;

    /* Release: buffers before the index; a device that saw the index first
     * would take an old descriptor. */
    __atomic_store_n(&v->avail.index, q->next, __ATOMIC_RELEASE);
    q->published = q->next;
    /*
     * Full barrier: the index must be seen before we look whether the device
     * listens.  It says that it stops listening and then looks at the index
     * once more; the other way round here, both could miss each other and the
     * buffer would lie there.
     */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if ( !q->event_index )
        return !(__atomic_load_n(&v->used.flags, __ATOMIC_RELAXED) & VIRTQ_USED_NO_NOTIFY);
    event = (u16)__atomic_load_n(&v->used.ring[q->size].id, __ATOMIC_RELAXED);
    return (u16)(q->next - event - 1) < (u16)(q->next - before);
}

/* Ring the bell: one instruction, which exits. */
static inline void virtio_notify_mmio(const struct virtio_queue *q)
{
    __asm__ volatile ("movw %0, (%1)" :: "r"(q->index), "r"(q->bell) : "memory");
}

static inline void virtio_notify_port(const struct virtio_queue *q)
{
    __asm__ volatile ("outw %w0, %w1" :: "a"(q->index), "Nd"(q->bell_port) : "memory");
}

/* Buffers the device has used and we have not taken. */
static inline u16 virtio_used(const struct virtio_queue *q)
{
    /* Acquire: what the device wrote before the index is read after it. */
    return (u16)(__atomic_load_n(&q->shared->used.index, __ATOMIC_ACQUIRE) - q->taken);
}

/* Take the next used buffer, virtio_used() says there is one: the bytes written. */
static inline u32 virtio_take(struct virtio_queue *q)
{
    return q->shared->used.ring[q->taken++ & (q->size - 1)].length;
}

/* The same: the chain's first descriptor, as the device says. */
static inline u32 virtio_take_head(struct virtio_queue *q)
{
    return q->shared->used.ring[q->taken++ & (q->size - 1)].id;
}

/*
 * Interrupt when `count` buffers from now on are used; 0: never.  Without
 * VIRTIO_F_EVENT_IDX the device interrupts each time, or never.
 */
void virtio_interrupt_after(struct virtio_queue *, u16 count);

#endif
