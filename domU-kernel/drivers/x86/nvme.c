#include "nvme.h"
#include "../device.h"
#include "lapic.h"
#include "pci.h"
#include "../../arch/cpu.h"
#include "../../arch/memory.h"
#include "../../lib/string.h"

#define CLASS_NVME 0x010802u

/* Section 3.1: registers. */
enum {
    CAPABILITIES = 0x00, CONFIGURATION = 0x14, STATUS = 0x1c, ADMIN_SIZES = 0x24,
    ADMIN_SUBMISSION = 0x28, ADMIN_COMPLETION = 0x30, BELLS = 0x1000,
};
#define CONFIGURATION_ENABLE 0x460001u   /* entries of 2^6 and 2^4 bytes, pages of 4 KiB */
#define STATUS_READY         0x1u
#define STATUS_FATAL         0x2u

/* Section 5 and the NVM command set, 6. */
enum { ADMIN_NEW_SUBMISSION = 0x01, ADMIN_NEW_COMPLETION = 0x05, ADMIN_IDENTIFY = 0x06 };
enum { WRITE = 0x01, READ = 0x02 };
enum { IDENTIFY_SPACE = 0, IDENTIFY_CONTROLLER = 1 };
#define QUEUE_CONTIGUOUS 0x1u
#define QUEUE_INTERRUPTS 0x2u
#define SPACE            1u              /* the first name space */

#define PHASE            0x1u            /* in the status: turns over with each round */

static void write64(u64 at, u64 value)
{
    mmio_write32(at, (u32)value);
    mmio_write32(at + 4, (u32)(value >> 32));
}

COLD static void make_queue(struct nvme *n, struct nvme_queue *q, u32 index)
{
    /* Section 3.1.18: how far doorbells are apart. */
    u32 stride = 4u << (mmio_read32(n->registers + CAPABILITIES + 4) & 0xf);

    q->commands = pages_alloc(1);
    q->completions = pages_alloc(1);
    q->bells = n->registers + BELLS + 2 * index * stride;
    q->head_bell = q->bells + stride;
}

/* A zeroed entry for command `id`, to be filled in before publish(). */
static struct nvme_command *next_command(struct nvme_queue *q, u32 id)
{
    struct nvme_command *c = &q->commands[q->tail++ % NVME_ENTRIES];

    memset(c, 0, sizeof(*c));
    c->id = (u16)id;
    return c;
}

static void publish(struct nvme_queue *q)
{
    if ( q->tail == q->published )
        return;
    q->published = q->tail;
    /* Release: the commands before the bell (device memory: in program order on x86,
     * kept from the compiler here). */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    mmio_write32(q->bells, q->tail % NVME_ENTRIES);
    device.notifications++;
}

/* Is there a completion?  Entries of this round have the other phase than before. */
static bool is_completed(const struct nvme_queue *q)
{
    u32 round = q->head / NVME_ENTRIES;

    return (q->completions[q->head % NVME_ENTRIES].status & PHASE) != (round & 1);
}

/* Take it: the command, and whether it went well. */
static u32 take_completion(struct nvme_queue *q, bool *well)
{
    volatile struct nvme_completion *c = &q->completions[q->head % NVME_ENTRIES];
    u32 id;

    /* Acquire: the phase was read before the rest of the entry, and data. */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    id = c->id;
    *well = !(c->status & ~PHASE);
    q->head++;
    return id;
}

/* The entries taken may be used again. */
static void give_back(struct nvme_queue *q)
{
    if ( q->head == q->told )
        return;
    q->told = q->head;
    mmio_write32(q->head_bell, q->head % NVME_ENTRIES);
}

/* An administrative command, to its end. */
static bool administer(struct nvme *n, u8 code, u32 space, u64 data, u32 first, u32 second)
{
    struct nvme_command *c = next_command(&n->admin, 0);
    bool well;

    c->code = code;
    c->space = space;
    c->data[0] = data;
    c->arguments[0] = first;
    c->arguments[1] = second;
    publish(&n->admin);
    while ( !is_completed(&n->admin) )
        cpu_relax();
    take_completion(&n->admin, &well);
    give_back(&n->admin);
    return well;
}

static bool becomes_ready(const struct nvme *n, u32 ready)
{
    u32 status;

    do {
        status = mmio_read32(n->registers + STATUS);
        if ( status & STATUS_FATAL )
            return false;
    } while ( (status & STATUS_READY) != ready );
    return true;
}

/* Section 7.6.1: reset, the administrative queues, enable. */
COLD static bool start_controller(struct nvme *n)
{
    mmio_write32(n->registers + CONFIGURATION, 0);
    if ( !becomes_ready(n, 0) )
        return false;
    make_queue(n, &n->admin, 0);
    mmio_write32(n->registers + ADMIN_SIZES, (NVME_ENTRIES - 1) << 16 | (NVME_ENTRIES - 1));
    write64(n->registers + ADMIN_SUBMISSION, (u64)n->admin.commands);
    write64(n->registers + ADMIN_COMPLETION, (u64)n->admin.completions);
    mmio_write32(n->registers + CONFIGURATION, CONFIGURATION_ENABLE);
    return becomes_ready(n, STATUS_READY);
}

/* Sizes of disk and requests: section 5.15. */
COLD static const char *identify(struct nvme *n)
{
    u8 *answer = disk_buffer();
    u32 format, most;

    if ( !administer(n, ADMIN_IDENTIFY, 0, (u64)answer, IDENTIFY_CONTROLLER, 0) )
        return "the NVMe controller does not identify itself";
    most = DISK_PAGES * DISK_PAGE_SECTORS;
    /* MDTS: a power of two of pages; 0: no limit. */
    n->disk.most = answer[77] && answer[77] < 8 ? DISK_PAGE_SECTORS << answer[77] : most;
    if ( !administer(n, ADMIN_IDENTIFY, SPACE, (u64)answer, IDENTIFY_SPACE, 0) )
        return "the NVMe controller has no first namespace";
    memcpy(&n->disk.sectors, answer, sizeof(n->disk.sectors));
    format = 128 + 4 * (answer[26] & 0xf);
    return answer[format + 2] == 9 ? NULL   /* 2^9 bytes */
           : "the NVMe disk has sectors of another size than 512 bytes";
}

COLD static const char *connect(struct disk *d, const char *where)
{
    struct nvme *n = (struct nvme *)d;
    u32 slot = pci_find_class(CLASS_NVME, 0xffffff);
    const char *trouble;

    (void)where;
    if ( slot == PCI_SLOTS )
        return "the domain has no NVMe controller";
    n->registers = pci_bar(slot, 0);
    if ( !n->registers || !pci_msix(slot, 0, VECTOR_DEVICE) )
        return "the NVMe controller has no registers or no MSI-X";
    if ( !start_controller(n) )
        return "the NVMe controller does not become ready";
    trouble = identify(n);
    if ( trouble )
        return trouble;
    make_queue(n, &n->io, 1);
    if ( !administer(n, ADMIN_NEW_COMPLETION, 0, (u64)n->io.completions,
                     (NVME_ENTRIES - 1) << 16 | 1, QUEUE_CONTIGUOUS | QUEUE_INTERRUPTS) ||
         !administer(n, ADMIN_NEW_SUBMISSION, 0, (u64)n->io.commands,
                     (NVME_ENTRIES - 1) << 16 | 1, QUEUE_CONTIGUOUS | 1 << 16) )
        return "the NVMe controller gives no queues";
    n->pages = pages_alloc(1);
    for ( u32 i = 0; i < DISK_PAGES; i++ )
        n->pages[i] = (u64)(disk_buffer() + i * PAGE_SIZE);
    disk_set_depth(d, NVME_ENTRIES / 2);
    return NULL;
}

static bool put(struct disk *d, u32 id, bool write, u64 sector, u32 sectors, u32 page)
{
    struct nvme *n = (struct nvme *)d;
    struct nvme_command *c = next_command(&n->io, id);

    c->code = write ? WRITE : READ;
    c->space = SPACE;
    c->data[0] = n->pages[page];
    /* Section 4.3: a second page stands here itself, more of them in a list. */
    if ( sectors > 2 * DISK_PAGE_SECTORS )
        c->data[1] = (u64)&n->pages[page + 1];
    else if ( sectors > DISK_PAGE_SECTORS )
        c->data[1] = n->pages[page + 1];
    c->arguments[0] = (u32)sector;
    c->arguments[1] = (u32)(sector >> 32);
    c->arguments[2] = sectors - 1;
    d->asked[id] = 1;
    return true;
}

static void push(struct disk *d)
{
    publish(&((struct nvme *)d)->io);
}

static bool any_completed(struct disk *d)
{
    return is_completed(&((struct nvme *)d)->io);
}

static bool wait(struct disk *d, u32 after)
{
    (void)after;
    return disk_halt_until(d, any_completed);
}

static enum ring_result take(struct disk *d, bool *well)
{
    struct nvme *n = (struct nvme *)d;
    u32 id;

    if ( !is_completed(&n->io) )
    {
        give_back(&n->io);
        return RING_EMPTY;
    }
    id = take_completion(&n->io, well);
    if ( id >= d->depth || d->asked[id] == DISK_NOTHING )
        return RING_BROKEN;
    disk_end_id(d, id);
    return RING_TAKEN;
}

const struct disk_operations nvme_operations = {
    .connect = connect, .listen = disk_listen_messages, .put = put, .push = push, .wait = wait, .take = take,
};
