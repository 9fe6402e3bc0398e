/*
 * The disk by Xen's blkif ring: what the backend is makes the path.
 */
#include "disk.h"
#include "../drivers/vbd_merge.h"

#define NO_BACKEND "bare mode has no backend to share a ring with"

/* ---- struct disk_operations, compiled into the timed regions ---- */

ALWAYS_INLINE bool put(struct disk *d, u32 id, bool write, u64 sector, u32 sectors, u32 page)
{
    struct vbd *v = (struct vbd *)d;
    u8 operation = write ? BLKIF_OP_WRITE : BLKIF_OP_READ;

    if ( sectors != DISK_PAGE_SECTORS )
        return vbd_put(v, id, operation, sector, sectors, page);
    vbd_put_page(v, id, operation, sector, page);
    return true;
}

ALWAYS_INLINE void push(struct disk *d)
{
    vbd_push((struct vbd *)d);
}

ALWAYS_INLINE bool wait(struct disk *d, u32 after)
{
    return vbd_wait((struct vbd *)d, after);
}

ALWAYS_INLINE enum ring_result take(struct disk *d, bool *well)
{
    return vbd_take((struct vbd *)d, well);
}

static const struct disk_operations blkif = {
    .connect = vbd_connect, .put = put, .push = push, .wait = wait, .take = take,
};

/* The same with grants that the backend does not keep. */
static const struct disk_operations unkept = {
    .connect = vbd_connect_unkept, .put = put, .push = push, .wait = wait, .take = take,
};

static const char *blkif_move(struct disk_path *p, bool write, u64 sector, u32 sectors)
{
    return disk_move(p->disk, &blkif, write, sector, sectors);
}

static const char *blkif_stream(struct disk_path *p, u32 depth)
{
    return disk_stream(p->disk, &blkif, disk_first_block(p->area), depth);
}

/* ---- the paths ---- */

#define BLKIF_PATH(id, operations_, frontend, area_)                                \
    static struct vbd id##_vbd;                                                     \
    static struct disk_path id##_path = {                                           \
        .disk = &id##_vbd.disk, .where = frontend, .area = &disk_areas[area_],      \
        .operations = &operations_, .move = blkif_move, .stream = blkif_stream,     \
    };                                                                              \
    DISK_SETUP(id)

BLKIF_PATH(blkback, blkif, "device/vbd/51712", AREA_LINUX)   /* xvda */
BLKIF_PATH(own, blkif, "device/vbd/51744", AREA_OWN)         /* xvdc */
BLKIF_PATH(qdisk, blkif, "device/vbd/51728", AREA_QDISK)     /* xvdb */
BLKIF_PATH(map, unkept, "device/vbd/51760", AREA_LINUX)      /* xvdd: blkback again */
BLKIF_PATH(copy, unkept, "device/vbd/51776", AREA_COPY)      /* xvde: ours again */

/* ---- the rows ---- */

#define BLKIF_ROW                                                                   \
    .elsewhere = NO_BACKEND, .columns = "xen", .operations = 1,                   \
    .samples = 100, .warmup = 16, .bytes = 4096

#define PATH_ROWS(id, need, name_, path_, peer, row_flags, streams)                 \
    DISK_RUN_READ(id, 4096)                                                         \
    EXPLANATION(block_##id) =                                                       \
        "Puts one read into the blkif ring, notifies, blocks, and takes the answer; the data was written " \
        "before and is compared.  The buffers stay granted, and mapped where the backend keeps persistent " \
        "grants.  Linux's backend sleeps then, and so does QEMU's.  xenometer's own looks into the ring for " \
        "up to 50 us more, in which it gives its CPU to Xen and its event channel stays masked: a request that comes " \
        "then needs no event, no upcall in dom0 and no wake-up.  Where none came, the next ones find it asleep.  " \
        "The other block/ rows do the same work on the same disk by other paths."; \
    ROW(block_##id, .setup = setup_##id, .run = run_##id##_read_4096) = {           \
        .name = "block/" name_,                                                     \
        .work = DISK_READ,                                                          \
        .path = path_ ", depth 1",                                                  \
        .help = "read 4 KiB through " peer ", one at a time",                       \
        .explanation = explanation_block_##id,                                      \
        .needs = need, .flags = row_flags | ROW_DOM0 | ROW_BLOCKS, BLKIF_ROW,       \
    };                                                                              \
    DISK_RUN_WRITE(id, 4096)                                                        \
    EXPLANATION(block_##id##_write) =                                               \
        "As block/" name_ ", but a write; each block is read back and compared outside of the figure."; \
    ROW(block_##id##_write, .setup = setup_##id, .run = run_##id##_write_4096) = {  \
        .name = "block/" name_ "-write",                                            \
        .work = DISK_WRITE,                                                         \
        .path = path_ ", depth 1",                                                  \
        .help = "write 4 KiB through " peer ", one at a time",                      \
        .explanation = explanation_block_##id##_write,                              \
        .needs = need, .flags = ROW_DOM0 | ROW_BLOCKS, BLKIF_ROW,                   \
    };                                                                              \
    STREAM_ROW(id, need, name_, path_, peer, streams / 2, 4);                       \
    STREAM_ROW(id, need, name_, path_, peer, streams, 32)

#define STREAM_ROW(id, need, name_, path_, peer, streams, depth)                    \
    DISK_RUN_STREAM(id, depth)                                                      \
    EXPLANATION(block_##id##_depth_##depth) =                                       \
        "Streams 256 reads of 4 KiB with up to " #depth " open; the figure is per request.  One " \
        "notification serves many requests, and the guest asks to be woken after half of them."; \
    ROW(block_##id##_depth_##depth, .setup = setup_##id##_depth_##depth, .run = run_##id##_depth_##depth) = { \
        .name = "block/" name_ "-depth-" #depth,                                    \
        .work = DISK_READ,                                                          \
        .path = path_ ", up to " #depth " open",                                    \
        .help = "stream 4 KiB reads through " peer ", up to " #depth " open; per request", \
        .explanation = explanation_block_##id##_depth_##depth,                      \
        .elsewhere = NO_BACKEND, .columns = "xen", .needs = need,                 \
        .flags = ROW_DOM0 | ROW_BLOCKS | ROW_BATCHES,                               \
        .operations = DISK_STREAMED, .samples = streams, .warmup = 1, .bytes = 4096, \
    }

PATH_ROWS(blkback, DOMAIN_DISK, "blkif-linux", "blkif ring, Linux's xen-blkback",
          "the blkif ring and Linux's xen-blkback", ROW_HEADLINE, 20);
PATH_ROWS(own, DOMAIN_DISK, "blkif-own", "blkif ring, xenometer's backend",
          "the blkif ring and xenometer's own backend", ROW_HEADLINE, 20);
PATH_ROWS(qdisk, DOMAIN_QDISK, "blkif-qemu", "blkif ring, QEMU's qdisk",
          "the blkif ring and QEMU's backend (qdisk)", 0, 6);

/* ---- grants that are not kept ---- */

#define UNKEPT_ROW(id, name_, path_, peer, kept, what)                              \
    DISK_RUN_READ(id, 4096)                                                         \
    EXPLANATION(block_##id) =                                                       \
        "As " kept ", but the frontend does not offer persistent grants: for each request the backend " \
        what ".  What that costs is the difference.";                               \
    ROW(block_##id, .setup = setup_##id, .run = run_##id##_read_4096) = {           \
        .name = "block/" name_,                                                     \
        .work = DISK_READ,                                                          \
        .path = path_ ", depth 1",                                                  \
        .help = "read 4 KiB through " peer ", one at a time",                       \
        .explanation = explanation_block_##id,                                      \
        .needs = DOMAIN_DISK, .flags = ROW_DOM0 | ROW_BLOCKS, BLKIF_ROW,            \
    };                                                                              \
    STREAM_ROW(id, DOMAIN_DISK, name_, path_, peer, 10, 32)

UNKEPT_ROW(map, "blkif-linux-map", "blkif ring, xen-blkback maps each time",
           "Linux's xen-blkback, grants not kept", "block/blkif-linux",
           "has Xen map the page, and unmap it behind");
UNKEPT_ROW(copy, "blkif-own-copy", "blkif ring, xenometer's backend copies",
           "xenometer's backend, grants not kept", "block/blkif-own",
           "has Xen copy the page from or to one of its own");

/* ---- neighbours in one request ---- */

/* One row runs at a time: of whose disk is `vbd`. */
static struct vbd_merge merge;

ALWAYS_INLINE bool merge_put(struct disk *d, u32 id, bool write, u64 sector, u32 sectors, u32 page)
{
    (void)d, (void)sectors;   /* streams are of pages */
    vbd_merge_put(&merge, id, write ? BLKIF_OP_WRITE : BLKIF_OP_READ, sector, page);
    return true;
}

ALWAYS_INLINE void merge_push(struct disk *d)
{
    (void)d;
    vbd_merge_push(&merge);
}

ALWAYS_INLINE bool merge_wait(struct disk *d, u32 after)
{
    (void)d, (void)after;
    return vbd_merge_wait(&merge);
}

ALWAYS_INLINE enum ring_result merge_take(struct disk *d, bool *well)
{
    (void)d;
    return vbd_merge_take(&merge, well);
}

static const struct disk_operations merging = {
    .put = merge_put, .push = merge_push, .wait = merge_wait, .take = merge_take,
};

static const char *merge_stream(struct disk_path *p, u32 depth)
{
    return disk_stream(p->disk, &merging, disk_first_block(p->area), depth);
}

#define MERGED_ROW(id, name_, path_, peer)                                          \
    static void run_##id##_merged(struct row_run *r)                                \
    {                                                                               \
        struct disk_path path = id##_path;                                          \
                                                                                    \
        path.stream = merge_stream;                                                 \
        vbd_merge_init(&merge, &id##_vbd);                                          \
        disk_read_streamed(r, &path, 32);                                           \
    }                                                                               \
    EXPLANATION(block_##id##_merged) =                                              \
        "As block/" name_ "-depth-32, but neighbours that are put together go as one request of up to 11 " \
        "pages, as a block layer sends them.  Each read has its own buffer and its own end; the figure is " \
        "per read.  What the ring and the backend do per request is shared by up to 11 of them, and the " \
        "copy is not.";                                                             \
    ROW(block_##id##_merged, .setup = setup_##id##_depth_32, .run = run_##id##_merged) = { \
        .name = "block/" name_ "-merged-depth-32",                                  \
        .work = DISK_READ,                                                          \
        .path = path_ ", up to 32 open, merged",                                    \
        .help = "stream 4 KiB reads through " peer ", 32 open, neighbours merged",  \
        .explanation = explanation_block_##id##_merged,                             \
        .elsewhere = NO_BACKEND, .columns = "xen", .needs = DOMAIN_DISK,          \
        .flags = ROW_DOM0 | ROW_BLOCKS | ROW_BATCHES,                               \
        .operations = DISK_STREAMED, .samples = 20, .warmup = 1, .bytes = 4096,     \
    }

MERGED_ROW(blkback, "blkif-linux", "blkif ring, Linux's xen-blkback",
           "the blkif ring and Linux's xen-blkback");
MERGED_ROW(own, "blkif-own", "blkif ring, xenometer's backend",
           "the blkif ring and xenometer's own backend");

/* ---- sweeps ---- */

#define BLKIF_SIZES(need)                                                           \
    .elsewhere = NO_BACKEND, .columns = "xen", .needs = need,                     \
    .flags = ROW_DOM0 | ROW_BLOCKS

DISK_SIZE_ROWS(blkback, "block/blkif-linux", "blkif ring, Linux's xen-blkback, depth 1", 40, 20, "",
               BLKIF_SIZES(DOMAIN_DISK));
DISK_SIZE_ROWS(own, "block/blkif-own", "blkif ring, xenometer's backend, depth 1", 40, 20, "",
               BLKIF_SIZES(DOMAIN_DISK));
DISK_SIZE_ROWS(qdisk, "block/blkif-qemu", "blkif ring, QEMU's qdisk, depth 1", 20, 10, "",
               BLKIF_SIZES(DOMAIN_QDISK));

#define MORE_DEPTHS(id, name_, path_, peer)                                         \
    STREAM_ROW(id, DOMAIN_DISK, name_, path_, peer, 5, 2);                          \
    STREAM_ROW(id, DOMAIN_DISK, name_, path_, peer, 8, 8);                          \
    STREAM_ROW(id, DOMAIN_DISK, name_, path_, peer, 8, 16);                         \
    STREAM_ROW(id, DOMAIN_DISK, name_, path_, peer, 8, 64)

MORE_DEPTHS(blkback, "blkif-linux", "blkif ring, Linux's xen-blkback",
            "the blkif ring and Linux's xen-blkback");
MORE_DEPTHS(own, "blkif-own", "blkif ring, xenometer's backend",
            "the blkif ring and xenometer's own backend");

/* ---- what is neither read nor written ---- */

/* One request of another kind and its answer. */
static const char *finish(struct vbd *v, bool put)
{
    bool well = false;

    if ( !put )
        return DISK_FULL;
    vbd_push(v);
    if ( !vbd_wait(v, 1) || vbd_take(v, &well) != RING_TAKEN )
        return DISK_BROKEN(&v->disk);
    return well ? NULL : DISK_ERROR;
}

/* Each flush has a written block to make durable. */
static void flush_each(struct row_run *r, struct disk_path *p)
{
    struct vbd *v = (struct vbd *)p->disk;

    FOR_EACH_SAMPLE(r, i)
    {
        const char *trouble = disk_write_again(p, i % DISK_PAGES);

        if ( !trouble )
            sample_keep(r, i, TIMED(trouble = finish(v, vbd_put_flush(v, disk_new_id(&v->disk)))));
        r->failure = trouble;
    }
}

/* Each block is written again afterwards: what it reads as, the backend may choose. */
static void discard_each(struct row_run *r, struct disk_path *p)
{
    struct vbd *v = (struct vbd *)p->disk;

    FOR_EACH_SAMPLE(r, i)
    {
        u32 b = i % DISK_PAGES;
        u64 sector = (u64)(disk_first_block(p->area) + b) * DISK_PAGE_SECTORS;
        const char *trouble;

        sample_keep(r, i, TIMED(trouble = finish(v, vbd_put_discard(v, disk_new_id(&v->disk),
                                                                    sector, DISK_PAGE_SECTORS))));
        r->failure = trouble ? trouble : disk_write_again(p, b);
    }
}

/* Does the backend do it at all? */
static const char *try_flush(struct vbd *v)
{
    if ( !v->flush )
        return "the backend does not offer it (feature-flush-cache)";
    return finish(v, vbd_put_flush(v, disk_new_id(&v->disk)));
}

static const char *try_discard(struct vbd *v)
{
    if ( !v->discard )
        return "the backend does not offer it (feature-discard)";
    /* Of a block that no row uses. */
    return finish(v, vbd_put_discard(v, disk_new_id(&v->disk),
                                     AREAS * DISK_PAGES * DISK_PAGE_SECTORS, DISK_PAGE_SECTORS))
           ? "the backend offers it, and the disk behind it cannot" : NULL;
}

#define OTHER_ROW(id, name_, path_, operation, work_, text)                         \
    static const char *setup_##id##_##operation(struct row_run *r)                  \
    {                                                                               \
        const char *trouble = setup_##id(r);                                        \
                                                                                    \
        return trouble ? trouble : try_##operation(&id##_vbd);                      \
    }                                                                               \
    static void run_##id##_##operation(struct row_run *r)                           \
    {                                                                               \
        operation##_each(r, &id##_path);                                            \
    }                                                                               \
    EXPLANATION(block_##id##_##operation) = text;                                   \
    ROW(block_##id##_##operation,                                                   \
        .setup = setup_##id##_##operation, .run = run_##id##_##operation) = {       \
        .name = "block/" name_ "-" #operation, .work = work_, .path = path_,        \
        .help = work_ ", by " path_,                                                \
        .explanation = explanation_block_##id##_##operation,                        \
        .elsewhere = NO_BACKEND, .columns = "xen", .needs = DOMAIN_DISK,          \
        .flags = ROW_DOM0 | ROW_BLOCKS, .operations = 1, .samples = 40, .warmup = 4, \
    }

#define OTHER_ROWS(id, name_, path_)                                                \
    OTHER_ROW(id, name_, path_, flush, "make a disk's writes durable",              \
        "A block is written before each sample; the figure is the flush that makes it durable, by " \
        "the same ring.  Behind it is a RAM disk, whose own part is next to nothing: what is left is the " \
        "way there and back.");                                     \
    OTHER_ROW(id, name_, path_, discard, "discard 4 KiB of a disk",                 \
        "Tells the disk that a block is no longer needed, by the same ring; the block is written again and " \
        "not looked at in between.  A skip where what stands behind the backend cannot.")

OTHER_ROWS(blkback, "blkif-linux", "blkif ring, Linux's xen-blkback");
OTHER_ROWS(own, "blkif-own", "blkif ring, xenometer's backend");
