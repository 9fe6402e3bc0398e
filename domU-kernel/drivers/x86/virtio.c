#include "virtio.h"
#include "pci.h"
#include "../../arch/memory.h"
#include "../../lib/string.h"

/* Section 4.1.2: IDs; version 1 devices are 0x1040 plus their type. */
#define VENDOR     0x1af4u
#define DEVICE     0x1040u

/* Section 4.1.4: structures are found by vendor capabilities. */
enum { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_DEVICE = 4 };

/* Section 4.1.4.3: struct virtio_pci_common_cfg. */
enum common {
    FEATURE_SELECT = 0x00, FEATURES = VIRTIO_FEATURES, DRIVER_SELECT = 0x08, DRIVER_FEATURES = 0x0c,
    STATUS = 0x14, QUEUE_SELECT = 0x16, QUEUE_SIZE = 0x18, QUEUE_VECTOR = 0x1a,
    QUEUE_ENABLE = 0x1c, QUEUE_NOTIFY_OFFSET = 0x1e, QUEUE_DESC = 0x20,
    QUEUE_DRIVER = 0x28, QUEUE_DEVICE = 0x30,
};

/* Section 2.1. */
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 };

#define NO_VECTOR     0xffffu
#define NO_INTERRUPT  1u      /* section 2.7.6, VIRTQ_AVAIL_F_NO_INTERRUPT */

/* Registers must be accessed in their own size (section 4.1.3.1). */
static u16 read16(const struct virtio_device *d, enum common at)
{
    return *(volatile u16 *)(d->common + at);
}

static void write16(const struct virtio_device *d, enum common at, u16 value)
{
    *(volatile u16 *)(d->common + at) = value;
}

static u8 status(const struct virtio_device *d)
{
    return *(volatile u8 *)(d->common + STATUS);
}

static void set_status(const struct virtio_device *d, u8 value)
{
    *(volatile u8 *)(d->common + STATUS) = value;
}

static void write_address(const struct virtio_device *d, enum common at, const void *value)
{
    mmio_write32(d->common + at, (u32)(u64)value);
    mmio_write32(d->common + at + 4, (u32)((u64)value >> 32));
}

/* Section 4.1.4: type in byte 3, BAR in byte 4, offset in the third word. */
COLD static bool find_structures(struct virtio_device *d)
{
    u32 at = 0;

    while ( (at = pci_capability(d->slot, PCI_CAPABILITY_VENDOR, at)) )
    {
        u32 type = pci_read32(0, d->slot, 0, at) >> 24;
        u32 bar = pci_read32(0, d->slot, 0, at + 4) & 0xff;
        u64 address;

        if ( type != CAP_COMMON && type != CAP_NOTIFY && type != CAP_DEVICE )
            continue;
        address = pci_bar(d->slot, bar);
        if ( !address )
            return false;
        address += pci_read32(0, d->slot, 0, at + 8);
        if ( type == CAP_COMMON )
            d->common = address;
        else if ( type == CAP_DEVICE )
            d->config = address;
        else if ( address < 0x10000 )
        {
            d->bell_port = (u16)address;
            d->bell_port_multiplier = pci_read32(0, d->slot, 0, at + 16);
        }
        else
        {
            d->bell = address;
            d->bell_multiplier = pci_read32(0, d->slot, 0, at + 16);
        }
    }
    return d->common && d->bell;
}

static void reset(const struct virtio_device *d)
{
    set_status(d, 0);
    while ( status(d) )      /* section 4.1.4.3.2: until it reads 0 */
        cpu_relax();
}

COLD const char *virtio_open(struct virtio_device *d, u32 type, u64 wanted)
{
    u64 offered;

    *d = (struct virtio_device){ .slot = pci_find(VENDOR, DEVICE + type) };
    if ( d->slot == PCI_SLOTS )
        return "the domain has no such virtio device";
    if ( !find_structures(d) )
        return "the virtio device lacks a structure of version 1";

    reset(d);
    set_status(d, ACKNOWLEDGE);
    set_status(d, ACKNOWLEDGE | DRIVER);
    mmio_write32(d->common + FEATURE_SELECT, 0);
    offered = mmio_read32(d->common + FEATURES);
    mmio_write32(d->common + FEATURE_SELECT, 1);
    offered |= (u64)mmio_read32(d->common + FEATURES) << 32;
    d->features = offered & (wanted | VIRTIO_F_VERSION_1);
    mmio_write32(d->common + DRIVER_SELECT, 0);
    mmio_write32(d->common + DRIVER_FEATURES, (u32)d->features);
    mmio_write32(d->common + DRIVER_SELECT, 1);
    mmio_write32(d->common + DRIVER_FEATURES, (u32)(d->features >> 32));
    set_status(d, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    return status(d) & FEATURES_OK ? NULL : "the virtio device refused its own features";
}

COLD const char *virtio_queue_open(struct virtio_device *d, struct virtio_queue *q, u16 index,
                              u8 vector)
{
    u16 offset, entry = vector && pci_msix(d->slot, index, vector) ? index : NO_VECTOR;

    *q = (struct virtio_queue){
        .index = index, .event_index = d->features & VIRTIO_F_EVENT_IDX,
    };
    write16(d, QUEUE_SELECT, index);
    q->size = read16(d, QUEUE_SIZE);
    if ( !q->size )
        return "the virtio device has no such queue";
    if ( q->size > VIRTQ_SIZE )
        q->size = VIRTQ_SIZE;
    write16(d, QUEUE_SIZE, q->size);
    write16(d, QUEUE_VECTOR, entry);
    if ( vector && (entry == NO_VECTOR || read16(d, QUEUE_VECTOR) != entry) )
        return "the virtio device has no interrupt to give";

    q->shared = pages_alloc(1);
    write_address(d, QUEUE_DESC, q->shared->desc);
    write_address(d, QUEUE_DRIVER, &q->shared->avail);
    write_address(d, QUEUE_DEVICE, &q->shared->used);
    offset = read16(d, QUEUE_NOTIFY_OFFSET);
    q->bell = d->bell + offset * d->bell_multiplier;
    if ( d->bell_port )
        q->bell_port = (u16)(d->bell_port + offset * d->bell_port_multiplier);
    virtio_interrupt_after(q, 0);
    write16(d, QUEUE_ENABLE, 1);
    return NULL;
}

void virtio_start(const struct virtio_device *d)
{
    set_status(d, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

COLD void virtio_close(struct virtio_device *d, struct virtio_queue *queues, u32 count)
{
    reset(d);
    for ( u32 i = 0; i < count; i++ )
        if ( queues[i].shared )
        {
            pages_free(queues[i].shared, 1);
            queues[i].shared = NULL;
        }
}

void virtio_interrupt_after(struct virtio_queue *q, u16 count)
{
    struct virtq_avail *a = &q->shared->avail;

    if ( q->event_index )
        /* Half a round away is never: we take what is used before that. */
        a->ring[q->size] = (u16)(q->taken + (count ? count - 1u : 0x8000u));
    else
        a->flags = count ? 0 : NO_INTERRUPT;
    /* Full barrier: said before the caller looks at the used index.  The
     * device writes the index and then looks here; one of us sees the other. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
