/*
 * Process 1 of a Linux domU whose disk `xenometer disk` serves, while dom0 does what it likes to
 * backend and domain (tests/lab/linux/blocks-run).  WRITERS processes write and read their parts of
 * the disk, one request of a block at a time, past the page cache.  A block has the number of the
 * round in which it was written, and a checksum: before it is written again it must be there as it
 * was written last.  Says how far it is, and PASS or FAIL: on the console.
 *
 * A disk that another domain left in the middle is taken up: of a part, the first blocks are of one
 * round and the others of the round before, and none is older than what that one had said
 * (acked=ROUNDS, of each part, on the kernel's command line).
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "process1.h"

#define WRITERS 16u
#define BLOCKS  64u      /* of each */
#define BYTES   4096u
#define WORDS   (BYTES / sizeof(uint64_t))
#define REPORT  20000u   /* requests */

/* What the processes share. */
struct state {
    uint64_t requests;
    uint32_t rounds[WRITERS];
    uint32_t ended;
    uint64_t target;
};
static struct state *state;

/* FNV-1a, a word at a time. */
static uint64_t checksum(const uint64_t *words)
{
    uint64_t sum = 0xcbf29ce484222325ul;

    for ( unsigned i = 0; i < WORDS - 1; i++ )
        sum = (sum ^ words[i]) * 0x100000001b3ul;
    return sum;
}

static void fill(uint64_t *words, unsigned block, uint64_t round)
{
    words[0] = round;
    words[1] = block;
    for ( unsigned i = 2; i < WORDS - 1; i++ )
        words[i] = (round << 20 | block << 9 | i) * 0x9e3779b97f4a7c15ul;
    words[WORDS - 1] = checksum(words);
}

static void transfer(int disk, bool write, uint64_t *words, unsigned block)
{
    off_t at = (off_t)block * BYTES;
    ssize_t n = write ? pwrite(disk, words, BYTES, at) : pread(disk, words, BYTES, at);

    must(n == BYTES);
    __atomic_add_fetch(&state->requests, 1, __ATOMIC_RELAXED);
}

/* The round that a block is of; 0: it was never written. */
static uint64_t round_of(int disk, uint64_t *words, unsigned block)
{
    memset(words, 0xff, BYTES);
    transfer(disk, false, words, block);
    if ( !words[0] )
        return 0;
    if ( words[1] != block || words[WORDS - 1] != checksum(words) )
        end("FAIL: block %u is damaged: round %lu, block %lu", block, words[0], words[1]);
    return words[0];
}

static void work(unsigned writer, uint64_t acked)
{
    unsigned first = writer * BLOCKS;
    uint64_t *words = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int disk = open("/dev/xvdb", O_RDWR | O_DIRECT);
    uint64_t newest, before;

    must(disk >= 0 && words != MAP_FAILED);
    newest = before = round_of(disk, words, first);
    for ( unsigned i = 1; i < BLOCKS; i++ )
    {
        uint64_t round = round_of(disk, words, first + i);

        if ( round != before && (round + 1 != newest || before != newest) )
            end("FAIL: block %u is of round %lu, behind one of round %lu", first + i, round, before);
        before = round;
    }
    if ( before < acked )
        end("FAIL: part %u is of round %lu, and was told to be of %lu", writer, before, acked);
    /* The round that was broken off is written once more. */
    while ( __atomic_load_n(&state->requests, __ATOMIC_RELAXED) < state->target )
    {
        for ( unsigned i = 0; i < BLOCKS; i++ )
        {
            uint64_t round = round_of(disk, words, first + i);

            if ( round != before && round != newest )
                end("FAIL: block %u is of round %lu, and was written last in %lu", first + i, round, before);
            fill(words, first + i, newest + 1);
            transfer(disk, true, words, first + i);
        }
        before = ++newest;
        __atomic_store_n(&state->rounds[writer], (uint32_t)newest, __ATOMIC_RELAXED);
    }
    for ( unsigned i = 0; i < BLOCKS; i++ )
        must(round_of(disk, words, first + i) == newest);
    __atomic_add_fetch(&state->ended, 1, __ATOMIC_RELAXED);
}

/* A number of the command line. */
static uint64_t option(const char *line, const char *name)
{
    const char *at = strstr(line, name);

    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void report(uint64_t requests)
{
    uint32_t least = UINT32_MAX;

    for ( unsigned i = 0; i < WRITERS; i++ )
        least = state->rounds[i] < least ? state->rounds[i] : least;
    printf("at %lu requests, round %u\n", requests, least);
}

int main(void)
{
    char line[512] = "";
    uint64_t said = 0, acked;
    int fd;

    setvbuf(stdout, NULL, _IOLBF, 0);
    must(!mount("proc", "/proc", "proc", 0, NULL) && !mount("dev", "/dev", "devtmpfs", 0, NULL));
    fd = open("/proc/cmdline", O_RDONLY);
    must(fd >= 0 && read(fd, line, sizeof(line) - 1) > 0);
    fd = open("/xen-blkfront.ko", O_RDONLY);
    must(fd >= 0 && !syscall(SYS_finit_module, fd, "", 0));
    for ( unsigned i = 0; i < 600 && access("/dev/xvdb", R_OK); i++ )
        nap(100);
    state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(state != MAP_FAILED);
    state->target = option(line, "requests=");
    acked = option(line, "acked=");
    for ( unsigned i = 0; i < WRITERS; i++ )
        if ( !fork() )
        {
            work(i, acked);
            _exit(0);
        }
    while ( __atomic_load_n(&state->ended, __ATOMIC_RELAXED) < WRITERS )
    {
        uint64_t now = __atomic_load_n(&state->requests, __ATOMIC_RELAXED);

        if ( now / REPORT != said / REPORT )
            report(said = now);
        nap(20);
    }
    end("PASS: %lu requests, none lost, doubled or damaged", state->requests);
}
