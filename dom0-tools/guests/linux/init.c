/*
 * Process 1, and the only one, of a Linux domain: reads 4 KiB blocks of its disks through
 * the kernel's blkfront, as the rows block/blkif-* do through the unikernel's, and says what
 * each took (blkfront.h).  A program of its own, static, in an initramfs with the driver.
 *
 * Direct I/O, so that each read is a request: pread(2) one at a time; or io_submit(2) with at
 * most DEPTH open, which goes on when half of them are answered.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/module.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "guests/linux/blkfront.h"
#include "lib/tsc.h"

#define DEVICE_MS 10000u   /* for a disk to appear */
#define MOST_OPEN 64u

struct job {
    char disk[8];
    unsigned depth, samples, warmup, blocks, result;
};

static uint8_t buffer[BLKFRONT_BLOCKS][BLKFRONT_BLOCK] __attribute__((aligned(4096)));

/* Written whole: a multiple of the block, on pages. */
static union {
    struct blkfront_result is;
    uint8_t bytes[BLKFRONT_RESULT_BLOCKS * BLKFRONT_BLOCK];
} result __attribute__((aligned(4096)));

/* False, and the result says why. */
static bool fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(result.is.trouble, sizeof(result.is.trouble), format, arguments);
    va_end(arguments);
    return false;
}

static off_t place(uint32_t block)
{
    return (off_t)block * BLKFRONT_BLOCK;
}

/* ---- the pattern ---- */

/* Words of block `b` of those that are read: no two alike. */
static uint64_t word(unsigned b, unsigned i)
{
    return ((uint64_t)b << 16 | i | 1ull << 48) * 0x9e3779b97f4a7c15ull;
}

static void fill(unsigned b)
{
    uint64_t *words = (uint64_t *)buffer[b];

    for ( unsigned i = 0; i < BLKFRONT_BLOCK / sizeof(*words); i++ )
        words[i] = word(b, i);
}

static bool holds(unsigned b)
{
    const uint64_t *words = (const uint64_t *)buffer[b];

    for ( unsigned i = 0; i < BLKFRONT_BLOCK / sizeof(*words); i++ )
        if ( words[i] != word(b, i) )
            return fail("block %u was read otherwise than it was written", b);
    return true;
}

/* A read that leaves out a part of the block leaves zeroes. */
static void spoil(unsigned b)
{
    memset(buffer[b], 0, BLKFRONT_BLOCK);
}

/* ---- what is measured ---- */

static bool read_one(int fd, const struct job *job, unsigned b)
{
    return pread(fd, buffer[b], BLKFRONT_BLOCK, place(job->blocks + b)) == BLKFRONT_BLOCK
           ? true : fail("a read of 4 KiB failed: %s", strerror(errno));
}

static bool submit(int fd, aio_context_t context, const struct job *job, unsigned from,
                   unsigned count)
{
    struct iocb request[MOST_OPEN], *list[MOST_OPEN];
    long n;

    for ( unsigned i = 0; i < count; i++ )
    {
        request[i] = (struct iocb){
            .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = (uint32_t)fd,
            .aio_buf = (uintptr_t)buffer[from + i], .aio_nbytes = BLKFRONT_BLOCK,
            .aio_offset = place(job->blocks + from + i),
        };
        list[i] = &request[i];
    }
    n = syscall(SYS_io_submit, context, (long)count, list);
    return n == (long)count ? true : fail("io_submit of %u requests: %s", count,
                                          n < 0 ? strerror(errno) : "not all were taken");
}

/* Every block once. */
static bool stream(int fd, aio_context_t context, const struct job *job)
{
    struct io_event event[MOST_OPEN];
    unsigned sent = 0, answered = 0;

    while ( answered < BLKFRONT_BLOCKS )
    {
        unsigned until = answered + job->depth, open;
        long n;

        if ( until > BLKFRONT_BLOCKS )
            until = BLKFRONT_BLOCKS;
        if ( until > sent && !submit(fd, context, job, sent, until - sent) )
            return false;
        sent = until;
        open = sent - answered;
        n = syscall(SYS_io_getevents, context, (long)(open + 1) / 2, (long)open, event, NULL);
        if ( n <= 0 )
            return fail("io_getevents: %s", strerror(errno));
        for ( long i = 0; i < n; i++ )
            if ( event[i].res != BLKFRONT_BLOCK )
                return fail("a read of 4 KiB ended with %lld", (long long)event[i].res);
        answered += (unsigned)n;
    }
    return true;
}

static bool measure(int fd, aio_context_t context, const struct job *job)
{
    bool single = job->depth == 1, well = true;

    for ( unsigned i = 0; i < BLKFRONT_EMPTY; i++ )
        result.is.empty[i] = TIMED((void)0);
    for ( unsigned i = 0; i < job->warmup + job->samples && well; i++ )
    {
        unsigned b = single ? i % BLKFRONT_BLOCKS : 0, end = single ? b + 1 : BLKFRONT_BLOCKS;

        for ( unsigned k = b; k < end; k++ )
            spoil(k);
        result.is.ticks[i] = TIMED(well = single ? read_one(fd, job, b)
                                                 : stream(fd, context, job));
        for ( unsigned k = b; k < end && well; k++ )
            well = holds(k);
        result.is.count = i + 1;
    }
    return well;
}

static bool write_blocks(int fd, const struct job *job)
{
    for ( unsigned b = 0; b < BLKFRONT_BLOCKS; b++ )
        fill(b);
    return pwrite(fd, buffer, sizeof(buffer), place(job->blocks)) == sizeof(buffer)
           ? true : fail("a write of 1 MiB failed: %s", strerror(errno));
}

static bool work(int fd, const struct job *job)
{
    aio_context_t context = 0;
    bool well;

    if ( job->depth == 0 || job->depth > MOST_OPEN || job->samples == 0 ||
         job->samples > BLKFRONT_SAMPLES || job->warmup > BLKFRONT_SAMPLES - job->samples )
        return fail("a job of depth %u with %u samples is none", job->depth, job->samples);
    if ( job->depth > 1 && syscall(SYS_io_setup, job->depth, &context) )
        return fail("io_setup: %s", strerror(errno));
    well = write_blocks(fd, job) && measure(fd, context, job);
    if ( context )
        syscall(SYS_io_destroy, context);
    return well;
}

/* ---- the machine ---- */

static int open_disk(const char *name)
{
    const struct timespec tick = { .tv_nsec = 10000000 };
    char path[40];
    int fd;

    /* A request each, and not one of 128 KiB for many, as the rows have it. */
    snprintf(path, sizeof(path), "/sys/block/%s/queue/nomerges", name);
    for ( unsigned i = 0; (fd = open(path, O_WRONLY)) < 0 && i < DEVICE_MS / 10; i++ )
        nanosleep(&tick, NULL);
    if ( fd < 0 || write(fd, "2", 1) != 1 )
        return -1;
    close(fd);
    snprintf(path, sizeof(path), "/dev/%s", name);
    return open(path, O_RDWR | O_DIRECT);
}

static void do_job(uint64_t tag, const char *text)
{
    struct job job;
    int fd;

    memset(&result, 0, sizeof(result));
    result.is.tag = tag;
    if ( sscanf(text, BLKFRONT_SCAN, job.disk, &job.depth, &job.samples, &job.warmup,
                &job.blocks, &job.result) != BLKFRONT_WORDS )
    {
        printf("%s is no job\n", text);
        return;
    }
    fd = open_disk(job.disk);
    if ( fd < 0 )
    {
        printf("there is no disk %s: %s\n", job.disk, strerror(errno));
        return;
    }
    work(fd, &job);
    if ( pwrite(fd, &result, sizeof(result), place(job.result)) != sizeof(result) )
        printf("cannot write the result to %s: %s\n", job.disk, strerror(errno));
    close(fd);
}

/* Where the kernel has it built in, there is no such file. */
static void load_driver(void)
{
    int fd = open("/xen-blkfront.ko", O_RDONLY | O_CLOEXEC);

    /* Compressed, or not: the kernel says ENOEXEC to the other. */
    if ( fd >= 0 && syscall(SYS_finit_module, fd, "", 0) &&
         syscall(SYS_finit_module, fd, "", MODULE_INIT_COMPRESSED_FILE) )
        printf("cannot load xen-blkfront: %s\n", strerror(errno));
    if ( fd >= 0 )
        close(fd);
}

int main(int argc, char **argv)
{
    unsigned long long tag = 0;

    mkdir("/dev", 0755);
    mkdir("/sys", 0755);
    if ( mount("dev", "/dev", "devtmpfs", 0, NULL) || mount("sys", "/sys", "sysfs", 0, NULL) )
        printf("cannot mount /dev and /sys: %s\n", strerror(errno));
    load_driver();
    if ( argc < 3 || sscanf(argv[1], "%llu", &tag) != 1 )
        printf("the kernel's command line has no jobs\n");
    for ( int i = 2; i < argc; i++ )
        do_job(tag, argv[i]);
    fflush(stdout);
    reboot(RB_POWER_OFF);
    return 1;   /* the kernel panics then */
}
