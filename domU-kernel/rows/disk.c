#include "disk.h"
#include "../arch/memory.h"

#define PAGE_WORDS (PAGE_SIZE / sizeof(u64))

struct disk_area disk_areas[AREAS];

/* ---- the pattern ---- */

/* Words of a block (the area's `b`th) in page `i` of the buffer. */
static u64 *page_words(u32 i)
{
    return (u64 *)(disk_buffer() + i * PAGE_SIZE);
}

/* What stands in the first word of it; the next ones are `STEP` on. */
#define STEP 0x9e3779b97f4a7c15ul   /* 2^64 / golden ratio */

static u64 pattern(const struct disk_area *a, u32 b)
{
    return ((u64)a->generation[b] << 48 | (u64)(disk_first_block(a) + b) << 16 | 1) * STEP;
}

/* `bytes` of the block: a whole one, or its beginning. */
static void fill(const struct disk_area *a, u32 i, u32 b, u32 bytes)
{
    u64 word = pattern(a, b);

    for ( u32 j = 0; j < bytes / sizeof(u64); j++, word += STEP )
        page_words(i)[j] = word;
}

static bool holds(const struct disk_area *a, u32 i, u32 b, u32 bytes)
{
    u64 word = pattern(a, b);

    for ( u32 j = 0; j < bytes / sizeof(u64); j++, word += STEP )
        if ( page_words(i)[j] != word )
            return false;
    return true;
}

static u32 least(u32 a, u32 b)
{
    return a < b ? a : b;
}

/* The buffer, from its beginning, holds `bytes` of the disk from block `b` on. */
static bool buffer_holds(const struct disk_area *a, u32 b, u32 bytes)
{
    for ( u32 i = 0; bytes; i++ )
    {
        u32 n = least(bytes, PAGE_SIZE);

        if ( !holds(a, i, b + i, n) )
            return false;
        bytes -= n;
    }
    return true;
}

static void buffer_fill(const struct disk_area *a, u32 b, u32 bytes)
{
    for ( u32 i = 0; bytes; i++ )
    {
        u32 n = least(bytes, PAGE_SIZE);

        fill(a, i, b + i, n);
        bytes -= n;
    }
}

/* A read that leaves a sector out of the buffer's first `bytes` will leave it wrong. */
static void spoil(u32 bytes)
{
    for ( u32 at = 0; at < bytes; at += DISK_SECTOR )
        *(u64 *)(disk_buffer() + at) = 0;
}

/* ---- paths ---- */

COLD const char *disk_settle(struct disk *d, const struct disk_operations *o, u32 open)
{
    enum ring_result t = RING_EMPTY;
    bool well;

    while ( open && t != RING_BROKEN && o->wait(d, open) )
        while ( open && (t = o->take(d, &well)) == RING_TAKEN )
            open--;
    return open ? DISK_BROKEN(d) : DISK_ERROR;
}

const char *disk_path_move(struct disk_path *p, bool write, u64 sector, u32 sectors)
{
    return disk_move(p->disk, p->operations, write, sector, sectors);
}

const char *disk_path_stream(struct disk_path *p, u32 depth)
{
    return disk_stream(p->disk, p->operations, disk_first_block(p->area), depth);
}

static u64 sector_of(const struct disk_path *p, u32 b)
{
    return (u64)(disk_first_block(p->area) + b) * DISK_PAGE_SECTORS;
}

/* Blocks.  The area takes more than 64 requests: a QEMU takes used coroutines again only when
 * it has so many, and maps a stack for each request before (43,000 instructions). */
#define WRITTEN_AT_ONCE 2u

COLD const char *disk_prepare(struct row_run *r, struct disk_path *p)
{
    if ( !p->tried )
    {
        p->tried = true;
        p->trouble = p->operations->connect(p->disk, p->where);
    }
    /* One that is there and does wrong is a failure, not the lack of one. */
    r->failure = p->disk->trouble;
    if ( p->trouble || r->failure )
        return r->failure ? NULL : p->trouble;
    if ( p->disk->sectors < sector_of(p, DISK_PAGES) )
        return "the disk is too small: 5 MiB are used of it";
    if ( p->disk->readonly )
        return "the disk is read-only, and the row writes what it then reads";
    if ( p->operations->listen )
        p->operations->listen(p->disk);
    for ( u32 b = 0; b < DISK_PAGES && !p->area->written && !r->failure; b += WRITTEN_AT_ONCE )
    {
        buffer_fill(p->area, b, WRITTEN_AT_ONCE * PAGE_SIZE);
        r->failure = p->move(p, true, sector_of(p, b), WRITTEN_AT_ONCE * DISK_PAGE_SECTORS);
    }
    p->area->written = !r->failure;
    return NULL;
}

const char *disk_write_again(struct disk_path *p, u32 b)
{
    p->area->generation[b]++;
    buffer_fill(p->area, b, PAGE_SIZE);
    return p->move(p, true, sector_of(p, b), DISK_PAGE_SECTORS);
}

/* ---- what is measured ---- */

#define READ_WRONG  "a block was read otherwise than it was written"
#define WRITE_WRONG "a block was not written as it was given"

/* The blocks of sample `i`: another one each time, as long as it fits. */
static u32 block_of(u32 i, u32 bytes)
{
    u32 blocks = (bytes + PAGE_SIZE - 1) / PAGE_SIZE;

    return i * blocks % (DISK_PAGES - blocks + 1);
}

void disk_read_each(struct row_run *r, struct disk_path *p, u32 bytes)
{
    FOR_EACH_SAMPLE(r, i)
    {
        const char *trouble;
        u32 b = block_of(i, bytes);
        u64 sector = sector_of(p, b);

        spoil(bytes);
        sample_keep(r, i, TIMED(trouble = p->move(p, false, sector, bytes / DISK_SECTOR)));
        r->failure = trouble;
        if ( !trouble && !buffer_holds(p->area, b, bytes) )
            r->failure = READ_WRONG;
    }
}

void disk_write_each(struct row_run *r, struct disk_path *p, u32 bytes)
{
    FOR_EACH_SAMPLE(r, i)
    {
        const char *trouble;
        u32 b = block_of(i, bytes);
        u64 sector = sector_of(p, b);

        for ( u32 k = 0; k < bytes / PAGE_SIZE; k++ )
            p->area->generation[b + k]++;
        buffer_fill(p->area, b, bytes);
        sample_keep(r, i, TIMED(trouble = p->move(p, true, sector, bytes / DISK_SECTOR)));
        r->failure = trouble;
        if ( trouble )
            break;
        spoil(bytes);
        trouble = p->move(p, false, sector, bytes / DISK_SECTOR);
        r->failure = !trouble && !buffer_holds(p->area, b, bytes) ? WRITE_WRONG : trouble;
    }
}

void disk_read_streamed(struct row_run *r, struct disk_path *p, u32 depth)
{
    FOR_EACH_SAMPLE(r, i)
    {
        const char *trouble;

        spoil(DISK_STREAMED * PAGE_SIZE);
        sample_keep(r, i, TIMED(trouble = p->stream(p, depth)));
        r->failure = trouble;
        if ( !trouble && !buffer_holds(p->area, 0, DISK_STREAMED * PAGE_SIZE) )
            r->failure = READ_WRONG;
    }
}
