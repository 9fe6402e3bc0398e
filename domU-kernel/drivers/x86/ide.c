#include "ide.h"
#include "../device.h"
#include "ioapic.h"
#include "lapic.h"
#include "pci.h"
#include "../../arch/cpu.h"
#include "../../arch/memory.h"

/* ATA/ATAPI-6, 7: registers of the primary channel. */
#define DATA       0x1f0u
#define COUNT      0x1f2u
#define LBA_LOW    0x1f3u
#define LBA_MIDDLE 0x1f4u
#define LBA_HIGH   0x1f5u
#define DRIVE      0x1f6u   /* and LBA bits 24 to 27 */
#define COMMAND    0x1f7u   /* read: status, and the interrupt is acknowledged */
#define CONTROL    0x3f6u
#define IRQ        14u      /* pin of the I/O APIC */

#define DRIVE_LBA  0xe0u    /* drive 0, addressed by sector number */

enum { STATUS_ERROR = 0x01, STATUS_DRQ = 0x08, STATUS_FAULT = 0x20, STATUS_BUSY = 0x80 };

/* ATA/ATAPI-6, 8.  28-bit sector numbers: at most 128 GiB, 256 sectors a command. */
enum {
    READ_SECTORS = 0x20, WRITE_SECTORS = 0x30, READ_DMA = 0xc8, WRITE_DMA = 0xca,
    IDENTIFY_DEVICE = 0xec,
};
#define LBA28_SECTORS (1u << 28)
#define MOST_SECTORS  256u

/* Bus Master IDE 1.0, 2.1 to 2.3: ports from the base on, and their bits. */
enum { BM_COMMAND = 0, BM_STATUS = 2, BM_TABLE = 4 };
enum { BM_START = 0x01, BM_TO_MEMORY = 0x08 };
enum { BM_ACTIVE = 0x01, BM_ERROR = 0x02, BM_INTERRUPT = 0x04 };
#define REGION_END   (1ul << 63)      /* 1.2: the last physical region */
#define REGION_BYTES 0x10000u         /* none crosses a multiple of that */

#define CLASS_IDE       0x010100u     /* its programming interfaces vary */
#define CLASS_IDE_MASK  0xffff00u
#define BM_BAR          4u
#define PIIX_TIMING     0x40u         /* PIIX3: IDETIM, primary in the lower half */
#define PIIX_DECODE     0x8000u

static void read_words(u8 *to, u32 count)
{
    __asm__ volatile ("rep insw" : "+D"(to), "+c"(count) : "d"((u16)DATA) : "memory");
}

static void write_words(const u8 *from, u32 count)
{
    __asm__ volatile ("rep outsw" : "+S"(from), "+c"(count) : "d"((u16)DATA) : "memory");
}

static u8 wait_while_busy(void)
{
    u8 status;

    while ( (status = port_in8(COMMAND)) & STATUS_BUSY )
        cpu_relax();
    return status;
}

static bool is_well(u8 status)
{
    return !(status & (STATUS_ERROR | STATUS_FAULT));
}

static void command(u8 code, u64 sector, u32 sectors)
{
    port_out8(DRIVE, DRIVE_LBA | (u8)(sector >> 24));
    wait_while_busy();
    port_out8(COUNT, (u8)sectors);           /* 256 is 0 */
    port_out8(LBA_LOW, (u8)sector);
    port_out8(LBA_MIDDLE, (u8)(sector >> 8));
    port_out8(LBA_HIGH, (u8)(sector >> 16));
    port_out8(COMMAND, code);
    device.notifications++;
}

static bool was_interrupted(struct disk *d)
{
    return device_interrupts != ((struct ide *)d)->seen;
}

static void listen(struct disk *d)
{
    (void)d;
    lapic_device = NULL;   /* it is an edge, there is no line to let go of */
    lapic_enable();
    ioapic_route(IRQ, VECTOR_DEVICE);
    /* An interrupt that is pending has had its edge: none would follow. */
    port_in8(COMMAND);
}

COLD static const char *connect(struct disk *d, const char *where)
{
    u64 *page = pages_alloc(1);
    const u16 *identity = (const u16 *)page;
    u32 slot = pci_find_class(CLASS_IDE, CLASS_IDE_MASK);
    struct ide *ide = (struct ide *)d;

    (void)where;
    if ( slot == PCI_SLOTS )
        return "the domain has no IDE controller";
    ide->descriptors = page;
    ide->bus_master = (u16)pci_bar(slot, BM_BAR);
    if ( !ide->bus_master )
        return "the IDE controller is no bus master";
    pci_write32(slot, PIIX_TIMING, pci_function_read32(slot, PIIX_TIMING) | PIIX_DECODE);
    port_out8(DRIVE, DRIVE_LBA);
    /* No drive: nothing drives the bus, or QEMU's zero. */
    if ( port_in8(COMMAND) == 0xff || !port_in8(COMMAND) )
        return "the IDE controller has no disk";
    port_out8(CONTROL, 0);                   /* its interrupts are wanted */
    command(IDENTIFY_DEVICE, 0, 0);
    if ( !(wait_while_busy() & STATUS_DRQ) )
        return "the IDE disk does not identify itself";
    read_words((u8 *)page, DISK_SECTOR / 2);
    d->sectors = identity[60] | (u32)identity[61] << 16;   /* table 27 */
    d->most = MOST_SECTORS;
    disk_set_depth(d, 1);
    return NULL;
}

static bool put(struct disk *d, u32 id, bool write, u64 sector, u32 sectors, u32 page)
{
    struct ide *ide = (struct ide *)d;

    if ( sector + sectors > LBA28_SECTORS )
        return false;
    ide->id = id;
    ide->write = write;
    ide->sector = sector;
    ide->sectors = sectors;
    ide->data = disk_buffer() + page * PAGE_SIZE;
    ide->done = false;
    d->asked[id] = 1;
    return true;
}

static enum ring_result take(struct disk *d, bool *well)
{
    struct ide *ide = (struct ide *)d;

    if ( !ide->done )
        return RING_EMPTY;
    ide->done = false;
    *well = ide->well;
    disk_end_id(d, ide->id);
    return RING_TAKEN;
}

/* ---- programmed transfers (ATA/ATAPI-6, 9.5 and 9.6) ---- */

/* One sector through the data register, if the disk asks for it. */
static bool move_sector(struct ide *ide, u8 status)
{
    if ( !is_well(status) || !(status & STATUS_DRQ) )
        return false;
    if ( ide->write )
        write_words(ide->data, DISK_SECTOR / 2);
    else
        read_words(ide->data, DISK_SECTOR / 2);
    ide->data += DISK_SECTOR;
    ide->sectors--;
    return true;
}

static void pio_push(struct disk *d)
{
    struct ide *ide = (struct ide *)d;

    ide->seen = device_interrupts;
    command(ide->write ? WRITE_SECTORS : READ_SECTORS, ide->sector, ide->sectors);
    ide->well = true;
    /* The first sector of a write is asked for without an interrupt. */
    if ( ide->write )
        ide->well = move_sector(ide, wait_while_busy());
}

/* An interrupt when a sector is there to be read, or was written. */
static bool pio_wait(struct disk *d, u32 after)
{
    struct ide *ide = (struct ide *)d;
    bool last;

    (void)after;
    if ( ide->done )
        return true;
    do {
        u8 status;

        last = ide->sectors == (ide->write ? 0 : 1);
        if ( !disk_halt_until(d, was_interrupted) )
            return false;
        /* Before the sector is moved: then the disk makes the next one ready. */
        ide->seen = device_interrupts;
        status = port_in8(COMMAND);
        if ( ide->write && last )
            ide->well &= is_well(status);
        else
            ide->well &= move_sector(ide, status);
    } while ( !last && ide->well );
    ide->done = true;
    return true;
}

const struct disk_operations ide_pio_operations = {
    .connect = connect, .listen = listen, .put = put, .push = pio_push, .wait = pio_wait,
    .take = take,
};

/* ---- bus master (Bus Master IDE 1.0, 3.1) ---- */

static void describe(struct ide *ide)
{
    u64 at = (u64)ide->data, bytes = ide->sectors * DISK_SECTOR;
    u32 i = 0;

    while ( bytes )
    {
        u64 n = REGION_BYTES - at % REGION_BYTES;

        if ( n > bytes )
            n = bytes;
        /* 64 KiB are 0. */
        ide->descriptors[i++] = at | (n & (REGION_BYTES - 1)) << 32;
        at += n;
        bytes -= n;
    }
    ide->descriptors[i - 1] |= REGION_END;
}

static void dma_push(struct disk *d)
{
    struct ide *ide = (struct ide *)d;
    u8 direction = ide->write ? 0 : BM_TO_MEMORY;

    describe(ide);
    ide->seen = device_interrupts;
    port_out32(ide->bus_master + BM_TABLE, (u32)(u64)ide->descriptors);
    port_out8(ide->bus_master + BM_COMMAND, direction);
    port_out8(ide->bus_master + BM_STATUS, BM_ERROR | BM_INTERRUPT);   /* both cleared */
    command(ide->write ? WRITE_DMA : READ_DMA, ide->sector, ide->sectors);
    port_out8(ide->bus_master + BM_COMMAND, direction | BM_START);
}

static bool dma_wait(struct disk *d, u32 after)
{
    struct ide *ide = (struct ide *)d;
    u8 master;

    (void)after;
    if ( ide->done )
        return true;
    if ( !disk_halt_until(d, was_interrupted) )
        return false;
    master = port_in8(ide->bus_master + BM_STATUS);
    port_out8(ide->bus_master + BM_COMMAND, 0);
    ide->well = is_well(port_in8(COMMAND)) && !(master & (BM_ERROR | BM_ACTIVE));
    ide->done = true;
    return master & BM_INTERRUPT;
}

const struct disk_operations ide_dma_operations = {
    .connect = connect, .listen = listen, .put = put, .push = dma_push, .wait = dma_wait,
    .take = take,
};
