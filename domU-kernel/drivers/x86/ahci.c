#include "ahci.h"
#include "../device.h"
#include "lapic.h"
#include "pci.h"
#include "../../arch/cpu.h"
#include "../../arch/memory.h"
#include "../../lib/string.h"

#define CLASS_AHCI 0x010601u
#define REGISTERS  5u        /* base address register: section 2.1.11 */

/* Section 3.1: the controller's registers. */
enum { GLOBAL_CONTROL = 0x04, INTERRUPT_STATUS = 0x08, PORTS = 0x0c };
#define CONTROL_INTERRUPTS 0x2u
#define CONTROL_AHCI       0x80000000u

/* Section 3.3: a port's. */
#define PORT(n)    (0x100u + 0x80u * (n))
#define PORT_COUNT 32u
enum {
    LIST = 0x00, RECEIVED = 0x08, PORT_STATUS = 0x10, PORT_INTERRUPTS = 0x14, PORT_COMMAND = 0x18,
    TASK_FILE = 0x20, SATA_STATUS = 0x28, SATA_ERROR = 0x30, SATA_ACTIVE = 0x34, ISSUE = 0x38,
};
#define COMMAND_START     0x0001u
#define COMMAND_POWER     0x0006u     /* on, spun up */
#define COMMAND_RECEIVE   0x0010u
#define COMMAND_RECEIVING 0x4000u
#define COMMAND_RUNNING   0x8000u
#define DETECTED          0x3u        /* SATA_STATUS, lower 4 bits */
#define TASK_BUSY         0x88u       /* TASK_FILE: BSY, DRQ */
/* Interrupts: 3.3.5.  Device to host and set device bits, and the errors. */
#define PORT_WANTED       0x7dc0000bu
#define PORT_ERRORS       0x7dc00000u

/* Section 4.2.2: lengths in words of 32 bits. */
#define HEADER_FIS     5u
#define HEADER_WRITE   0x40u
#define HEADER_REGIONS 0x10000u

/* Serial ATA, 10.5.5: a register FIS from host to device, and its commands. */
enum { FIS_TO_DEVICE = 0x27, FIS_COMMAND = 0x80, FIS_LBA = 0x40 };
enum { READ_QUEUED = 0x60, WRITE_QUEUED = 0x61, IDENTIFY_DEVICE = 0xec };
#define IDENTITY_QUEUED 0x100u        /* word 76 */

#define RECEIVED_OFFSET 1024u         /* behind 32 headers, aligned to 256 */
#define TRIES           1000u         /* of what the specification gives 500 ms */

static u32 port_read(const struct ahci *a, u32 at)
{
    return mmio_read32(a->port + at);
}

static void port_write(const struct ahci *a, u32 at, u32 value)
{
    mmio_write32(a->port + at, value);
}

/* Until none of the bits is set; false: they stay. */
static bool port_clears(const struct ahci *a, u32 at, u32 bits)
{
    for ( u32 i = 0; i < TRIES; i++ )
        if ( !(port_read(a, at) & bits) )
            return true;
    return false;
}

/* The first port with a disk; 0: there is none. */
COLD static u64 find_port(const struct ahci *a)
{
    u32 there = mmio_read32(a->registers + PORTS);

    for ( u32 n = 0; n < PORT_COUNT; n++ )
        if ( there & 1u << n &&
             (mmio_read32(a->registers + PORT(n) + SATA_STATUS) & 0xf) == DETECTED )
            return a->registers + PORT(n);
    return 0;
}

/* Section 10.1.2 and 10.3: stopped, given memory, started. */
COLD static bool start_port(struct ahci *a)
{
    u8 *page = pages_alloc(1);

    port_write(a, PORT_COMMAND, port_read(a, PORT_COMMAND) & ~COMMAND_START);
    if ( !port_clears(a, PORT_COMMAND, COMMAND_RUNNING) )
        return false;
    port_write(a, PORT_COMMAND, port_read(a, PORT_COMMAND) & ~COMMAND_RECEIVE);
    if ( !port_clears(a, PORT_COMMAND, COMMAND_RECEIVING) )
        return false;
    a->headers = (struct ahci_header *)page;
    a->tables = pages_alloc(AHCI_SLOTS * sizeof(*a->tables) / PAGE_SIZE);
    for ( u32 i = 0; i < AHCI_SLOTS; i++ )
        a->headers[i].table = (u64)&a->tables[i];
    port_write(a, LIST, (u32)(u64)page);
    port_write(a, LIST + 4, 0);
    port_write(a, RECEIVED, (u32)(u64)page + RECEIVED_OFFSET);
    port_write(a, RECEIVED + 4, 0);
    port_write(a, PORT_COMMAND, port_read(a, PORT_COMMAND) | COMMAND_RECEIVE | COMMAND_POWER);
    port_write(a, SATA_ERROR, ~0u);
    port_write(a, PORT_STATUS, ~0u);
    if ( !port_clears(a, TASK_FILE, TASK_BUSY) )
        return false;
    port_write(a, PORT_COMMAND, port_read(a, PORT_COMMAND) | COMMAND_START);
    return true;
}

/* Command `n`: a transfer of `bytes` from or to `at`.  Its FIS, zeroed. */
static u8 *describe(struct ahci *a, u32 n, u8 code, bool write, const void *at, u32 bytes)
{
    struct ahci_table *t = &a->tables[n];

    a->headers[n].flags = HEADER_FIS | (write ? HEADER_WRITE : 0) | HEADER_REGIONS;
    a->headers[n].moved = 0;
    t->region[0] = (struct ahci_region){ .address = (u64)at, .bytes = bytes - 1 };
    memset(t->fis, 0, 4 * HEADER_FIS);
    t->fis[0] = FIS_TO_DEVICE;
    t->fis[1] = FIS_COMMAND;
    t->fis[2] = code;
    return t->fis;
}

/* The disk's size by IDENTIFY DEVICE, not queued, into the buffer. */
COLD static const char *identify(struct ahci *a)
{
    const u16 *identity = (const u16 *)disk_buffer();

    describe(a, 0, IDENTIFY_DEVICE, false, identity, DISK_SECTOR);
    port_write(a, ISSUE, 1);
    if ( !port_clears(a, ISSUE, 1) || !port_clears(a, TASK_FILE, TASK_BUSY | 1) )
        return "the SATA disk does not identify itself";
    if ( !(identity[76] & IDENTITY_QUEUED) )
        return "the SATA disk has no native command queuing";
    memcpy(&a->disk.sectors, &identity[100], sizeof(a->disk.sectors));
    return NULL;
}

COLD static const char *connect(struct disk *d, const char *where)
{
    struct ahci *a = (struct ahci *)d;
    u32 slot = pci_find_class(CLASS_AHCI, 0xffffff);
    const char *trouble;

    (void)where;
    if ( slot == PCI_SLOTS )
        return "the domain has no AHCI controller";
    a->registers = pci_bar(slot, REGISTERS);
    if ( !a->registers || !pci_msi(slot, VECTOR_DEVICE) )
        return "the AHCI controller has no registers or no MSI";
    mmio_write32(a->registers + GLOBAL_CONTROL, CONTROL_AHCI);
    a->port = find_port(a);
    if ( !a->port )
        return "the AHCI controller has no disk";
    if ( !start_port(a) )
        return "the SATA disk does not become ready";
    trouble = identify(a);
    if ( trouble )
        return trouble;
    d->most = DISK_PAGES * DISK_PAGE_SECTORS;
    disk_set_depth(d, AHCI_SLOTS);
    port_write(a, PORT_STATUS, ~0u);
    mmio_write32(a->registers + INTERRUPT_STATUS, ~0u);
    port_write(a, PORT_INTERRUPTS, PORT_WANTED);
    mmio_write32(a->registers + GLOBAL_CONTROL, CONTROL_AHCI | CONTROL_INTERRUPTS);
    return NULL;
}

/* Serial ATA, 13.6.4: the count is where features were, the tag where the count was. */
static bool put(struct disk *d, u32 id, bool write, u64 sector, u32 sectors, u32 page)
{
    struct ahci *a = (struct ahci *)d;
    u8 *fis = describe(a, id, write ? WRITE_QUEUED : READ_QUEUED, write,
                       disk_buffer() + page * PAGE_SIZE, sectors * DISK_SECTOR);

    fis[3] = (u8)sectors;
    fis[11] = (u8)(sectors >> 8);
    fis[12] = (u8)(id << 3);
    fis[4] = (u8)sector;
    fis[5] = (u8)(sector >> 8);
    fis[6] = (u8)(sector >> 16);
    fis[7] = FIS_LBA;
    fis[8] = (u8)(sector >> 24);
    fis[9] = (u8)(sector >> 32);
    fis[10] = (u8)(sector >> 40);
    d->asked[id] = 1;
    a->put |= 1u << id;
    return true;
}

static void push(struct disk *d)
{
    struct ahci *a = (struct ahci *)d;

    if ( !a->put )
        return;
    a->seen = device_interrupts;
    /* Release: the tables before the bits that say they are there (the writes to
     * device memory keep their own order). */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    port_write(a, SATA_ACTIVE, a->put);
    port_write(a, ISSUE, a->put);
    device.notifications++;
    a->issued |= a->put;
    a->put = 0;
}

static bool was_interrupted(struct disk *d)
{
    return device_interrupts != ((struct ahci *)d)->seen;
}

/* Section 5.5.3: acknowledge, then look which commands are active no more. */
static void look(struct ahci *a)
{
    u32 status = port_read(a, PORT_STATUS);

    port_write(a, PORT_STATUS, status);
    mmio_write32(a->registers + INTERRUPT_STATUS, ~0u);
    if ( status & PORT_ERRORS )
        a->failed = true;
    a->done |= a->issued & ~port_read(a, SATA_ACTIVE);
    a->issued &= ~a->done;
}

static bool wait(struct disk *d, u32 after)
{
    struct ahci *a = (struct ahci *)d;

    (void)after;
    while ( !a->done && !a->failed )
    {
        if ( !disk_halt_until(d, was_interrupted) )
            return false;
        /* Before the look: what is done after it interrupts again. */
        a->seen = device_interrupts;
        look(a);
    }
    return !a->failed;
}

static enum ring_result take(struct disk *d, bool *well)
{
    struct ahci *a = (struct ahci *)d;
    u32 id;

    if ( !a->done )
        return RING_EMPTY;
    id = (u32)__builtin_ctz(a->done);
    a->done &= a->done - 1;
    /* A queued command ends well, or stops the port (section 6.2.2). */
    *well = true;
    disk_end_id(d, id);
    return RING_TAKEN;
}

const struct disk_operations ahci_operations = {
    .connect = connect, .listen = disk_listen_messages, .put = put, .push = push, .wait = wait, .take = take,
};
