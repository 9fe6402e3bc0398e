/*
 * The contract between dom0 (rows/linux_blkfront.c) and process 1 of the Linux domain
 * that it starts (guests/linux/init.c).
 *
 * What to measure stands on the kernel's command line, behind "--", a word a job:
 *
 *     TAG DISK:DEPTH:SAMPLES:WARMUP:BLOCKS:RESULT …
 *
 * 4 KiB blocks of /dev/DISK from number BLOCKS on are written and then read, and what that
 * took is written to the same disk, a struct blkfront_result in the block number RESULT and
 * those behind it.  The domain powers off when all jobs are done.
 */
#ifndef GUESTS_LINUX_BLKFRONT_H
#define GUESTS_LINUX_BLKFRONT_H

#include <stdint.h>

#define BLKFRONT_BLOCK    4096u
#define BLKFRONT_BLOCKS   256u    /* that are read: each request of a stream has its own */
#define BLKFRONT_EMPTY    64u     /* empty regions measured */
#define BLKFRONT_SAMPLES  8256u   /* at most, with the warm-up */

/* A job as a word: snprintf() and sscanf() it; the disk's name has at most 7 letters. */
#define BLKFRONT_PRINT "%s:%u:%u:%u:%u:%u"
#define BLKFRONT_SCAN  "%7[a-z]:%u:%u:%u:%u:%u"
#define BLKFRONT_WORDS 6

/* Written by the domain when a job is done, read by dom0 after the domain's end. */
struct blkfront_result {
    uint64_t tag;            /* the one given: what stands here is of this domain */
    uint32_t count;          /* iterations measured, warm-up included */
    uint32_t reserved;
    char trouble[112];       /* what went wrong, with NUL; empty: nothing */
    uint64_t empty[BLKFRONT_EMPTY];      /* ticks of the TSC for an empty region … */
    uint64_t ticks[BLKFRONT_SAMPLES];    /* … and for each iteration, in order */
};

/* Blocks that a result has on the disk. */
#define BLKFRONT_RESULT_BLOCKS \
    ((uint32_t)((sizeof(struct blkfront_result) + BLKFRONT_BLOCK - 1) / BLKFRONT_BLOCK))

#endif
