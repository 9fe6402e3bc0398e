/*
 * What each mechanism that containers and sandboxes are made of costs by itself: filters of system
 * calls, Landlock, ptrace (namespaces, cgroups and the rest are in files of their own).  Most of them cannot be taken back, but all are a thread's
 * own: each row is run by a thread that ends with it.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/apart.h"
#include "app/row.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)   /* Linux 6.6 */
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1ul << 0)
#endif

static void time_getppid(struct row_run *r)
{
    long expected = getppid(), got = expected;

    SAMPLES(r, got = system_call0(SYS_getppid));
    if ( got != expected && !r->failure )
        r->failure = "getppid gave another number than before";
}

/* --------------------------------------------------------------- seccomp -- */

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RULES_MAX 100u

/*
 * Compare the number with `rules` that it has not, then answer `verdict` for getppid and "allowed"
 * for others.  With `argument` it loads one first: then Linux cannot know the verdict by the
 * number alone, and runs the program at each call.  The listener, 0, or -errno.
 */
static long filter(uint32_t rules, bool argument, uint32_t verdict, uint32_t flags)
{
    struct sock_filter program[RULES_MAX + 6];
    struct sock_fprog all = { .filter = program };
    unsigned short n = 0;

    if ( argument )
        program[n++] = (struct sock_filter)LOAD(args[0]);
    program[n++] = (struct sock_filter)LOAD(nr);
    /* Each goes on to the next, whatever it finds. */
    for ( uint32_t i = 0; i < rules && i < RULES_MAX; i++ )
        program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x10000u + i, 0, 0);
    program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    all.len = n;
    if ( prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) )
        return -errno;
    return system_call3(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, (long)&all);
}

static void may_filter(struct row_run *r)
{
    long error = filter(0, false, SECCOMP_RET_ALLOW, 0);

    if ( error )
        r->failure = refused("seccomp", (int)-error);
}

static const char *setup_filter(struct row_run *r)
{
    (void)r;
    return apart_possible(may_filter);
}

static void filtered(struct row_run *r, uint32_t rules, bool argument)
{
    long error = filter(rules, argument, SECCOMP_RET_ALLOW, 0);

    if ( error )
        r->failure = refused("seccomp", (int)-error);
    else
        time_getppid(r);
}

#define FILTER_ROW(identifier, row_name, rules, argument, what, text)                   \
    static void filtered_##identifier(struct row_run *r)                                \
    {                                                                                   \
        filtered(r, rules, argument);                                                   \
    }                                                                                   \
    static void run_##identifier(struct row_run *r)                                     \
    {                                                                                   \
        by_thread(r, filtered_##identifier);                                            \
    }                                                                                   \
    EXPLANATION(identifier) = text;                                                     \
    ROW(identifier, .setup = setup_filter, .run = run_##identifier) = {                 \
        .name = "mechanism/" row_name, .work = "ask the kernel for the parent's number", \
        .path = "SYSCALL, " what, .help = "getppid behind " what,                       \
        .explanation = explanation_##identifier, .elsewhere = ALONE,                    \
        .against = "app/getppid",                                                       \
        .columns = "native", .operations = 1, .samples = 1000, .warmup = 64,            \
    }

#define RUN_EACH_TIME "A seccomp filter whose program is run at each call, because it looks at an argument " \
    "as well: Linux's cache of verdicts by number (5.11) is of no use then.  "

FILTER_ROW(seccomp_cached, "seccomp-cached", RULES_MAX, false, "a filter of 100 rules, cached",
    "A seccomp filter of 100 comparisons whose verdict depends on the call's number alone: Linux finds that "
    "out when it is installed, and keeps a bit for each number.  The program is not run.");
FILTER_ROW(seccomp_1, "seccomp-1", 1, true, "a filter of 1 rule, run each time",
    RUN_EACH_TIME "One comparison: what it is to run one at all.");
FILTER_ROW(seccomp_10, "seccomp-10", 10, true, "a filter of 10 rules, run each time",
    RUN_EACH_TIME "Ten comparisons, one after the other.");
FILTER_ROW(seccomp_100, "seccomp-100", 100, true, "a filter of 100 rules, run each time",
    RUN_EACH_TIME "A hundred comparisons, one after the other, as libseccomp writes a filter that lists what is allowed.");

/* ---- SIGSYS ---- */

static volatile uint32_t trapped;

static void handle_trap(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    trapped += info->si_syscall == SYS_getppid;
}

static void trap(struct row_run *r)
{
    struct sigaction action = { .sa_sigaction = handle_trap, .sa_flags = SA_SIGINFO }, before;
    long error;

    trapped = 0;
    sigaction(SIGSYS, &action, &before);
    error = filter(0, false, SECCOMP_RET_TRAP, 0);
    if ( error )
        r->failure = refused("seccomp", (int)-error);
    else
    {
        SAMPLES(r, system_call0(SYS_getppid));
        if ( trapped != r->warmup + r->count )
            r->failure = "the filter's signals did not come";
    }
    sigaction(SIGSYS, &before, NULL);
}

static void run_trap(struct row_run *r)
{
    by_thread(r, trap);
}

EXPLANATION(seccomp_trap) =
    "The filter answers SECCOMP_RET_TRAP: instead of the call a SIGSYS is sent, whose handler can do it in "
    "its way; systrap of gVisor begins so.  A signal's frame, the handler, sigreturn.";
ROW(seccomp_trap, .setup = setup_filter, .run = run_trap) = {
    .name = "mechanism/seccomp-trap", .work = "have a system call answered by a process",
    .path = "SYSCALL, filter, SIGSYS", .help = "getppid that a handler of SIGSYS takes",
    .explanation = explanation_seccomp_trap, .elsewhere = ALONE,
    .columns = "native", .operations = 1, .samples = 500, .warmup = 32,
};

/* ---- a supervisor ---- */

#define ANSWER 4711

static sem_t installed;
static int listener;
static uint32_t requests;     /* that will come */
static bool synchronous;

/* The supervisor, a thread from before the filter: it has none. */
static void *supervise(void *unused)
{
    struct seccomp_notif request;
    struct seccomp_notif_resp response;

    while ( sem_wait(&installed) && errno == EINTR )
        ;
    for ( uint32_t i = 0; listener >= 0 && i < requests; i++ )
    {
        memset(&request, 0, sizeof(request));
        if ( ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) )
            break;
        response = (struct seccomp_notif_resp){ .id = request.id, .val = ANSWER };
        if ( ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) )
            break;
    }
    return unused;
}

/* The listener; or what there is in its place is said. */
static long listen_to_filter(struct row_run *r)
{
    long fd = filter(0, false, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);

    if ( fd == -EINVAL )
        r->failure = "this kernel has no filters that ask a supervisor: Linux 5.0 and later";
    else if ( fd < 0 )
        r->failure = refused("seccomp", (int)-fd);
    else if ( synchronous && ioctl((int)fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
                                   SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) )
        r->failure = "this kernel wakes no supervisor synchronously: Linux 6.6 and later";
    return fd;
}

static void may_notify(struct row_run *r)
{
    listen_to_filter(r);
}

static void notify(struct row_run *r)
{
    long got = 0, fd = listen_to_filter(r);

    listener = r->failure ? -1 : (int)fd;
    sem_post(&installed);
    if ( !r->failure )
    {
        SAMPLES(r, got = system_call0(SYS_getppid));
        if ( got != ANSWER )
            r->failure = "the supervisor's answer did not come";
    }
}

static void run_notified(struct row_run *r, bool sync)
{
    pthread_t supervisor;
    int error;

    synchronous = sync;
    listener = -1;
    requests = r->warmup + r->count;
    sem_init(&installed, 0, 0);
    error = pthread_create(&supervisor, NULL, supervise, NULL);
    if ( error )
    {
        r->failure = refused("pthread_create", error);
        return;
    }
    by_thread(r, notify);
    pthread_join(supervisor, NULL);
    if ( listener >= 0 )
        close(listener);
}

static const char *setup_notif(struct row_run *r)
{
    (void)r;
    synchronous = false;
    return apart_possible(may_notify);
}

static const char *setup_notif_sync(struct row_run *r)
{
    (void)r;
    synchronous = true;
    return apart_possible(may_notify);
}

static void run_notif(struct row_run *r)
{
    run_notified(r, false);
}

EXPLANATION(seccomp_notif) =
    "The filter answers SECCOMP_RET_USER_NOTIF: the call waits, and a supervisor, here another thread, reads "
    "it from a descriptor and answers in the kernel's place.  Two wake-ups, and two ioctls of the supervisor.";
ROW(seccomp_notif, .setup = setup_notif, .run = run_notif) = {
    .name = "mechanism/seccomp-notif", .work = "have a system call answered by a process",
    .path = "SYSCALL, filter, supervisor", .help = "getppid that a supervisor answers (USER_NOTIF)",
    .explanation = explanation_seccomp_notif, .elsewhere = ALONE,
    .columns = "native", .operations = 1, .samples = 500, .warmup = 32,
};

static void run_notif_sync(struct row_run *r)
{
    run_notified(r, true);
}

EXPLANATION(seccomp_notif_sync) =
    "As mechanism/seccomp-notif with synchronous wake-ups (Linux 6.6): each side is woken on the CPU of the "
    "other, which is about to sleep.  On the one CPU of the lab there is no other choice.";
ROW(seccomp_notif_sync, .setup = setup_notif_sync, .run = run_notif_sync) = {
    .name = "mechanism/seccomp-notif-sync", .work = "have a system call answered by a process",
    .path = "SYSCALL, filter, supervisor woken synchronously",
    .help = "getppid that a supervisor answers, woken synchronously", .against = "mechanism/seccomp-notif",
    .explanation = explanation_seccomp_notif_sync, .elsewhere = ALONE,
    .columns = "native", .operations = 1, .samples = 500, .warmup = 32,
};

/* ---------------------------------------------------------------- ptrace -- */

static void may_be_traced(struct row_run *r)
{
    if ( ptrace(PTRACE_TRACEME, 0, NULL, NULL) )
        r->failure = refused("ptrace", errno);
}

static const char *setup_traced(struct row_run *r)
{
    (void)r;
    return apart_possible(may_be_traced);
}

/* The tracer is this thread, the traced a child that measures by itself. */
static void stopped(struct row_run *r)
{
    long got = 0;

    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    SAMPLES(r, got = system_call0(SYS_getppid));
    if ( got <= 0 )
        r->failure = "getppid gave no number under a tracer";
}

/* From stop to stop, at each entry to the kernel and each exit. */
static void let_go_on(pid_t child, int status)
{
    (void)status;
    ptrace(PTRACE_SYSCALL, child, NULL, NULL);
}

static void run_ptrace(struct row_run *r)
{
    by_traced_child(r, stopped, let_go_on);
}

EXPLANATION(ptrace_syscall) =
    "A tracer stops the process at the entry to each system call and at its exit (PTRACE_SYSCALL), as strace "
    "does: four wake-ups, and the tracer's waitpid and ptrace at each stop.  What it would look at comes on top.";
ROW(ptrace_syscall, .setup = setup_traced, .run = run_ptrace) = {
    .name = "mechanism/ptrace", .work = "have a system call answered by a process",
    .path = "SYSCALL, two stops for a tracer", .help = "getppid under a tracer that stops it twice",
    .explanation = explanation_ptrace_syscall, .elsewhere = ALONE,
    .columns = "native", .operations = 1, .samples = 300, .warmup = 16,
};

/* The filter stops it, and only at what the filter names. */
static void stopped_by_filter(struct row_run *r)
{
    long error, got = 0;

    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    error = filter(0, false, SECCOMP_RET_TRACE, 0);
    if ( error )
        r->failure = refused("seccomp", (int)-error);
    else
        SAMPLES(r, got = system_call0(SYS_getppid));
    /* The tracer skips the call, by number -1, and its answer stays what the kernel has put there. */
    if ( !error && got != -ENOSYS )
        r->failure = "the tracer did not get to see getppid";
}

/* A stopped process's system call becomes number -1, which is none.  False: it has ended. */
static bool forget_call(pid_t child)
{
#ifdef __x86_64__
    struct user_regs_struct registers;

    if ( ptrace(PTRACE_GETREGS, child, NULL, &registers) )
        return false;
    registers.orig_rax = (unsigned long)-1;
    return ptrace(PTRACE_SETREGS, child, NULL, &registers) == 0;
#else
    int none = -1;
    struct iovec number = { .iov_base = &none, .iov_len = sizeof(none) };

    return ptrace(PTRACE_SETREGSET, child, NT_ARM_SYSTEM_CALL, &number) == 0;
#endif
}

static void skip_call(pid_t child, int status)
{
    if ( status >> 8 != (SIGTRAP | PTRACE_EVENT_SECCOMP << 8) || !forget_call(child) )
        ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESECCOMP);
    ptrace(PTRACE_CONT, child, NULL, NULL);
}

static const char *setup_ret_trace(struct row_run *r)
{
    const char *why = setup_filter(r);

    return why ? why : setup_traced(r);
}

static void run_ret_trace(struct row_run *r)
{
    by_traced_child(r, stopped_by_filter, skip_call);
}

EXPLANATION(seccomp_trace) =
    "The filter answers SECCOMP_RET_TRACE: a tracer is told, once, at the calls that the filter names, and here "
    "reads and writes the registers to have the call skipped.  One stop in the place of mechanism/ptrace's two, "
    "and no stop at other calls.";
ROW(seccomp_trace, .setup = setup_ret_trace, .run = run_ret_trace) = {
    .name = "mechanism/seccomp-trace", .work = "have a system call answered by a process",
    .path = "SYSCALL, filter, a stop for a tracer", .help = "getppid that a filter has a tracer skip (RET_TRACE)",
    .explanation = explanation_seccomp_trace, .elsewhere = ALONE, .against = "mechanism/ptrace",
    .columns = "native", .operations = 1, .samples = 300, .warmup = 16,
};

/* -------------------------------------------------------------- Landlock -- */

#define NAME "xenometer-data"

/* The thread may read below the working directory, and nothing else of files. */
static long restrict_files(void)
{
    struct landlock_ruleset_attr all = { .handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE };
    struct landlock_path_beneath_attr here = { .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE };
    long rules = system_call3(SYS_landlock_create_ruleset, (long)&all, sizeof(all), 0), error;

    if ( rules < 0 )
        return rules;
    here.parent_fd = open(".", O_PATH | O_CLOEXEC);
    error = system_call(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, (long)&here, 0, 0, 0);
    if ( !error && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) )
        error = -errno;
    if ( !error )
        error = system_call3(SYS_landlock_restrict_self, rules, 0, 0);
    close(here.parent_fd);
    close((int)rules);
    return error;
}

static void open_restricted(struct row_run *r)
{
    long error = restrict_files();

    if ( error )
        r->failure = refused("Landlock", (int)-error);
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

static const char *setup_landlock(struct row_run *r)
{
    long version = system_call3(SYS_landlock_create_ruleset, 0, 0, LANDLOCK_CREATE_RULESET_VERSION);
    int file;

    (void)r;
    if ( version < 0 )
        return refused("Landlock", (int)-version);
    file = data_file_make(NAME, 4096);
    if ( file < 0 )
        return refused("a file in the working directory", errno);
    close(file);
    return NULL;
}

static void run_landlock(struct row_run *r)
{
    by_thread(r, open_restricted);
    unlink(NAME);
}

EXPLANATION(landlock_open) =
    "As app/open-close under a Landlock rule that allows the working directory: the kernel walks from the "
    "file to the root and looks at each directory for a rule.";
ROW(landlock_open, .setup = setup_landlock, .run = run_landlock) = {
    .name = "mechanism/landlock-open", .work = "open a file and close it",
    .path = "two system calls, Landlock", .help = "openat and close under a Landlock rule",
    .explanation = explanation_landlock_open, .elsewhere = ALONE, .against = "app/open-close",
    .columns = "native", .operations = 1, .samples = 500, .warmup = 32,
};
