/*
 * In the Linux domU: what a read of 4 KiB costs through its block layer and blkfront, in
 * ticks of the time stamp counter, as the rows block/blkif-* have it through ours.
 *
 *     bench /dev/xvda        prints "xvda depth 1: N" and "xvda depth 32: N", per request
 *
 * Direct I/O: pread(2) one at a time, and io_submit(2) with at most 32 open, which goes on
 * when half of them are answered.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#define BLOCK    4096u
#define BLOCKS   64u     /* of the disk that are read */
#define SINGLE   100u    /* samples at depth 1 */
#define STREAMS  20u     /* samples at depth 32, of STREAMED requests each */
#define STREAMED 256u
#define DEPTH    32u

static uint8_t buffer[DEPTH][BLOCK] __attribute__((aligned(4096)));
static int disk;

static void need(int holds, const char *what)
{
    if ( holds )
        return;
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static uint64_t median(uint64_t *ticks, unsigned count)
{
    qsort(ticks, count, sizeof(*ticks), by_size);
    return ticks[count / 2];
}

static off_t block(unsigned i)
{
    return (off_t)(i % BLOCKS) * BLOCK;
}

static uint64_t single(void)
{
    uint64_t ticks[SINGLE];

    for ( unsigned i = 0; i < SINGLE; i++ )
    {
        uint64_t begin = __rdtsc();

        need(pread(disk, buffer[0], BLOCK, block(i)) == BLOCK, "pread");
        ticks[i] = __rdtsc() - begin;
    }
    return median(ticks, SINGLE);
}

static uint64_t stream(aio_context_t context)
{
    struct iocb request[DEPTH], *list[DEPTH];
    struct io_event event[DEPTH];
    unsigned sent = 0, answered = 0, frees = DEPTH, freed[DEPTH];
    uint64_t begin = __rdtsc();

    for ( unsigned i = 0; i < DEPTH; i++ )
        freed[i] = i;
    while ( answered < STREAMED )
    {
        long count = 0, open;

        for ( ; sent < STREAMED && frees; sent++, count++ )
        {
            unsigned id = freed[--frees];

            request[id] = (struct iocb){
                .aio_data = id, .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = (uint32_t)disk,
                .aio_buf = (uintptr_t)buffer[id], .aio_nbytes = BLOCK, .aio_offset = block(sent),
            };
            list[count] = &request[id];
        }
        if ( count )
            need(syscall(SYS_io_submit, context, count, list) == count, "io_submit");
        open = (long)(sent - answered);
        count = syscall(SYS_io_getevents, context, (open + 1) / 2, open, event, NULL);
        need(count > 0, "io_getevents");
        for ( long i = 0; i < count; i++ )
        {
            need(event[i].res == BLOCK, "a read");
            freed[frees++] = (unsigned)event[i].data;
        }
        answered += (unsigned)count;
    }
    return (__rdtsc() - begin) / STREAMED;
}

int main(int argc, char **argv)
{
    const char *name = argc == 2 && strrchr(argv[1], '/') ? strrchr(argv[1], '/') + 1 : "";
    uint64_t ticks[STREAMS];
    aio_context_t context = 0;

    need(argc == 2, "give one disk");
    disk = open(argv[1], O_RDONLY | O_DIRECT);
    need(disk >= 0, argv[1]);
    single();   /* warm */
    printf("%s depth 1: %llu\n", name, (unsigned long long)single());
    need(syscall(SYS_io_setup, DEPTH, &context) == 0, "io_setup");
    stream(context);
    for ( unsigned i = 0; i < STREAMS; i++ )
        ticks[i] = stream(context);
    printf("%s depth 32: %llu\n", name, (unsigned long long)median(ticks, STREAMS));
    return 0;
}
