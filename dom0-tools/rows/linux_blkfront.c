/*
 * The block rows' reads by a Linux domain: dom0's own kernel with one program in it
 * (linux_guest/), on the session's disk by Linux's backend and by ours.
 *
 * One domain a mode measures all of them and powers off; its ticks stand on the disk then.
 */
#include "measure/row.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xen/xen.h>
#include <xen/sched.h>

#include "backend/row_disk.h"
#include "backend/loop.h"
#include "guests/domain.h"
#include "guests/linux/blkfront.h"
#include "guests/linux/initramfs.h"
#include "guests/linux/kernel.h"
#include "measure/record.h"
#include "xenometer.h"

#define MEMORY_MIB  128u
#define MEMORY      "memory=128"
#define XEN_MIB     8u          /* with what Xen itself keeps for such a domain */
/* The tests of its cipher code would be a third of what it boots. */
#define COMMAND     "console=hvc0 panic=1 loglevel=1 cryptomgr.notests"

/* Reads at depth 1, streams. */
#define SAMPLES_ONE  100u
#define SAMPLES_MANY 10u
#define WARMUP_ONE   16u
#define WARMUP_MANY  1u

/* Blocks of the disk: behind those of the image's block rows, each way its own; then results. */
#define LINUX_BLOCKS  1536u
#define OWN_BLOCKS    (LINUX_BLOCKS + BLKFRONT_BLOCKS)
#define RESULT(n)     (OWN_BLOCKS + BLKFRONT_BLOCKS + (n) * BLKFRONT_RESULT_BLOCKS)

#define BOOT_DEADLINE 60u   /* seconds, for Linux */

enum { JOB_LINUX, JOB_LINUX_32, JOB_OWN, JOB_OWN_32, JOBS };

static const struct {
    const char *disk;
    unsigned depth, samples, warmup, blocks;
} jobs[JOBS] = {
    [JOB_LINUX]    = { "xvda", 1, SAMPLES_ONE, WARMUP_ONE, LINUX_BLOCKS },
    [JOB_LINUX_32] = { "xvda", 32, SAMPLES_MANY, WARMUP_MANY, LINUX_BLOCKS },
    [JOB_OWN]      = { "xvdc", 1, SAMPLES_ONE, WARMUP_ONE, OWN_BLOCKS },
    [JOB_OWN_32]   = { "xvdc", 32, SAMPLES_MANY, WARMUP_MANY, OWN_BLOCKS },
};

/* What a mode's domain has left. */
static struct {
    const struct column *column;             /* NULL: none yet */
    char *skip, *error;                      /* why there is nothing */
    struct blkfront_result *results[JOBS];
} done;

/* --------------------------------------------------------- the domain -- */

static void too_late(void *context)
{
    *(bool *)context = true;
}

/* Serve its disk until it has powered off. */
static char *await_end(struct row_run *r, struct guest *g)
{
    struct host *host = r->domains->host;
    const struct session_options *o = r->domains->options;
    unsigned seconds = BOOT_DEADLINE + JOBS * o->row_deadline;
    bool late = false;
    struct loop_timer timer = { .expired = too_late, .context = &late };
    struct domain_state state = { .exists = true };
    char words[200];

    loop_timer_set(&host->loop, &timer, SECONDS(seconds));
    do
    {
        if ( host_turn(host) != STATUS_OK )
            break;
        console_drain(&g->console);
        state = xenctrl_domain(host->xen, g->domid);
    } while ( !xenctrl_end(&state) && !late && !loop_interrupted );
    loop_timer_clear(&host->loop, &timer);
    if ( loop_interrupted )
        return xstrdup("interrupted");
    if ( host->lost )
        return xstrdup("lost the connection to xenstored");
    if ( !late && state.shutdown && state.reason == SHUTDOWN_poweroff )
        return NULL;
    console_settle(&g->console);
    console_last_words(&g->console, words, sizeof(words));
    return late ? xasprintf("the Linux domain was not done within %u s; its last words: %s",
                            seconds, words)
                : xasprintf("the Linux domain %s; its last words: %s", xenctrl_end(&state), words);
}

/* What it left of a job; NULL: nothing. */
static struct blkfront_result *fetch(uint64_t tag, unsigned job)
{
    size_t size = (size_t)BLKFRONT_RESULT_BLOCKS * BLKFRONT_BLOCK;
    struct blkfront_result *result = row_disk_read((uint64_t)RESULT(job) * BLKFRONT_BLOCK, size);

    if ( result && result->tag == tag && result->count <= BLKFRONT_SAMPLES )
    {
        result->trouble[sizeof(result->trouble) - 1] = '\0';
        return result;
    }
    free(result);
    return NULL;
}

static char *run_domain(struct row_run *r, struct guest *g, uint64_t tag)
{
    struct host *host = r->domains->host;
    struct disk_guest disk;
    char *error = row_disk_attach(r->domains->disk, host, g->domid, &disk), *path;

    if ( !error && !xenctrl_unpause(host->xen, g->domid) )
        error = xasprintf("cannot unpause domain %u: %s", g->domid, strerror(errno));
    if ( !error )
    {
        path = xenbus_console(host->bus, g->domid);
        console_open(&g->console, path);
        free(path);
        error = await_end(r, g);
    }
    for ( unsigned i = 0; i < JOBS && !error; i++ )
        done.results[i] = fetch(tag, i);
    /* Its pages must be unmapped before the domain can go. */
    row_disk_detach(&disk);
    return error;
}

/* What tells the domain its jobs, for xl; the caller's. */
static char *command_line(const struct row_run *r, uint64_t tag)
{
    char *line = xasprintf("extra=\"" COMMAND " -- %" PRIu64, tag);

    for ( unsigned i = 0; i < JOBS; i++ )
    {
        uint32_t samples = r->domains->options->samples;
        char *longer = xasprintf("%s " BLKFRONT_PRINT "%s", line, jobs[i].disk, jobs[i].depth,
                                 samples ? samples : jobs[i].samples, jobs[i].warmup,
                                 jobs[i].blocks, RESULT(i), i + 1 == JOBS ? "\"" : "");

        free(line);
        line = longer;
    }
    return line;
}

/* Make the domain; all that it is started with is in files that libxl opens. */
static char *start(struct row_run *r, const struct guest_kernel *k, uint64_t tag)
{
    char *error = NULL, *root, *settings[5] = { NULL };
    int fd = initramfs_make(k->init, k->driver, &error);
    struct guest guest;

    if ( fd < 0 )
        return error;
    root = xasprintf("/proc/%d/fd/%d", (int)getpid(), fd);
    settings[0] = domain_setting("kernel", k->kernel);
    settings[1] = domain_setting("ramdisk", root);
    settings[2] = command_line(r, tag);
    settings[3] = xstrdup(MEMORY);
    error = guest_start(r->domains, r->column, 0, (const char *const *)settings, NULL, &guest);
    close(fd);
    if ( !error )
    {
        error = run_domain(r, &guest, tag);
        guest_end(r->domains, &guest);
    }
    for ( unsigned i = 0; settings[i]; i++ )
        free(settings[i]);
    free(root);
    return error;
}

static void forget(struct row_run *r)
{
    (void)r;
    for ( unsigned i = 0; i < JOBS; i++ )
        free(done.results[i]);
    free(done.skip);
    free(done.error);
    memset(&done, 0, sizeof(done));
}

/* Once a mode, whichever of its rows is the first. */
static void measure(struct row_run *r)
{
    uint64_t free_mib = xenctrl_free_memory(r->domains->host->xen);
    struct guest_kernel kernel;

    if ( done.column == r->column )
        return;
    forget(r);
    done.skip = guest_kernel_find(&kernel, r->domains->options->kernel);
    if ( !done.skip && free_mib < MEMORY_MIB + XEN_MIB )
        done.skip = xasprintf("a Linux domain needs %u MiB of free memory, this Xen has %u",
                              MEMORY_MIB + XEN_MIB, (unsigned)free_mib);
    if ( !done.skip )
        done.error = start(r, &kernel, tsc_begin());
    guest_kernel_free(&kernel);
    done.column = r->column;
}

/* ------------------------------------------------------------ the rows -- */

static void run_job(struct row_run *r, unsigned job)
{
    const struct blkfront_result *result;

    measure(r);
    result = done.results[job];
    if ( done.skip )
        r->skip = xstrdup(done.skip);
    else if ( done.error )
        r->error = xstrdup(done.error);
    else if ( !result )
        r->error = xstrdup("the Linux domain left no result on its disk");
    else if ( *result->trouble )
    {
        char text[sizeof(result->trouble)];

        keys_printable(text, sizeof(text), result->trouble, sizeof(result->trouble));
        r->failure = xstrdup(text);
    }
    else
    {
        r->overhead = record_overhead(result->empty, BLKFRONT_EMPTY);
        for ( uint32_t i = 0; i < result->count; i++ )
            sample_keep(r, i, result->ticks[i]);
    }
}

#define ROWS(id, job, name_, backend, beside)                                           \
    static void run_##id(struct row_run *r)                                             \
    {                                                                                   \
        run_job(r, job);                                                                \
    }                                                                                   \
    static void run_##id##_32(struct row_run *r)                                        \
    {                                                                                   \
        run_job(r, job##_32);                                                           \
    }                                                                                   \
    ROW(id, .run = run_##id, .teardown = forget) = {                                    \
        .name = name_,                                                                  \
        .work = "read 4 KiB from a disk",                                               \
        .path = "Linux's blkfront, " backend ", depth 1",                               \
        .help = "read 4 KiB in a Linux domain through " backend ", one at a time",      \
        .explanation =                                                                  \
            "Starts dom0's own kernel as a domain with one program, which reads the disk of " beside \
            " with pread(2) and direct I/O: a system call, Linux's block layer, its blkfront, and the " \
            "same backend.  blkfront copies each block out of a page that stays granted.  What it reads " \
            "is compared with what it wrote.  The unikernel does the same in " beside ".", \
        BLKFRONT_ROW, .against = beside,                                                \
        .operations = 1, .samples = SAMPLES_ONE, .warmup = WARMUP_ONE,                  \
    };                                                                                  \
    ROW(id##_32, .run = run_##id##_32, .teardown = forget) = {                          \
        .name = name_ "-depth-32",                                                      \
        .work = "read 4 KiB from a disk",                                               \
        .path = "Linux's blkfront, " backend ", up to 32 open",                         \
        .help = "stream 4 KiB reads in a Linux domain through " backend ", up to 32 open; per request", \
        .explanation =                                                                  \
            "As " name_ ", with io_submit(2): up to 32 reads are open, none merged with another, and the " \
            "program goes on when half of them are answered.  256 are a sample; the figure is per " \
            "request.  The unikernel does the same in " beside "-depth-32.",            \
        BLKFRONT_ROW, .against = beside "-depth-32",                                    \
        .operations = BLKFRONT_BLOCKS, .samples = SAMPLES_MANY, .warmup = WARMUP_MANY,  \
    }

#define BLKFRONT_ROW                                                                    \
    .elsewhere = "Linux starts as PV or PVH by itself; HVM needs firmware and a boot loader, " \
                 "and has the blkfront of PVH",                                         \
    .columns = "pv pvh", .needs = DOMAIN_LINUX | DOMAIN_DISK,                   \
    .flags = ROW_DOM0 | ROW_BLOCKS, .bytes = BLKFRONT_BLOCK

ROWS(linux_blkfront, JOB_LINUX, "block/linux-blkfront", "xen-blkback", "block/blkif-linux");
ROWS(linux_blkfront_own, JOB_OWN, "block/linux-blkfront-own", "xenometer's backend",
     "block/blkif-own");
