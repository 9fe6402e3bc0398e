/* Files of the paradigm's own file system, in the page cache. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "app/apart.h"
#include "app/row.h"

#define NAME  "xenometer-data"
#define BLOCK 4096u

static int file = -1;
static uint8_t block[BLOCK];

static const char *setup(struct row_run *r)
{
    (void)r;
    file = data_file_make(NAME, BLOCK);
    return file < 0 ? refused("a file in the working directory", errno) : NULL;
}

static void teardown(struct row_run *r)
{
    (void)r;
    close(file);
    unlink(NAME);
}

static bool block_is_right(void)
{
    for ( uint32_t i = 0; i < BLOCK; i++ )
        if ( block[i] != data_byte(i) )
            return false;
    return true;
}

static void run_pread(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        long n;

        block[0] = block[BLOCK - 1] = 0xaa;
        sample_keep(r, i, TIMED(n = system_call(SYS_pread64, file, (long)block, BLOCK, 0, 0, 0)));
        if ( n != BLOCK || !block_is_right() )
            r->failure = "pread gave other bytes than were written";
    }
}

EXPLANATION(app_pread_4k) =
    "A page of a file that is in memory, copied to the application: the system call, the file "
    "system's look-up in the page cache, and 4 KiB copied, of which the instruction clock counts "
    "each iteration of REP MOVSB.  A container's file lies in overlayfs, which passes the read on "
    "to the file system below.  gVisor's Sentry has the file in its own memory or asks the host.";
ROW(app_pread_4k, .setup = setup, .run = run_pread, .teardown = teardown) = {
    .name = "app/pread-4k", .work = "read 4 KiB of a cached file",
    .path = "SYSCALL, page cache", .help = "pread of 4 KiB that are cached",
    .explanation = explanation_app_pread_4k,
    .columns = "app", .operations = 1, .samples = 500, .warmup = 32, .bytes = BLOCK,
};
const struct row_code *const pread_again = &code_app_pread_4k;

static void run_read(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        long n;

        block[0] = block[BLOCK - 1] = 0xaa;
        lseek(file, 0, SEEK_SET);
        sample_keep(r, i, TIMED(n = system_call3(SYS_read, file, (long)block, BLOCK)));
        if ( n != BLOCK || !block_is_right() )
            r->failure = "read gave other bytes than were written";
    }
}

EXPLANATION(app_read_4k) =
    "As app/pread-4k, from where the file stands: its position is read, and moved.";
ROW(app_read_4k, .setup = setup, .run = run_read, .teardown = teardown) = {
    .name = "app/read-4k", .work = "read 4 KiB of a cached file",
    .path = "SYSCALL, page cache", .help = "read of 4 KiB that are cached",
    .explanation = explanation_app_read_4k,
    .columns = "app", .operations = 1, .samples = 500, .warmup = 32, .bytes = BLOCK,
};

static void run_open_close(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        long fd, closed = -1;

        sample_keep(r, i, TIMED((
            fd = system_call(SYS_openat, AT_FDCWD, (long)NAME, O_RDONLY | O_CLOEXEC, 0, 0, 0),
            closed = system_call3(SYS_close, fd, 0, 0))));
        if ( fd < 0 || closed )
            r->failure = "the file could not be opened and closed";
    }
}

EXPLANATION(app_open_close) =
    "openat by a name in the working directory, and close: what the paradigm's file system costs.  "
    "tmpfs as a process; overlayfs in a container, which looks through its layers and opens the "
    "file below, too; in gVisor the Sentry's own file system and, where that does not have the file, a "
    "request to its gofer process or to the host.";
ROW(app_open_close, .setup = setup, .run = run_open_close, .teardown = teardown) = {
    .name = "app/open-close", .work = "open a file and close it",
    .path = "two system calls, the paradigm's file system", .help = "openat and close",
    .explanation = explanation_app_open_close,
    .columns = "app", .operations = 1, .samples = 500, .warmup = 32,
};
const struct row_code *const open_close_again = &code_app_open_close;
