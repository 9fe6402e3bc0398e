/*
 * The same disk by every path: what the block rows have in common.  What is
 * measured, and that every byte read is the one that was written.
 *
 * Each domain writes a megabyte of its backing disk before it first reads of it, and
 * each block has a generation that goes into its pattern: a write that does nothing
 * leaves another one's.
 */
#ifndef ROWS_DISK_H
#define ROWS_DISK_H

#include "../drivers/disk.h"
#include "../harness/row.h"

/*
 * A megabyte of the backing disk, as 4 KiB blocks.  Paths whose caches in dom0 are not
 * coherent with one another have one each.
 */
struct disk_area {
    bool written;
    u16 generation[DISK_PAGES];   /* of each block's pattern */
};

enum { AREA_LINUX, AREA_OWN, AREA_COPY, AREA_QDISK, AREA_QEMU, AREAS };
extern struct disk_area disk_areas[AREAS];   /* in this order on the disk */

/* The first block of an area. */
static inline u32 disk_first_block(const struct disk_area *a)
{
    return (u32)(a - disk_areas) * DISK_PAGES;
}

struct disk_path {
    struct disk *disk;
    const char *where;       /* for operations->connect() */
    struct disk_area *area;
    const struct disk_operations *operations;
    /* The two timed operations, below, with the operations compiled in or not. */
    const char *(*move)(struct disk_path *, bool write, u64 sector, u32 sectors);
    const char *(*stream)(struct disk_path *, u32 depth);
    bool tried;
    const char *trouble;     /* why it cannot be used */
};

#define DISK_STREAMED 256u   /* requests in one sample of a stream */

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#define DISK_FULL   "the disk takes no request below its depth"
#define DISK_BROKEN(d) ((d)->trouble ? (d)->trouble : "the disk answers what nobody asked, or not at all")
#define DISK_ERROR  "the disk reported an error"
#define DISK_SHALLOW "the disk does not take as many requests at a time"

/* A request failed: take the answers of the `open` others, so that the next row's are its
 * own.  DISK_ERROR, or what went wrong then. */
const char *disk_settle(struct disk *, const struct disk_operations *, u32 open);

/*
 * Read or write, sleeping until it is done: one request, or as many as the path needs
 * for that much, open together.  NULL or what went wrong.
 */
ALWAYS_INLINE const char *disk_move(struct disk *d, const struct disk_operations *o,
                                    bool write, u64 sector, u32 sectors)
{
    u32 page = 0, open = 0;

    while ( sectors || open )
    {
        enum ring_result t;
        bool well;

        while ( sectors && open < d->depth )
        {
            u32 n = sectors < d->most ? sectors : d->most;

            if ( !o->put(d, disk_new_id(d), write, sector, n, page) )
                return DISK_FULL;
            sector += n;
            sectors -= n;
            page += n / DISK_PAGE_SECTORS;
            open++;
        }
        o->push(d);
        if ( !o->wait(d, open) )
            return DISK_BROKEN(d);
        while ( (t = o->take(d, &well)) == RING_TAKEN )
        {
            open--;
            if ( !well )
                return disk_settle(d, o, open);
        }
        if ( t == RING_BROKEN )
            return DISK_BROKEN(d);
    }
    return NULL;
}

/*
 * DISK_STREAMED reads of 4 KiB, each to a page of its own, with at most `depth`
 * open.  As in ring.c, half of them are left unanswered before we ask to be woken.
 */
ALWAYS_INLINE const char *disk_stream(struct disk *d, const struct disk_operations *o,
                                      u32 block, u32 depth)
{
    u32 sent = 0, answered = 0, half = depth > 1 ? depth / 2 : 1;
    u64 sector = (u64)block * DISK_PAGE_SECTORS;

    _Static_assert(DISK_STREAMED <= DISK_PAGES, "a page for each request");
    while ( answered < DISK_STREAMED )
    {
        u32 until = answered + depth < DISK_STREAMED ? answered + depth : DISK_STREAMED;
        enum ring_result t;
        bool well;

        for ( ; sent < until; sent++, sector += DISK_PAGE_SECTORS )
            if ( !o->put(d, disk_new_id(d), false, sector, DISK_PAGE_SECTORS, sent) )
                return DISK_FULL;
        o->push(d);
        if ( !o->wait(d, sent - answered > half ? half : sent - answered) )
            return DISK_BROKEN(d);
        while ( (t = o->take(d, &well)) == RING_TAKEN )
        {
            answered++;
            if ( !well )
                return disk_settle(d, o, sent - answered);
        }
        if ( t == RING_BROKEN )
            return DISK_BROKEN(d);
    }
    return NULL;
}

/* The same by the path's operations, for those where a call more does not matter. */
const char *disk_path_move(struct disk_path *, bool write, u64 sector, u32 sectors);
const char *disk_path_stream(struct disk_path *, u32 depth);

/*
 * A row's set-up: connected, its interrupts on, and the pattern on the disk.  NULL, or
 * why the row cannot run; a disk that is there and cannot be written is its failure.
 */
const char *disk_prepare(struct row_run *, struct disk_path *);

/* Write the area's block `b` anew.  NULL or what went wrong. */
const char *disk_write_again(struct disk_path *, u32 b);

/* ---- the rows' runs ---- */

/* Read, or write, `bytes` each time: at most DISK_PAGES pages, below one of them a part. */
void disk_read_each(struct row_run *, struct disk_path *, u32 bytes);
void disk_write_each(struct row_run *, struct disk_path *, u32 bytes);
void disk_read_streamed(struct row_run *, struct disk_path *, u32 depth);

#define DISK_READ  "read 4 KiB from a disk"
#define DISK_WRITE "write 4 KiB to a disk"

/* What all rows of one path share: set-ups and runs are named after `id`. */
#define DISK_SETUP(id)                                                              \
    static const char *setup_##id(struct row_run *r)                                \
    {                                                                               \
        return disk_prepare(r, &id##_path);                                         \
    }
#define DISK_RUN_READ(id, bytes)                                                    \
    static void run_##id##_read_##bytes(struct row_run *r)                          \
    {                                                                               \
        disk_read_each(r, &id##_path, bytes);                                       \
    }
#define DISK_RUN_WRITE(id, bytes)                                                   \
    static void run_##id##_write_##bytes(struct row_run *r)                         \
    {                                                                               \
        disk_write_each(r, &id##_path, bytes);                                      \
    }
#define DISK_RUN_STREAM(id, number)                                                  \
    static const char *setup_##id##_depth_##number(struct row_run *r)                \
    {                                                                               \
        const char *trouble = setup_##id(r);                                        \
                                                                                    \
        return trouble || id##_path.disk->depth >= number ? trouble : DISK_SHALLOW;  \
    }                                                                               \
    static void run_##id##_depth_##number(struct row_run *r)                         \
    {                                                                               \
        disk_read_streamed(r, &id##_path, number);                                   \
    }

/*
 * Reads of one size through one path; `name_` is the row that reads 4 KiB.  The rest is
 * the descriptor's modes, needs, flags and what else differs.
 */
#define DISK_SIZE_ROW(id, name_, path_, bytes_, size, text, number, more, ...)      \
    DISK_RUN_READ(id, bytes_)                                                       \
    EXPLANATION(block_##id##_##bytes_) =                                            \
        "As " name_ ", but " text " at a time: as many requests as the path needs for it, open together " \
        "where it has a queue.  The pages are granted, named one by one or as a list, or filled word by " \
        "word: what a request costs and what a byte does are told apart by the sizes." more; \
    ROW(block_##id##_##bytes_, .setup = setup_##id, .run = run_##id##_read_##bytes_) = { \
        .name = name_ "-size-" size, .work = "read " text " from a disk",           \
        .path = path_,                                                              \
        .help = "read " text " where " name_ " reads 4 KiB",                        \
        .explanation = explanation_block_##id##_##bytes_,                           \
        .operations = 1, .samples = number, .warmup = 2, .bytes = bytes_,           \
        __VA_ARGS__                                                                 \
    }
/* All of them: `small` samples up to 64 KiB, `large` above; `largest` is what the
 * explanation of 1 MiB says more. */
#define DISK_SIZE_ROWS(id, name_, path_, small, large, largest, ...)                \
    DISK_SIZE_ROW(id, name_, path_, 512, "512", "512 bytes", small, "", __VA_ARGS__); \
    DISK_SIZE_ROW(id, name_, path_, 16384, "16k", "16 KiB", small, "", __VA_ARGS__); \
    DISK_SIZE_ROW(id, name_, path_, 65536, "64k", "64 KiB", small, "", __VA_ARGS__); \
    DISK_SIZE_ROW(id, name_, path_, 262144, "256k", "256 KiB", large, "", __VA_ARGS__); \
    DISK_SIZE_ROW(id, name_, path_, 1048576, "1m", "1 MiB", large, largest, __VA_ARGS__)

/* For devices that take a megabyte as one piece of memory: hw/i386/xen/xen-mapcache.c. */
#define CROSSES_A_BUCKET \
    "  QEMU keeps the guest's memory mapped in buckets of 1 MiB.  What crosses the end of one is mapped " \
    "by itself for each request, 512 pages, and unmapped behind: most of the figure."

/* Rows of what QEMU emulates. */
#define EMULATED_ROW_(more) \
    .elsewhere = "only HVM and QEMU's pc under KVM have a device model that emulates disks",                 \
    .columns = "hvm kvmpc", .needs = DOMAIN_CONTROLLERS, .flags = ROW_DOM0 | ROW_BLOCKS | (more)
#define EMULATED_SIZES EMULATED_ROW_(0)
#define EMULATED_ROW   EMULATED_ROW_(0), .bytes = 4096
#define EMULATED_HEADLINE EMULATED_ROW_(ROW_HEADLINE), .bytes = 4096
#define EMULATED_STREAM_ROW \
    EMULATED_ROW_(ROW_BATCHES), .bytes = 4096, .operations = DISK_STREAMED, .samples = 4, .warmup = 1

#endif
