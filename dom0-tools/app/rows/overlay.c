/* overlayfs over the file system of the working directory, as container engines have their layers. */
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/apart.h"

#define LOWER  "xenometer-lower"
#define UPPER  "xenometer-upper"
#define WORK   "xenometer-work"
#define MERGED "xenometer-merged"

static const char *const directories[] = { LOWER, UPPER, WORK, MERGED };

static void remove_directories(void)
{
    rmdir(WORK "/work");   /* overlayfs's own, empty */
    for ( int i = 0; i < 4; i++ )
        rmdir(directories[i]);
}

/* A mount of the child's own namespace is gone with it; the kernel is not to tell others of it. */
static void enter(struct row_run *r)
{
    for ( int i = 0; i < 4; i++ )
        if ( mkdir(directories[i], 0755) && errno != EEXIST )
            r->failure = refused("a directory in the working directory", errno);
    if ( !r->failure && (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) )
        r->failure = refused("a namespace of mounts", errno);
    if ( !r->failure && (mount("overlay", MERGED, "overlay", 0, "lowerdir=" LOWER ",upperdir=" UPPER
                               ",workdir=" WORK) || chdir(MERGED)) )
        r->failure = refused("overlayfs", errno);
}

static const char *setup(struct row_run *r)
{
    const char *why = apart_possible(enter);

    (void)r;
    if ( why )
        remove_directories();
    return why;
}

static void teardown(struct row_run *r)
{
    (void)r;
    remove_directories();
}

static void again(struct row_run *r, const struct row_code *row)
{
    enter(r);
    if ( !r->failure )
        run_again(r, row);
}

static void read_file(struct row_run *r)
{
    again(r, pread_again);
}

static void run_pread(struct row_run *r)
{
    by_child(r, read_file);
}

EXPLANATION(overlay_pread) =
    "app/pread-4k of a file in overlayfs: it passes the read on to the file below, under the credentials of who mounted it.";
ROW(overlay_pread, .setup = setup, .run = run_pread, .teardown = teardown) = {
    .name = "mechanism/overlay-pread-4k", .work = "read 4 KiB of a cached file",
    .path = "SYSCALL, overlayfs, page cache", .help = "app/pread-4k of a file in overlayfs",
    .explanation = explanation_overlay_pread, .elsewhere = ALONE, .against = "app/pread-4k",
    .columns = "native", .operations = 1, .samples = 500, .warmup = 32, .bytes = 4096,
};

static void open_file(struct row_run *r)
{
    again(r, open_close_again);
}

static void run_open(struct row_run *r)
{
    by_child(r, open_file);
}

EXPLANATION(overlay_open) =
    "app/open-close of a file in overlayfs: a look-up in the layers, and two files opened, its own and the one below.";
ROW(overlay_open, .setup = setup, .run = run_open, .teardown = teardown) = {
    .name = "mechanism/overlay-open-close", .work = "open a file and close it",
    .path = "two system calls, overlayfs", .help = "app/open-close of a file in overlayfs",
    .explanation = explanation_overlay_open, .elsewhere = ALONE, .against = "app/open-close",
    .columns = "native", .operations = 1, .samples = 500, .warmup = 32,
};
