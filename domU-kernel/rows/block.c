/*
 * The same disk by every path: what a 4 KiB read or write costs, one at a time
 * and streamed.  All paths reach one backing disk in dom0, and every byte read is
 * compared with what was written.
 */
#include "../arch/memory.h"
#include "../drivers/vbd.h"
#include "../harness/row.h"
#include "../lib/string.h"

#define NO_BACKEND "bare mode has no backend to share a ring with"

#define BUFFERS    VBD_MAX_REQUESTS     /* pages; as much of the disk is used */
#define PAGE_WORDS (PAGE_SIZE / sizeof(u64))
#define PER_PAGE   ((u8)(PAGE_SIZE / VBD_SECTOR))

static u8 *buffers;                      /* granted to the backends' domain */
static grant_ref buffer_ref[BUFFERS];

static u64 *buffer(u32 i)
{
    return (u64 *)(buffers + i * PAGE_SIZE);
}

/* What stands in word `j` of block `b` (4 KiB each) of the disk. */
static u64 pattern(u32 b, u32 j)
{
    return ((u64)b << 32 | j) * 0x9e3779b97f4a7c15ul;   /* 2^64 / golden ratio */
}

static void fill(u32 i, u32 b)
{
    for ( u32 j = 0; j < PAGE_WORDS; j++ )
        buffer(i)[j] = pattern(b, j);
}

static bool holds(u32 i, u32 b)
{
    for ( u32 j = 0; j < PAGE_WORDS; j++ )
        if ( buffer(i)[j] != pattern(b, j) )
            return false;
    return true;
}

/* One request and its answer; NULL or what went wrong. */
static const char *request_one(struct vbd *v, u8 operation, u32 b)
{
    u32 id;
    int status;

    if ( !vbd_put(v, operation, 0, (u64)b * PER_PAGE, buffer_ref[0], 0, PER_PAGE - 1) )
        return "the disk's ring is full at depth 1";
    vbd_push(v);
    if ( !vbd_wait(v, 1) || vbd_take(v, &id, &status) != RING_TAKEN )
        return "the backend broke the disk's ring";
    return status == BLKIF_RSP_OKAY ? NULL : "the backend reported an error";
}

/* ---- the paths ---- */

struct path {
    const char *frontend;
    bool tried;
    const char *trouble;     /* why it cannot be used */
    struct vbd vbd;
};

static struct path blkback_path = { .frontend = "device/vbd/51712" };   /* xvda */
static struct path own_path = { .frontend = "device/vbd/51744" };       /* xvdc */

static const char *connect(struct path *p)
{
    if ( !p->tried )
    {
        p->tried = true;
        p->trouble = vbd_connect(&p->vbd, p->frontend, 0);
    }
    if ( p->trouble )
        return p->trouble;
    if ( !buffers )
    {
        buffers = pages_alloc(BUFFERS);
        for ( u32 i = 0; i < BUFFERS; i++ )
            buffer_ref[i] = grant_page(p->vbd.bus.backend_id, buffer(i), false);
    }
    return p->vbd.sectors < BUFFERS * PER_PAGE ? "the disk is smaller than 256 KiB" : NULL;
}

/* Connected, and the pattern on the disk. */
static const char *prepare(struct path *p)
{
    const char *trouble = connect(p);

    if ( !trouble && p->vbd.readonly )
        return "the disk is read-only, and the row writes what it then reads";
    for ( u32 b = 0; b < BUFFERS && !trouble; b++ )
    {
        fill(0, b);
        trouble = request_one(&p->vbd, BLKIF_OP_WRITE, b);
    }
    return trouble;
}

/* ---- what is measured ---- */

static void read_each(struct row_run *r, struct path *p)
{
    FOR_EACH_SAMPLE(r, i)
    {
        const char *trouble;
        u32 b = i % BUFFERS;

        memset(buffers, 0, PAGE_SIZE);
        sample_keep(r, i, TIMED(trouble = request_one(&p->vbd, BLKIF_OP_READ, b)));
        r->failure = trouble;
        if ( !trouble && !holds(0, b) )
            r->failure = "a block was read otherwise than it was written";
    }
}

static void write_each(struct row_run *r, struct path *p)
{
    FOR_EACH_SAMPLE(r, i)
    {
        const char *trouble;
        u32 b = i % BUFFERS;

        fill(0, b);
        sample_keep(r, i, TIMED(trouble = request_one(&p->vbd, BLKIF_OP_WRITE, b)));
        r->failure = trouble;
        if ( trouble )
            break;
        memset(buffers, 0, PAGE_SIZE);
        trouble = request_one(&p->vbd, BLKIF_OP_READ, b);
        r->failure = !trouble && !holds(0, b) ? "a block was not written as it was given" : trouble;
    }
}

#define STREAMED 256u   /* requests in one sample */

/* Requests open at the moment, by their ids; answers may come in any order. */
struct stream {
    u32 free[VBD_MAX_REQUESTS], frees;
    u32 block[VBD_MAX_REQUESTS];   /* what id reads into its buffer */
};

/*
 * STREAMED reads with at most `depth` open.  As in ring.c, half of them are left
 * unanswered before we ask to be woken.
 */
static const char *stream(struct vbd *v, struct stream *s, u32 depth)
{
    u32 sent = 0, answered = 0, half = depth > 1 ? depth / 2 : 1;
    enum ring_result t;

    while ( answered < STREAMED )
    {
        u32 id;
        int status;

        while ( sent < STREAMED && sent - answered < depth )
        {
            id = s->free[--s->frees];
            s->block[id] = sent % BUFFERS;
            if ( !vbd_put(v, BLKIF_OP_READ, id, (u64)(sent % BUFFERS) * PER_PAGE,
                          buffer_ref[id], 0, PER_PAGE - 1) )
                return "the disk's ring is full below its depth";
            sent++;
        }
        vbd_push(v);
        if ( !vbd_wait(v, sent - answered > half ? half : sent - answered) )
            return "the backend broke the disk's ring";
        while ( (t = vbd_take(v, &id, &status)) == RING_TAKEN )
        {
            if ( status != BLKIF_RSP_OKAY )
                return "the backend reported an error";
            s->free[s->frees++] = id;
            answered++;
        }
        if ( t == RING_BROKEN )
            return "the backend broke the disk's ring";
    }
    return NULL;
}

static void read_streamed(struct row_run *r, struct path *p, u32 depth)
{
    struct stream s = { .frees = depth };

    for ( u32 i = 0; i < depth; i++ )
        s.free[i] = i;
    FOR_EACH_SAMPLE(r, i)
    {
        const char *trouble;

        memset(buffers, 0, depth * PAGE_SIZE);
        sample_keep(r, i, TIMED(trouble = stream(&p->vbd, &s, depth)));
        r->failure = trouble;
        for ( u32 k = 0; k < depth && !r->failure; k++ )
            if ( !holds(k, s.block[k]) )
                r->failure = "a block was read otherwise than it was written";
    }
}

/* ---- the rows ---- */

#define PATH_ROWS(id, name_, path_, peer, row_flags)                                  \
    static const char *setup_##id(struct row_run *r)                                \
    {                                                                               \
        (void)r;                                                                    \
        return prepare(&id##_path);                                                 \
    }                                                                               \
    static void run_read_##id(struct row_run *r) { read_each(r, &id##_path); }      \
    EXPLANATION(block_##id) = \
        "Puts one read into the blkif ring, notifies, blocks, and takes the answer; the data was written " \
        "before and is compared.  The buffers stay granted, and mapped where the backend keeps persistent " \
        "grants.  The other block/ rows do the same work on the same disk by other paths."; \
    ROW(block_##id, .setup = setup_##id, .run = run_read_##id) = {                  \
        .name = "block/" name_,                                                     \
        .work = "read 4 KiB from a disk",                                           \
        .path = path_ ", depth 1",                                                  \
        .help = "read 4 KiB through " peer ", one at a time",                       \
        .explanation = explanation_block_##id,                                      \
        .elsewhere = NO_BACKEND,                                                    \
        .modes = MODES_XEN, .needs = DOMAIN_DISK,                                   \
        .flags = row_flags | ROW_DOM0 | ROW_BLOCKS,                                 \
        .operations = 1, .samples = 100, .warmup = 16,                              \
    };                                                                              \
    static void run_write_##id(struct row_run *r) { write_each(r, &id##_path); }    \
    EXPLANATION(block_##id##_write) = \
        "As block/" name_ ", but a write; each block is read back and compared outside of the figure."; \
    ROW(block_##id##_write, .setup = setup_##id, .run = run_write_##id) = {         \
        .name = "block/" name_ "-write",                                            \
        .work = "write 4 KiB to a disk",                                            \
        .path = path_ ", depth 1",                                                  \
        .help = "write 4 KiB through " peer ", one at a time",                      \
        .explanation = explanation_block_##id##_write,                              \
        .elsewhere = NO_BACKEND,                                                    \
        .modes = MODES_XEN, .needs = DOMAIN_DISK, .flags = ROW_DOM0 | ROW_BLOCKS,   \
        .operations = 1, .samples = 100, .warmup = 16,                              \
    };                                                                              \
    STREAM_ROW(id, name_, path_, peer, 4);                                          \
    STREAM_ROW(id, name_, path_, peer, 32)

#define STREAM_ROW(id, name_, path_, peer, depth)                                     \
    static void run_##id##_##depth(struct row_run *r)                               \
    {                                                                               \
        read_streamed(r, &id##_path, depth);                                        \
    }                                                                               \
    EXPLANATION(block_##id##_depth_##depth) = \
        "Streams 256 reads of 4 KiB with up to " #depth " open; the figure is per request.  One " \
        "notification serves many requests, and the guest asks to be woken after half of them."; \
    ROW(block_##id##_depth_##depth, .setup = setup_##id, .run = run_##id##_##depth) = { \
        .name = "block/" name_ "-depth-" #depth,                                    \
        .work = "read 4 KiB from a disk",                                           \
        .path = path_ ", up to " #depth " open",                                    \
        .help = "stream 4 KiB reads through " peer ", up to " #depth " open; per request", \
        .explanation = explanation_block_##id##_depth_##depth,                      \
        .elsewhere = NO_BACKEND,                                                    \
        .modes = MODES_XEN, .needs = DOMAIN_DISK, .flags = ROW_DOM0 | ROW_BLOCKS,   \
        .operations = STREAMED, .samples = 20, .warmup = 2,                         \
    }

PATH_ROWS(blkback, "blkif-linux", "blkif ring, Linux's xen-blkback",
          "the blkif ring and Linux's xen-blkback", 0);
PATH_ROWS(own, "blkif-own", "blkif ring, xenometer's backend",
          "the blkif ring and xenometer's own backend", 0);
