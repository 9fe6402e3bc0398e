/*
 * A cgroup v2 whose controllers for CPU, memory and processes have limits that nothing reaches: what
 * it costs that they are counted.  The application's own rows, run by a child in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/apart.h"

#define ROOT  "/sys/fs/cgroup"
#define GROUP ROOT "/xenometer-app"

/* False: errno says why. */
static bool put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    int error = errno;

    if ( fd >= 0 )
        close(fd);
    errno = error;
    return done;
}

static const char *setup(struct row_run *r)
{
    const char *why = NULL;

    (void)r;
    if ( access(ROOT "/cgroup.controllers", R_OK) )
        return "no cgroup v2 is mounted at " ROOT;
    if ( mkdir(GROUP, 0755) && errno != EEXIST )
        return refused("a cgroup of our own", errno);
    if ( !put(GROUP "/memory.max", "268435456") )
        why = refused("memory.max", errno);
    else if ( !put(GROUP "/cpu.max", "100000 100000") )
        why = refused("cpu.max", errno);
    else if ( !put(GROUP "/pids.max", "64") )
        why = refused("pids.max", errno);
    if ( why )
        rmdir(GROUP);
    return why;
}

static void teardown(struct row_run *r)
{
    (void)r;
    /* Its last process may still be on its way out. */
    for ( int i = 0; rmdir(GROUP) && errno == EBUSY && i < 100; i++ )
        usleep(10000);
}

static void in_group(struct row_run *r, const struct row_code *row)
{
    if ( put(GROUP "/cgroup.procs", "0") )
        run_again(r, row);
    else
        r->failure = refused("cgroup.procs", errno);
}

static void fault(struct row_run *r)
{
    in_group(r, page_fault_again);
}

static void run_fault(struct row_run *r)
{
    by_child(r, fault);
}

EXPLANATION(cgroup_page_fault) =
    "app/page-fault by a process in a cgroup v2 with limits of memory, CPU and processes that nothing reaches: "
    "each page is charged to the cgroup, from a stock of 64 that each CPU has.";
ROW(cgroup_page_fault, .setup = setup, .run = run_fault, .teardown = teardown) = {
    .name = "mechanism/cgroup-page-fault", .work = "touch a page of new memory",
    .path = "#PF, a page charged to a cgroup", .help = "app/page-fault in a cgroup with limits",
    .explanation = explanation_cgroup_page_fault, .elsewhere = ALONE, .against = "app/page-fault",
    .columns = "native", .operations = 1, .samples = 1000, .warmup = 16,
};

static void wake(struct row_run *r)
{
    in_group(r, eventfd_again);
}

static void run_wake(struct row_run *r)
{
    by_child(r, wake);
}

EXPLANATION(cgroup_eventfd) =
    "app/eventfd by a process in a cgroup v2 with limits of memory, CPU and processes that nothing reaches: "
    "its threads wait in a run queue of the cgroup's, which waits in the machine's; its share of the CPU is counted "
    "against cpu.max, and pressure (PSI) is, too.";
ROW(cgroup_eventfd, .setup = setup, .run = run_wake, .teardown = teardown) = {
    .name = "mechanism/cgroup-eventfd", .work = "ask another thread and get its answer",
    .path = "two eventfds, in a cgroup", .help = "app/eventfd in a cgroup with limits",
    .explanation = explanation_cgroup_eventfd, .elsewhere = ALONE, .against = "app/eventfd",
    .columns = "native", .operations = 1, .samples = 500, .warmup = 32,
};
