/* Two threads, or two processes, that wake each other, by each means there is. */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/apart.h"
#include "app/row.h"

#define BYTES 64u   /* of a message through the socket */

/* The other thread or process: it answers each message until there comes none. */
static pthread_t partner;
static pid_t partner_process;                /* 0: it is a thread */
static int to_partner[2], from_partner[2];   /* reading end, writing end */
static int partner_poll = -1, own_poll = -1;

static const char *start(void *(*function)(void *))
{
    int error = pthread_create(&partner, NULL, function, NULL);

    return error ? refused("pthread_create", error) : NULL;
}

/* The same by a process, which must not keep `own_end` (or -1) open, as it waits for us to close it. */
static const char *start_process(void *(*function)(void *), int own_end)
{
    pid_t pid = fork();

    if ( pid == 0 )
    {
        /* Nobody else would end it where it sleeps and we are killed. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(own_end);
        function(NULL);
        _exit(0);
    }
    if ( pid < 0 )
        return refused("fork", errno);
    partner_process = pid;
    return NULL;
}

/* It has been told to end. */
static void await_end(void)
{
    if ( !partner_process )
        pthread_join(partner, NULL);
    else
        waitpid(partner_process, NULL, 0);
    partner_process = 0;
}

/* ------------------------------------------------------------------ pipe -- */

static void *answer_pipe(void *unused)
{
    char c;

    while ( read(to_partner[0], &c, 1) == 1 && write(from_partner[1], &c, 1) == 1 )
        ;
    return unused;
}

static const char *setup_pipe(struct row_run *r)
{
    (void)r;
    if ( pipe(to_partner) || pipe(from_partner) )
        return refused("pipe", errno);
    return start(answer_pipe);
}

static const char *setup_pipe_process(struct row_run *r)
{
    (void)r;
    if ( pipe(to_partner) || pipe(from_partner) )
        return refused("pipe", errno);
    return start_process(answer_pipe, to_partner[1]);
}

static void run_pipe(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        char c = (char)i, back = (char)~c;
        long sent, got;

        sample_keep(r, i, TIMED((sent = system_call3(SYS_write, to_partner[1], (long)&c, 1),
                                 got = system_call3(SYS_read, from_partner[0], (long)&back, 1))));
        if ( sent != 1 || got != 1 || back != c )
            r->failure = "another byte came back through the pipes";
    }
}

static void teardown_pipe(struct row_run *r)
{
    (void)r;
    close(to_partner[1]);   /* its read() gets nothing any more */
    await_end();
    close(to_partner[0]);
    close(from_partner[0]);
    close(from_partner[1]);
}

EXPLANATION(app_pipe) =
    "A byte through a pipe to a thread that sleeps in read(), and one back through another: four "
    "system calls, two wake-ups and two switches of the CPU.  On one CPU nothing overlaps.";
ROW(app_pipe, .setup = setup_pipe, .run = run_pipe, .teardown = teardown_pipe) = {
    .name = "app/pipe", .work = "ask another thread and get its answer",
    .path = "two pipes", .help = "a byte to another thread and back, by pipes", .against = "app/futex",
    .explanation = explanation_app_pipe,
    .columns = "app", .operations = 1, .samples = 500, .warmup = 32,
};

EXPLANATION(app_pipe_process) =
    "As app/pipe, to another process, as one application of a container, sandbox or guest wakes another "
    "beside it: each switch of the CPU is one of address spaces.  Counted in instructions that is next to "
    "nothing where the kernel may load CR3 (in cycles the TLB's misses come on top), and dear where it has to "
    "ask for it: a PV guest has Xen do it, by hypercall.";
ROW(app_pipe_process, .setup = setup_pipe_process, .run = run_pipe, .teardown = teardown_pipe) = {
    .name = "app/pipe-process", .work = "ask another process and get its answer",
    .path = "two pipes", .help = "a byte to another process and back, by pipes", .against = "app/futex-process",
    .explanation = explanation_app_pipe_process,
    .columns = "app", .operations = 1, .samples = 500, .warmup = 32,
};

/* --------------------------------------------------------------- eventfd -- */

static void *answer_eventfd(void *unused)
{
    uint64_t value;

    while ( read(to_partner[0], &value, sizeof(value)) == sizeof(value) && value != UINT32_MAX &&
            write(from_partner[0], &value, sizeof(value)) == sizeof(value) )
        ;
    return unused;
}

static const char *make_eventfds(void)
{
    to_partner[0] = eventfd(0, EFD_CLOEXEC);
    from_partner[0] = eventfd(0, EFD_CLOEXEC);
    return to_partner[0] < 0 || from_partner[0] < 0 ? refused("eventfd", errno) : NULL;
}

static const char *setup_eventfd(struct row_run *r)
{
    const char *reason = make_eventfds();

    (void)r;
    return reason ? reason : start(answer_eventfd);
}

static const char *setup_eventfd_process(struct row_run *r)
{
    const char *reason = make_eventfds();

    (void)r;
    return reason ? reason : start_process(answer_eventfd, -1);
}

static void run_eventfd(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        uint64_t value = i + 1, back = 0;
        long sent, got;

        sample_keep(r, i, TIMED((
            sent = system_call3(SYS_write, to_partner[0], (long)&value, sizeof(value)),
            got = system_call3(SYS_read, from_partner[0], (long)&back, sizeof(back)))));
        if ( sent != sizeof(value) || got != sizeof(back) || back != value )
            r->failure = "another number came back through the eventfds";
    }
}

static void teardown_eventfd(struct row_run *r)
{
    uint64_t last = UINT32_MAX;

    (void)r;
    if ( write(to_partner[0], &last, sizeof(last)) == sizeof(last) )
        await_end();
    close(to_partner[0]);
    close(from_partner[0]);
}

EXPLANATION(app_eventfd) =
    "As app/pipe with eventfds, each a counter with a wait queue: what KVM's ioeventfd and irqfd end "
    "in.";
ROW(app_eventfd, .setup = setup_eventfd, .run = run_eventfd, .teardown = teardown_eventfd) = {
    .name = "app/eventfd", .work = "ask another thread and get its answer",
    .path = "two eventfds", .help = "a number to another thread and back, by eventfds",
    .against = "app/futex", .explanation = explanation_app_eventfd,
    .columns = "app", .operations = 1, .samples = 500, .warmup = 32,
};
const struct row_code *const eventfd_again = &code_app_eventfd;

EXPLANATION(app_eventfd_process) =
    "As app/eventfd, to another process: what a monitor and a device's process of its own (vhost-user) "
    "wake each other by.";
ROW(app_eventfd_process, .setup = setup_eventfd_process, .run = run_eventfd, .teardown = teardown_eventfd) = {
    .name = "app/eventfd-process", .work = "ask another process and get its answer",
    .path = "two eventfds", .help = "a number to another process and back, by eventfds",
    .against = "app/futex-process", .explanation = explanation_app_eventfd_process,
    .columns = "app", .operations = 1, .samples = 500, .warmup = 32,
};

/* ----------------------------------------------------------------- futex -- */

/* Each a futex; UINT32_MAX in the first ends the partner. */
struct words {
    uint32_t asked, answered;
};
static struct words among_threads, *among_processes;

/* `private`: FUTEX_PRIVATE_FLAG where both are of one process, which spares the kernel to look up whose page
 * it is. */
static void futex_wait(uint32_t *word, uint32_t old, int private)
{
    /* Woken, or it was another value already: the caller looks. */
    system_call(SYS_futex, (long)word, FUTEX_WAIT | private, old, 0, 0, 0);
}

static void futex_set(uint32_t *word, uint32_t value, int private)
{
    /* The value must be seen before the wake-up: who sees the old one sleeps. */
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
    system_call(SYS_futex, (long)word, FUTEX_WAKE | private, 1, 0, 0, 0);
}

/* Until it is no longer `old`; what it became. */
static uint32_t futex_await(uint32_t *word, uint32_t old, int private)
{
    uint32_t value;

    while ( (value = __atomic_load_n(word, __ATOMIC_ACQUIRE)) == old )
        futex_wait(word, old, private);
    return value;
}

static inline void answer_words(struct words *w, int private)
{
    uint32_t value = 0;

    while ( (value = futex_await(&w->asked, value, private)) != UINT32_MAX )
        futex_set(&w->answered, value, private);
}

static inline void ask_words(struct row_run *r, struct words *w, int private)
{
    FOR_EACH_SAMPLE(r, i)
    {
        uint32_t back;

        sample_keep(r, i, TIMED((futex_set(&w->asked, i + 1, private),
                                 back = futex_await(&w->answered, i, private))));
        if ( back != i + 1 )
            r->failure = "another number came back";
    }
}

static void *answer_futex(void *unused)
{
    answer_words(&among_threads, FUTEX_PRIVATE_FLAG);
    return unused;
}

static const char *setup_futex(struct row_run *r)
{
    (void)r;
    among_threads = (struct words){ 0 };
    return start(answer_futex);
}

static void run_futex(struct row_run *r)
{
    ask_words(r, &among_threads, FUTEX_PRIVATE_FLAG);
}

static void teardown_futex(struct row_run *r)
{
    (void)r;
    futex_set(&among_threads.asked, UINT32_MAX, FUTEX_PRIVATE_FLAG);
    await_end();
}

EXPLANATION(app_futex) =
    "A word in memory that both threads see, and FUTEX_WAKE and FUTEX_WAIT: what every mutex and "
    "condition variable that has to wait comes to.  The least that waking a thread costs, for nothing "
    "is copied.";
ROW(app_futex, .setup = setup_futex, .run = run_futex, .teardown = teardown_futex) = {
    .name = "app/futex", .work = "ask another thread and get its answer",
    .path = "shared word, FUTEX_WAKE, FUTEX_WAIT", .help = "a number to another thread and back, by futexes",
    .explanation = explanation_app_futex,
    .columns = "app", .operations = 1, .samples = 500, .warmup = 32,
};

static void *answer_futex_process(void *unused)
{
    answer_words(among_processes, 0);
    return unused;
}

static const char *setup_futex_process(struct row_run *r)
{
    (void)r;
    among_processes = mmap(NULL, sizeof(*among_processes), PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return among_processes == MAP_FAILED ? refused("mmap", errno) : start_process(answer_futex_process, -1);
}

static void run_futex_process(struct row_run *r)
{
    ask_words(r, among_processes, 0);
}

static void teardown_futex_process(struct row_run *r)
{
    (void)r;
    futex_set(&among_processes->asked, UINT32_MAX, 0);
    await_end();
    munmap(among_processes, sizeof(*among_processes));
}

EXPLANATION(app_futex_process) =
    "As app/futex, between two processes: a word in memory that both have mapped, as a mutex or a ring among "
    "processes has.  The kernel looks up whose page the word is in, by which each finds the other (no "
    "FUTEX_PRIVATE_FLAG), and each switch of the CPU is one of address spaces.  The least that an application "
    "pays for waking a blocked one beside it.";
ROW(app_futex_process, .setup = setup_futex_process, .run = run_futex_process,
    .teardown = teardown_futex_process) = {
    .name = "app/futex-process", .work = "ask another process and get its answer",
    .path = "shared word, FUTEX_WAKE, FUTEX_WAIT", .help = "a number to another process and back, by futexes",
    .explanation = explanation_app_futex_process,
    .columns = "app", .operations = 1, .samples = 500, .warmup = 32,
};

/* ----------------------------------------------------------------- epoll -- */

static void *answer_epoll(void *unused)
{
    struct epoll_event event;
    uint64_t value = 0;

    while ( value != UINT32_MAX && epoll_wait(partner_poll, &event, 1, -1) == 1 &&
            read(to_partner[0], &value, sizeof(value)) == sizeof(value) &&
            write(from_partner[0], &value, sizeof(value)) == sizeof(value) )
        ;
    return unused;
}

static int watch(int fd)
{
    struct epoll_event event = { .events = EPOLLIN };
    int poll = epoll_create1(EPOLL_CLOEXEC);

    if ( poll >= 0 && epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) )
    {
        close(poll);
        poll = -1;
    }
    return poll;
}

static const char *setup_epoll(struct row_run *r)
{
    (void)r;
    to_partner[0] = eventfd(0, EFD_CLOEXEC);
    from_partner[0] = eventfd(0, EFD_CLOEXEC);
    if ( to_partner[0] < 0 || from_partner[0] < 0 )
        return refused("eventfd", errno);
    partner_poll = watch(to_partner[0]);
    own_poll = watch(from_partner[0]);
    return partner_poll < 0 || own_poll < 0 ? refused("epoll", errno) : start(answer_epoll);
}

/* Younger architectures have only the call that takes a signal mask as well, here none. */
#ifdef SYS_epoll_wait
#define EPOLL_WAIT SYS_epoll_wait
#else
#define EPOLL_WAIT SYS_epoll_pwait
#endif

static void run_epoll(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        struct epoll_event event;
        uint64_t value = i + 1, back = 0;
        long sent, ready;

        sample_keep(r, i, TIMED((
            sent = system_call3(SYS_write, to_partner[0], (long)&value, sizeof(value)),
            ready = system_call(EPOLL_WAIT, own_poll, (long)&event, 1, -1, 0, 0))));
        if ( sent != sizeof(value) || ready != 1 ||
             read(from_partner[0], &back, sizeof(back)) != sizeof(back) || back != value )
            r->failure = "another number came back";
    }
}

static void teardown_epoll(struct row_run *r)
{
    close(own_poll);
    teardown_eventfd(r);
    close(partner_poll);
}

EXPLANATION(app_epoll) =
    "As app/eventfd, where each thread sleeps in epoll_wait, as servers do, and the other one reads "
    "its eventfd then.  Our own read is behind the timed region.";
ROW(app_epoll, .setup = setup_epoll, .run = run_epoll, .teardown = teardown_epoll) = {
    .name = "app/epoll", .work = "ask another thread and get its answer",
    .path = "eventfds, epoll", .help = "a number to a thread in epoll_wait, and back",
    .against = "app/eventfd", .explanation = explanation_app_epoll,
    .columns = "app", .operations = 1, .samples = 500, .warmup = 32,
};

/* ---------------------------------------------------------------- socket -- */

static void *answer_socket(void *unused)
{
    char message[BYTES];

    while ( read(to_partner[0], message, BYTES) == BYTES &&
            write(to_partner[0], message, BYTES) == BYTES )
        ;
    return unused;
}

static const char *setup_socket(struct row_run *r)
{
    (void)r;
    if ( socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, to_partner) )
        return refused("socketpair", errno);
    return start(answer_socket);
}

static void run_socket(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        char message[BYTES], back[BYTES] = { 0 };
        long sent, got;

        memset(message, (int)(i | 1), BYTES);
        sample_keep(r, i, TIMED((
            sent = system_call3(SYS_write, to_partner[1], (long)message, BYTES),
            got = system_call3(SYS_read, to_partner[1], (long)back, BYTES))));
        if ( sent != BYTES || got != BYTES || memcmp(back, message, BYTES) )
            r->failure = "other bytes came back through the socket";
    }
}

static void teardown_socket(struct row_run *r)
{
    (void)r;
    close(to_partner[1]);
    pthread_join(partner, NULL);
    close(to_partner[0]);
}

EXPLANATION(app_unix_socket) =
    "64 bytes through a UNIX stream socket to a thread that sleeps in read(), and back.  Each message "
    "is allocated, copied in, queued, copied out and freed.";
ROW(app_unix_socket, .setup = setup_socket, .run = run_socket, .teardown = teardown_socket) = {
    .name = "app/unix-socket", .work = "send 64 bytes to another thread and get them back",
    .path = "socketpair", .help = "64 bytes to another thread and back, by a UNIX socket",
    .explanation = explanation_app_unix_socket,
    .columns = "app", .operations = 1, .samples = 500, .warmup = 32, .bytes = 2 * BYTES,
};

/* ---------------------------------------------------------------- thread -- */

static void *answer_nothing(void *argument)
{
    return argument;
}

static void run_thread(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        void *answer = NULL;
        int error = 0;

        sample_keep(r, i, TIMED((error = pthread_create(&partner, NULL, answer_nothing, r),
                                 error = error ? error : pthread_join(partner, &answer))));
        if ( error || answer != r )
            r->failure = "the thread did not run to its end";
    }
}

EXPLANATION(app_thread) =
    "pthread_create of a thread that returns at once, and pthread_join, as libc does it (this machine's, "
    "linked statically): a stack from its cache, clone3, the switch to the new thread and back, exit, "
    "and the futex that the kernel wakes at its end.";
ROW(app_thread, .run = run_thread) = {
    .name = "app/thread", .work = "start a thread and wait for its end",
    .path = "libc, clone3, exit, futex", .help = "pthread_create and pthread_join",
    .explanation = explanation_app_thread,
    .columns = "app", .operations = 1, .samples = 300, .warmup = 16,
};
