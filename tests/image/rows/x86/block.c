/*
 * A million requests to a disk (fewer by IDE), each written block with a sequence number
 * and a checksum: rows of build/xenometer-test.elf, asserted by tests/lab/test_long.c.
 * A sample is a round: all blocks written, then all read.
 */
#include "../../../../domU-kernel/arch/memory.h"
#include "../../../../domU-kernel/drivers/x86/ahci.h"
#include "../../../../domU-kernel/drivers/x86/ide.h"
#include "../../../../domU-kernel/drivers/x86/nvme.h"
#include "../../../../domU-kernel/drivers/x86/virtio_blk.h"
#include "../../../../domU-kernel/harness/row.h"
#include "../blkif.h"

#define ROUNDS  250u
#define ROUNDS_IDE 20u   /* one at a time, and 700,000 instructions each: minutes of it */
#define BLOCKS  2000u    /* of 4 KiB; each is written and read in each round */
#define ROUND   (2 * BLOCKS)   /* requests */
#define DEPTH   32u
#define WORDS   (PAGE_SIZE / sizeof(u64))

_Static_assert(ROUNDS * ROUND == 1000000, "as many as the row says");

/* The page of the shared buffer that a request with this number uses. */
static u64 *buffer(u32 id)
{
    return (u64 *)(disk_buffer() + id * PAGE_SIZE);
}

/* FNV-1a, a word at a time. */
static u64 checksum(const u64 *words)
{
    u64 sum = 0xcbf29ce484222325ul;

    for ( u32 i = 0; i < WORDS - 1; i++ )
        sum = (sum ^ words[i]) * 0x100000001b3ul;
    return sum;
}

/* The block as the request with this number writes it. */
static void fill(u64 *words, u32 block, u64 sequence)
{
    words[0] = sequence;
    words[1] = block;
    for ( u32 i = 2; i < WORDS - 1; i++ )
        words[i] = (sequence << 10 | i) * 0x9e3779b97f4a7c15ul;   /* 2^64 / golden ratio */
    words[WORDS - 1] = checksum(words);
}

static bool holds(const u64 *words, u32 block, u64 sequence)
{
    return words[0] == sequence && words[1] == block && words[WORDS - 1] == checksum(words);
}

/*
 * Write all blocks, or read and check them; `first` is the number of the write of
 * block 0.  Answers come in any order; drivers refuse one that nobody waits for, so none
 * is taken twice.
 */
static const char *phase(struct disk *d, const struct disk_operations *o, bool write, u64 first)
{
    u32 block[DISK_MAX_DEPTH], sent = 0, answered = 0;
    u32 depth = d->depth < DEPTH ? d->depth : DEPTH;
    enum ring_result t;
    bool well;

    while ( answered < BLOCKS )
    {
        while ( sent < BLOCKS && sent - answered < depth )
        {
            u32 id = disk_new_id(d);

            block[id] = sent;
            if ( write )
                fill(buffer(id), sent, first + sent);
            else
                buffer(id)[0] = ~0ul;
            if ( !o->put(d, id, write, (u64)sent * DISK_PAGE_SECTORS, DISK_PAGE_SECTORS, id) )
                return "the disk takes no request below its depth";
            sent++;
        }
        o->push(d);
        if ( !o->wait(d, (sent - answered + 1) / 2) )   /* half of what is open */
            return "the disk broke";
        while ( (t = o->take(d, &well)) == RING_TAKEN )
        {
            u32 id = d->free[d->frees - 1];   /* disk_end_id() */

            if ( !well )
                return "the disk reported an error";
            if ( !write && !holds(buffer(id), block[id], first + block[id]) )
                return "a block is not the one that was written last, or damaged";
            answered++;
        }
        if ( t == RING_BROKEN )
            return "the disk answered what was not asked, or twice";
    }
    return d->frees == d->depth ? NULL : "a request has no answer";
}

static void million(struct row_run *r, struct disk *d, const struct disk_operations *o)
{
    FOR_EACH_SAMPLE(r, i)
    {
        u64 first = (u64)i * BLOCKS + 1;
        const char *trouble;

        sample_keep(r, i, TIMED({
            trouble = phase(d, o, true, first);
            if ( !trouble )
                trouble = phase(d, o, false, first);
        }));
        r->failure = trouble;
    }
}

static const char *setup(struct disk *d, const struct disk_operations *o, const char *where)
{
    const char *trouble = o->connect(d, where);

    if ( trouble )
        return trouble;
    if ( o->listen )
        o->listen(d);
    return d->sectors < BLOCKS * DISK_PAGE_SECTORS ? "the disk is too small" : NULL;
}

/* ---- the paths ---- */

#define MILLION_ROW(id, type, operations_, where, what, rounds, ...)              \
    static struct type id##_disk;                                                 \
    static const char *setup_##id(struct row_run *r)                              \
    {                                                                             \
        (void)r;                                                                  \
        return setup(&id##_disk.disk, &operations_, where);                       \
    }                                                                             \
    static void run_##id(struct row_run *r)                                       \
    {                                                                             \
        million(r, &id##_disk.disk, &operations_);                                \
    }                                                                             \
    ROW(million_##id, .setup = setup_##id, .run = run_##id) = {                   \
        .work = "write and read blocks",                                          \
        .path = what, .help = what ", very many requests",                      \
        .explanation = what, .elsewhere = "this mode has no such disk",           \
        .operations = ROUND, .samples = rounds, __VA_ARGS__                       \
    }

#define ON_BLKIF    .columns = "xen", .needs = DOMAIN_DISK
#define ON_EMULATED .columns = "hvm", .needs = DOMAIN_CONTROLLERS
MILLION_ROW(blkback, vbd, blkif_operations, "device/vbd/51712", "Linux's xen-blkback", ROUNDS,
            .name = "million/blkif-linux", ON_BLKIF);
MILLION_ROW(own, vbd, blkif_operations, "device/vbd/51744", "xenometer's own backend", ROUNDS,
            .name = "million/blkif-own", ON_BLKIF);
MILLION_ROW(qdisk, vbd, blkif_operations, "device/vbd/51728", "QEMU's qdisk", ROUNDS,
            .name = "million/blkif-qemu", .columns = "xen", .needs = DOMAIN_QDISK);
MILLION_ROW(virtio, virtio_blk, virtio_blk_operations, NULL, "QEMU's virtio-blk", ROUNDS,
            .name = "million/virtio", ON_EMULATED);
MILLION_ROW(nvme, nvme, nvme_operations, NULL, "QEMU's NVMe disk", ROUNDS,
            .name = "million/nvme", ON_EMULATED);
MILLION_ROW(ahci, ahci, ahci_operations, NULL, "QEMU's AHCI disk", ROUNDS,
            .name = "million/ahci", ON_EMULATED);
MILLION_ROW(ide, ide, ide_dma_operations, NULL, "QEMU's IDE disk, by DMA", ROUNDS_IDE,
            .name = "million/ide-dma", ON_EMULATED);
