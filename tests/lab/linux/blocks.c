/*
 * Process 1 of a Linux domU whose disk `xenometer disk` serves, while dom0 does what it likes to
 * backend and domain (tests/lab/linux/blocks-run).  The disk has PARTS parts of BLOCKS blocks, each
 * written and read in order, a request of a block at a time and past the page cache; of all parts
 * at once, so that as many requests are under way.  A block is one to eight sectors long, by its
 * part, and has its number, that of the round in which it was written, and a checksum: before it
 * is written again it must be there as it was written last.  Says how far it is, and PASS or FAIL:
 * on the console.
 *
 * A disk that another domain left in the middle is taken up: of a part, the first blocks are of one
 * round and the others of the round before, and none is older than what that one had said
 * (acked=ROUNDS, of each part, on the kernel's command line).
 */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "process1.h"

#define PARTS   32u      /* a ring of one page has as many slots */
#define BLOCKS  64u      /* of each */
#define PLACE   4096u    /* of a block on the disk */
#define REPORT  20000u   /* requests */

/* What a part's request was for. */
enum phase { LOOK, READ, WRITE, CHECK, DONE };

struct part {
    uint64_t *words;         /* a page: the block under way */
    enum phase phase;
    unsigned block;          /* of the disk: that one */
    uint64_t newest;         /* the round in which its blocks are written … */
    uint64_t before;         /* … and that of those which are not yet */
    struct iocb request;
};
static struct part parts[PARTS];

static int disk;
static uint64_t requests, target, acked;

static unsigned bytes_of(unsigned block)
{
    return 512u << block / BLOCKS % 4;
}

/* FNV-1a, a word at a time, of all but the last. */
static uint64_t checksum(const uint64_t *words, unsigned count)
{
    uint64_t sum = 0xcbf29ce484222325ul;

    for ( unsigned i = 0; i < count - 1; i++ )
        sum = (sum ^ words[i]) * 0x100000001b3ul;
    return sum;
}

static void fill(uint64_t *words, unsigned block, uint64_t round)
{
    unsigned count = bytes_of(block) / sizeof(*words);

    words[0] = round;
    words[1] = block;
    for ( unsigned i = 2; i < count - 1; i++ )
        words[i] = (round << 20 | block << 9 | i) * 0x9e3779b97f4a7c15ul;
    words[count - 1] = checksum(words, count);
}

/* The round that a block which was read is of; 0: it was never written. */
static uint64_t round_of(const uint64_t *words, unsigned block)
{
    unsigned count = bytes_of(block) / sizeof(*words);

    if ( !words[0] )
        return 0;
    if ( words[1] != block || words[count - 1] != checksum(words, count) )
        end("FAIL: block %u is damaged: round %lu, block %lu", block, words[0], words[1]);
    return words[0];
}

/* The part's request, as its phase says; it is submitted with the others. */
static struct iocb *asked(struct part *p)
{
    bool write = p->phase == WRITE;

    if ( write )
        fill(p->words, p->block, p->newest + 1);
    else
        memset(p->words, 0xff, bytes_of(p->block));
    p->request = (struct iocb){
        .aio_data = (uint64_t)(p - parts),
        .aio_lio_opcode = write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
        .aio_fildes = (uint32_t)disk,
        .aio_buf = (uint64_t)p->words,
        .aio_nbytes = bytes_of(p->block),
        .aio_offset = (int64_t)p->block * PLACE,
    };
    return &p->request;
}

/* To the next block; true: it was the part's last, and the next is its first. */
static bool next_block(struct part *p)
{
    unsigned first = (unsigned)(p - parts) * BLOCKS;

    p->block = p->block + 1 < first + BLOCKS ? p->block + 1 : first;
    return p->block == first;
}

/* What another domain left: `round` is the block's. */
static void looked(struct part *p, uint64_t round)
{
    if ( p->block % BLOCKS == 0 )
        p->newest = p->before = round;
    if ( round != p->before && (round + 1 != p->newest || p->before != p->newest) )
        end("FAIL: block %u is of round %lu, behind one of round %lu", p->block, round, p->before);
    p->before = round;
    if ( !next_block(p) )
        return;
    if ( p->before < acked )
        end("FAIL: the part before block %u is of round %lu, and was told to be of %lu", p->block + BLOCKS,
            p->before, acked);
    /* The round that was broken off is written once more. */
    p->phase = READ;
}

/* Its request has ended well. */
static void ended(struct part *p)
{
    uint64_t round = p->phase == WRITE ? 0 : round_of(p->words, p->block);

    switch ( p->phase )
    {
    case LOOK:
        looked(p, round);
        break;
    case READ:
        if ( round != p->before && round != p->newest )
            end("FAIL: block %u is of round %lu, and was written last in %lu", p->block, round, p->before);
        p->phase = WRITE;
        break;
    case WRITE:
        p->phase = READ;
        if ( !next_block(p) )
            break;
        p->before = ++p->newest;
        if ( requests >= target )
            p->phase = CHECK;
        break;
    case CHECK:
        if ( round != p->newest )
            end("FAIL: block %u is of round %lu, and was written last in %lu", p->block, round, p->newest);
        if ( next_block(p) )
            p->phase = DONE;
        break;
    case DONE:
        end("FAIL: block %u was answered twice", p->block);
    }
}

static void report(void)
{
    uint64_t least = UINT64_MAX;

    for ( unsigned i = 0; i < PARTS; i++ )
        least = parts[i].before < least ? parts[i].before : least;
    printf("at %lu requests, round %lu\n", requests, least);
}

/* The requests of all parts, until each is done. */
static void serve_parts(void)
{
    struct iocb *next[PARTS];
    struct io_event events[PARTS];
    aio_context_t context = 0;
    long count = PARTS, open = 0;
    uint64_t said = 0;

    must(!syscall(SYS_io_setup, PARTS, &context));
    for ( unsigned i = 0; i < PARTS; i++ )
        next[i] = asked(&parts[i]);
    for ( ;; )
    {
        must(!count || syscall(SYS_io_submit, context, count, next) == count);
        open += count;
        if ( !open )
            return;
        /* Half of them, so that neither end is woken for each. */
        long n = syscall(SYS_io_getevents, context, (open + 1) / 2, PARTS, events, NULL);

        must(n > 0);
        count = 0;
        for ( long i = 0; i < n; i++ )
        {
            struct part *p = &parts[events[i].data];

            must(events[i].res == bytes_of(p->block));
            ended(p);
            if ( p->phase != DONE )
                next[count++] = asked(p);
        }
        open -= n;
        requests += (uint64_t)n;
        if ( requests / REPORT != said / REPORT )
            report();
        said = requests;
    }
}

/* A number of the command line. */
static uint64_t option(const char *line, const char *name)
{
    const char *at = strstr(line, name);

    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

int main(void)
{
    char line[512] = "", *pages;
    int fd;

    setvbuf(stdout, NULL, _IOLBF, 0);
    must(!mount("proc", "/proc", "proc", 0, NULL) && !mount("dev", "/dev", "devtmpfs", 0, NULL));
    fd = open("/proc/cmdline", O_RDONLY);
    must(fd >= 0 && read(fd, line, sizeof(line) - 1) > 0);
    target = option(line, "requests=");
    acked = option(line, "acked=");
    fd = open("/xen-blkfront.ko", O_RDONLY);
    must(fd >= 0 && !syscall(SYS_finit_module, fd, "", 0));
    for ( unsigned i = 0; i < 600 && access("/dev/xvdb", R_OK); i++ )
        nap(100);
    disk = open("/dev/xvdb", O_RDWR | O_DIRECT);
    pages = mmap(NULL, PARTS * PLACE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(disk >= 0 && pages != MAP_FAILED);
    for ( unsigned i = 0; i < PARTS; i++ )
        parts[i] = (struct part){ .words = (uint64_t *)(pages + i * PLACE), .block = i * BLOCKS };
    serve_parts();
    end("PASS: %lu requests, none lost, doubled or damaged", requests);
}
