/*
 * Namespaces, of each kind: to make one and to enter one.  What the kernel puts off when nobody is in
 * one any more (RCU, work queues) is waited for outside the timed region, or it would be in that of a
 * later sample, and the allocators would find another heap each time.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/apart.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80   /* linux/sched.h, Linux 5.6 */
#endif

/* Longer than a grace period of RCU, and the work that comes behind it. */
#define SETTLED_NS 60000000l

static void settle(void)
{
    const struct timespec t = { .tv_nsec = SETTLED_NS };

    nanosleep(&t, NULL);
}

static int kind;

static const char *no_namespace(int error)
{
    return error == ENOSPC ? "there may be no more namespaces of this kind: sysctl user.max_*_namespaces"
                           : refused("unshare", error);
}

/* The thread goes from one to the next. */
static void make_namespaces(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        long error;

        settle();
        sample_keep(r, i, TIMED(error = system_call3(SYS_unshare, kind, 0, 0)));
        if ( error )
            r->failure = no_namespace((int)-error);
    }
}

/* Where a process can only do it once: a child for each. */
static void make_one(struct row_run *r)
{
    uint64_t ticks = TIMED(system_call0(SYS_getppid));   /* its stack and its code are its own now */
    long error;

    settle();
    ticks = TIMED(error = system_call3(SYS_unshare, kind, 0, 0));
    if ( error )
        r->failure = no_namespace((int)-error);
    else if ( r->count )
        sample_keep(r, 0, ticks);
}

static const char *possible(int flag)
{
    kind = flag;
    return apart_possible(make_one);
}

/*
 * A user namespace for only a process of one thread, one of processes once for each (namespaces(7)):
 * those are made by a child for each sample.
 */
#define MAKE_ROW(identifier, row_name, flag, what, by, function, count)                 \
    static const char *setup_##identifier(struct row_run *r)                            \
    {                                                                                   \
        (void)r;                                                                        \
        return possible(flag);                                                          \
    }                                                                                   \
    static void run_##identifier(struct row_run *r)                                     \
    {                                                                                   \
        kind = flag;                                                                    \
        by(r, function);                                                                \
    }                                                                                   \
    EXPLANATION(identifier) = "unshare(" #flag "): a namespace of " what " of one's own.  Those before it "    \
        "have nobody in them any more; what the kernel puts off to be rid of them is not in the figure."; \
    ROW(identifier, .setup = setup_##identifier, .run = run_##identifier) = {           \
        .name = "mechanism/namespace-" row_name, .work = "make a namespace of " what,   \
        .path = "unshare(" #flag ")", .help = "make a namespace of " what,              \
        .explanation = explanation_##identifier, .elsewhere = ALONE,                    \
        .columns = "native", .operations = 1, .samples = count, .warmup = 4,            \
    }

MAKE_ROW(namespace_uts, "uts", CLONE_NEWUTS, "host names", by_thread, make_namespaces, 100);
MAKE_ROW(namespace_ipc, "ipc", CLONE_NEWIPC, "System V objects", by_thread, make_namespaces, 50);
MAKE_ROW(namespace_mount, "mount", CLONE_NEWNS, "mounts", by_thread, make_namespaces, 50);
MAKE_ROW(namespace_net, "net", CLONE_NEWNET, "networks", by_thread, make_namespaces, 20);
MAKE_ROW(namespace_cgroup, "cgroup", CLONE_NEWCGROUP, "cgroups", by_thread, make_namespaces, 100);
MAKE_ROW(namespace_time, "time", CLONE_NEWTIME, "clocks", by_thread, make_namespaces, 50);
MAKE_ROW(namespace_pid, "pid", CLONE_NEWPID, "processes", each_by_child, make_one, 50);
MAKE_ROW(namespace_user, "user", CLONE_NEWUSER, "users", each_by_child, make_one, 50);

/* ----------------------------------------------------------------- enter -- */

static pid_t holder = -1;
static int entrance = -1;

/* Somebody has to be in it: a child, until it is killed, or we are. */
static void hold(int flag, int ready)
{
    int error = unshare(flag) ? errno : 0;

    /* Processes are put into a new one from their beginning on, and clocks likewise. */
    if ( !error && (flag == CLONE_NEWPID || flag == CLONE_NEWTIME) && fork() == 0 )
        ready = -1;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if ( ready >= 0 )
        (void)!write(ready, &error, sizeof(error));
    for ( ; ; )
        pause();
}

static void let_go(void)
{
    if ( entrance >= 0 )
        close(entrance);
    if ( holder > 0 )
        kill(-holder, SIGKILL);   /* and the child that it may have */
    if ( holder > 0 )
        waitpid(holder, NULL, 0);
    entrance = -1;
    holder = -1;
}

static void enter_one(struct row_run *r)
{
    uint64_t ticks = TIMED(system_call0(SYS_getppid));
    long error;

    settle();
    ticks = TIMED(error = system_call3(SYS_setns, entrance, kind, 0));
    if ( error )
        r->failure = refused("setns", (int)-error);
    else if ( r->count )
        sample_keep(r, 0, ticks);
}

static const char *setup_enter(int flag, const char *file)
{
    const char *why = NULL;
    char path[64];
    int ready[2], error = 0;

    kind = flag;
    if ( pipe2(ready, O_CLOEXEC) )
        return refused("pipe", errno);
    holder = fork();
    if ( holder == 0 )
    {
        setpgid(0, 0);
        close(ready[0]);
        hold(flag, ready[1]);
    }
    close(ready[1]);
    if ( holder < 0 )
        why = refused("fork", errno);
    else if ( read(ready[0], &error, sizeof(error)) != sizeof(error) )
        why = "the process that was to hold the namespace has ended";
    else if ( error )
        why = no_namespace(error);
    close(ready[0]);
    snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)holder, file);
    if ( !why && (entrance = open(path, O_RDONLY | O_CLOEXEC)) < 0 )
        why = refused(path, errno);
    if ( !why )
        why = apart_possible(enter_one);
    if ( why )
        let_go();
    return why;
}

static void run_enter(struct row_run *r)
{
    each_by_child(r, enter_one);
}

static void teardown_enter(struct row_run *r)
{
    (void)r;
    let_go();
}

#define ENTER_ROW(identifier, row_name, flag, file, what, text)                         \
    static const char *setup_##identifier(struct row_run *r)                            \
    {                                                                                   \
        (void)r;                                                                        \
        return setup_enter(flag, file);                                                 \
    }                                                                                   \
    EXPLANATION(identifier) = "setns() into another process's namespace of " what ", by a child for each sample, which " \
        "ends in it.  " text;                                                           \
    ROW(identifier, .setup = setup_##identifier, .run = run_enter, .teardown = teardown_enter) = { \
        .name = "mechanism/enter-" row_name, .work = "enter a namespace",               \
        .path = "setns(" #flag ")", .help = "enter a namespace of " what " by setns",   \
        .explanation = explanation_##identifier, .elsewhere = ALONE,                    \
        .columns = "native", .operations = 1, .samples = 50, .warmup = 4,               \
    }

ENTER_ROW(enter_uts, "uts", CLONE_NEWUTS, "uts", "host names",
    "A new set of namespaces for the process, the old one put away.");
ENTER_ROW(enter_ipc, "ipc", CLONE_NEWIPC, "ipc", "System V objects", "The same, and its semaphores' undo lists.");
ENTER_ROW(enter_mount, "mount", CLONE_NEWNS, "mnt", "mounts", "Root and working directory are looked up anew in it.");
ENTER_ROW(enter_net, "net", CLONE_NEWNET, "net", "networks", "A pointer, as for host names.");
ENTER_ROW(enter_cgroup, "cgroup", CLONE_NEWCGROUP, "cgroup", "cgroups", "A pointer, as for host names.");
ENTER_ROW(enter_time, "time", CLONE_NEWTIME, "time_for_children", "clocks",
    "The process's page with the clocks' offsets is exchanged.");
ENTER_ROW(enter_pid, "pid", CLONE_NEWPID, "pid_for_children", "processes",
    "It is for the children of who enters.");
ENTER_ROW(enter_user, "user", CLONE_NEWUSER, "user", "users", "Credentials are made anew, with all capabilities in it.");
