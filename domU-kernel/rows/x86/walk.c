/*
 * Reading memory: what translation costs by how much is read, and where.
 *
 * Each row chases pointers: elements linked into one cycle of random order, each
 * read depending on the one before, so neither the CPU nor its prefetcher can run
 * ahead.  The tables in between are the guest's own 4 KiB (or 2 MiB) ones in every
 * mode; below those of PVH and HVM lies Xen's second table.
 */
#include "../../arch/memory.h"
#include "../../arch/window.h"
#include "../../harness/row.h"

#define READS 256u   /* in one sample, in line: one instruction each */

#define CLOCK_NOTE \
    "The instruction clock sees one instruction per read, whatever it misses: the row speaks in cycles."

/* 2^bits elements; element x stands at base + (x << shift) + 8 (x & spread). */
static struct chase {
    u64 base;
    u32 bits, shift, spread;
} chase;

static u64 *element(u64 x)
{
    return (u64 *)(chase.base + (x << chase.shift) + ((x & chase.spread) << 3));
}

/* Its own inverse: folds the good upper bits of a number into the poor lower. */
static u64 mix(u64 x)
{
    return x ^ (x >> ((chase.bits + 1) / 2));
}

/*
 * The element after x: a linear congruential generator whose period is all of
 * its 2^bits numbers (Knuth vol. 2, 3.2.1.2, theorem A: the increment odd, the
 * multiplier 1 modulo 4), so the cycle is one and visits every element.
 */
static u64 after(u64 x)
{
    return mix((mix(x) * 6364136223846793005ul + 1442695040888963407ul) &
               ((1ul << chase.bits) - 1));
}

COLD static void link_elements(void)
{
    for ( u64 x = 0; x < 1ul << chase.bits; x++ )
        *element(x) = (u64)element(after(x));
}

/*
 * Each element leads where it should, and the reads came where as many steps without
 * memory come.  Looked at in the order of memory: a chase through 256 MiB takes seconds.
 */
static bool chased(const struct row_run *r, const u64 *at)
{
    u64 end = 0;

    for ( u64 x = 0; x < 1ul << chase.bits; x++ )
        if ( *element(x) != (u64)element(after(x)) )
            return false;
    for ( u64 i = (u64)(r->warmup + r->count) * READS; i; i-- )
        end = after(end);
    return at == element(end);
}

static void run_chase(struct row_run *r)
{
    u64 *at = element(0);

    SAMPLES(r, __asm__ volatile (".rept %c1\n\tmovq (%0), %0\n\t.endr"
                                 : "+r"(at) : "i"(READS)));
    if ( !chased(r, at) )
        r->error = "the chase does not follow its elements";
}

#define CHASE \
    .work = "read memory", .operations = READS, .samples = 500, .warmup = 16

/* ---- few or many translations, the same little data ---- */

#define WALKED_PAGES 16u           /* 64 KiB: the data stays in a near cache */
#define FAR_BITS   13u           /* 8,192 pages: more than any TLB so far */
#define PER_PAGE   (PAGE_SIZE / sizeof(u64))

static u8 *data;

COLD static const char *setup_hit(struct row_run *r)
{
    (void)r;
    data = pages_alloc(1);
    chase = (struct chase){ .base = (u64)data, .bits = 9, .shift = 3 };
    link_elements();
    return NULL;
}

COLD static void teardown_hit(struct row_run *r)
{
    (void)r;
    pages_free(data, 1);
}

EXPLANATION(memory_tlb_hit) =
    "A pointer chase through the 512 words of one page: translation and data are in the "
    "nearest caches, and the figure is a load's latency.  The floor of the group.  " CLOCK_NOTE;
ROW(memory_tlb_hit, .setup = setup_hit, .run = run_chase, .teardown = teardown_hit) = {
    .name = "memory/tlb-hit",
    .path = "512 words of one page",
    .help = "read a word whose translation the TLB has",
    .explanation = explanation_memory_tlb_hit,
    .columns = "image", CHASE,
};

static u64 data_frame(u32 i)
{
    return page_frame(data + i / PER_PAGE * PAGE_SIZE);
}

COLD static const char *setup_miss_4k(struct row_run *r)
{
    const char *reason;

    (void)r;
    data = pages_alloc(WALKED_PAGES);
    reason = window_map(1u << FAR_BITS, false, data_frame);
    if ( reason )
    {
        pages_free(data, WALKED_PAGES);
        return reason;
    }
    chase = (struct chase){
        .base = WINDOW, .bits = FAR_BITS, .shift = PAGE_SHIFT, .spread = PER_PAGE - 1,
    };
    link_elements();
    return NULL;
}

COLD static void teardown_miss_4k(struct row_run *r)
{
    (void)r;
    window_unmap();
    pages_free(data, WALKED_PAGES);
}

EXPLANATION(memory_tlb_miss_4k) =
    "One read in each of 8,192 pages, more than a TLB holds, in random order.  All map the same 64 KiB, so "
    "the data is cached, and the difference to memory/tlb-hit is the page walk: up to 4 "
    "table reads in PV and bare, up to 24 in PVH and HVM, where each of the guest's tables is itself "
    "translated by Xen's.  " CLOCK_NOTE;
ROW(memory_tlb_miss_4k, .setup = setup_miss_4k, .run = run_chase, .teardown = teardown_miss_4k) = {
    .name = "memory/tlb-miss-4k",
    .path = "8,192 pages of 4 KiB onto 64 KiB",
    .help = "read a word whose translation no TLB has, 4 KiB pages",
    .explanation = explanation_memory_tlb_miss_4k,
    .columns = "image", CHASE,
};

#define LARGE_FRAMES (u32)(LARGE_PAGE / PAGE_SIZE)

static u64 large_start;

static u64 large_frame(u32 i)
{
    (void)i;
    return large_start;
}

COLD static const char *setup_miss_2m(struct row_run *r)
{
    const char *reason;
    u64 spare = memory_spare(2 * LARGE_FRAMES);

    (void)r;
    if ( !spare )
        return "the domain has too little memory";
    large_start = (spare + LARGE_FRAMES - 1) & ~(u64)(LARGE_FRAMES - 1);
    reason = window_map(1u << FAR_BITS, true, large_frame);
    chase = (struct chase){
        .base = WINDOW, .bits = FAR_BITS, .shift = 21, .spread = (1u << FAR_BITS) - 1,
    };
    if ( !reason )
        link_elements();
    return reason;
}

COLD static void teardown_window(struct row_run *r)
{
    (void)r;
    window_unmap();
}

EXPLANATION(memory_tlb_miss_2m) =
    "As memory/tlb-miss-4k with large pages: the walk is one level shorter, in both tables where "
    "Xen has contiguous memory below.  The difference is what large pages save, which PV "
    "does not have.  " CLOCK_NOTE;
ROW(memory_tlb_miss_2m, .setup = setup_miss_2m, .run = run_chase, .teardown = teardown_window) = {
    .name = "memory/tlb-miss-2m",
    .path = "8,192 pages of 2 MiB onto 64 KiB",
    .help = "read a word whose translation no TLB has, 2 MiB pages",
    .explanation = explanation_memory_tlb_miss_2m,
    .elsewhere = "Xen lets a PV guest map pages of 4 KiB only",
    .columns = "hardware", CHASE,
};

/* ---- more and more data ---- */

#define LINE_SHIFT 6u   /* one element per cache line */

static u64 spare_frame(u32 i)
{
    return memory_frame(memory_spare(1) + i);
}

COLD static const char *setup_walk(u32 bits)
{
    const char *reason;
    u32 pages = 1u << (bits - PAGE_SHIFT);

    if ( !memory_spare(pages) )
        return "the domain has too little memory";
    reason = window_map(pages, false, spare_frame);
    chase = (struct chase){ .base = WINDOW, .bits = bits - LINE_SHIFT, .shift = LINE_SHIFT };
    if ( !reason )
        link_elements();
    return reason;
}

#define WALK(mib, log2, domain_needs)                                                       \
    static const char *setup_walk_##mib(struct row_run *r)                                  \
    {                                                                                       \
        (void)r;                                                                            \
        return setup_walk(log2);                                                            \
    }                                                                                       \
    EXPLANATION(memory_random_walk_##mib) = \
        "A pointer chase over the cache lines of " #mib " MiB in 4 KiB pages: cache misses and page walks " \
        "together, as a program's data meets them.  What PVH and HVM spend more than PV and bare for " \
        "the same size is the second dimension of the walk, and it grows with the size: compare 1, 16 " \
        "and 256 MiB.  " CLOCK_NOTE; \
    ROW(memory_random_walk_##mib,                                                           \
        .setup = setup_walk_##mib, .run = run_chase, .teardown = teardown_window) = {       \
        .name = "memory/random-walk-" #mib "mib",                                           \
        .path = "each line of " #mib " MiB",                                                \
        .help = "read the cache lines of " #mib " MiB in random order",                     \
        .explanation = explanation_memory_random_walk_##mib,                                \
        .columns = "image", CHASE, .needs = domain_needs,                                   \
    }

WALK(1, 20, 0);
WALK(16, 24, 0);
WALK(256, 28, DOMAIN_LARGE);
