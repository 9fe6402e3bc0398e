#include "guests/kvm/others.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xenometer/protocol.h>

#include "guests/kvm/monitor.h"

static const struct others_cpu *cpu;
static const struct control_response *commands;
static size_t command_count;
static int vm;

/* A doorbell at that place of the page, the line that interrupts, and the files behind them. */
struct way {
    uint32_t doorbell;
    int out, in;
};

static int new_event(void)
{
    int fd = eventfd(0, EFD_CLOEXEC);

    if ( fd < 0 )
        fail("eventfd: %s", strerror(errno));
    return fd;
}

static void put_way(const struct way *w, bool there)
{
    struct kvm_ioeventfd bell = { .addr = VMM_MEMORY + w->doorbell, .len = 4, .fd = w->out,
                                  .flags = there ? 0 : KVM_IOEVENTFD_FLAG_DEASSIGN };
    struct kvm_irqfd line = { .fd = (uint32_t)w->in, .gsi = cpu->line,
                              .flags = there ? 0 : KVM_IRQFD_FLAG_DEASSIGN };

    must(vm, KVM_IOEVENTFD, &bell, "KVM_IOEVENTFD");
    must(vm, KVM_IRQFD, &line, "KVM_IRQFD");
}

static void close_way(struct way *w)
{
    close(w->out);
    close(w->in);
    *w = (struct way){ .doorbell = w->doorbell };
}

/* ---- the thread that answers ---- */

static struct way answers = { .doorbell = VMM_ANSWER_OFFSET };
static pthread_t answerer;
static bool answering, stopping;
static uint64_t answered;

static void *answer(void *unused)
{
    static const uint64_t one = 1;
    uint64_t rings;

    (void)unused;
    while ( read(answers.out, &rings, sizeof(rings)) == (ssize_t)sizeof(rings) &&
            !__atomic_load_n(&stopping, __ATOMIC_ACQUIRE) )
    {
        __atomic_store_n(&answered, cpu->clock(), __ATOMIC_RELEASE);
        if ( write(answers.in, &one, sizeof(one)) != (ssize_t)sizeof(one) )
            fail("cannot signal the guest: %s", strerror(errno));
    }
    return NULL;
}

static void begin_answers(void)
{
    answers.out = new_event();
    answers.in = new_event();
    put_way(&answers, true);
    stopping = false;
    if ( pthread_create(&answerer, NULL, answer, NULL) )
        fail("no thread for the monitor");
    answering = true;
}

static void end_answers(void)
{
    static const uint64_t one = 1;

    __atomic_store_n(&stopping, true, __ATOMIC_RELEASE);
    if ( write(answers.out, &one, sizeof(one)) != (ssize_t)sizeof(one) )
        fail("cannot wake the monitor's thread: %s", strerror(errno));
    pthread_join(answerer, NULL);
    put_way(&answers, false);
    close_way(&answers);
    answering = false;
}

/* ---- the second guest ---- */

#define PATIENCE 2u     /* seconds from the end of the second guest until the first has asked for it */

static struct way ways = { .doorbell = VMM_SIGNAL_OFFSET };
static pid_t peer;      /* 0: there is none */
static bool second;     /* this process is that guest's */

static void run_second(const struct control_response *command)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    const int out = ways.out;

    /* Its samples are the first one's, from the other side. */
    if ( nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) )
        fail("no second guest: %s", strerror(errno));
    ways.out = ways.in;
    ways.in = out;
    second = true;
    /* The first one halts until it is signalled: it is not to wait for who has panicked (others_look()). */
    exit(cpu->run(command, sizeof(*command)) ? 1 : 0);
}

/* Of KVM_RUN, too: the second guest has ended, or was expected to be missed since then. */
static volatile sig_atomic_t late;

static void interrupt(int signal)
{
    late = late || signal == SIGALRM;
}

static void begin_peer(uint32_t id)
{
    static const struct sigaction on_end = { .sa_handler = interrupt };
    struct control_response command = { .operation = CONTROL_STOP };

    for ( size_t i = 0; i < command_count; i++ )
        if ( commands[i].operation == CONTROL_RUN && commands[i].id == id )
            command = commands[i];
    if ( command.operation != CONTROL_RUN || peer || second )
        fail("the image wants a second guest for a command that it has not");
    command.half = PEER_SECOND;
    ways.out = new_event();
    ways.in = new_event();
    put_way(&ways, true);
    sigaction(SIGCHLD, &on_end, NULL);
    sigaction(SIGALRM, &on_end, NULL);
    late = 0;
    fflush(NULL);
    peer = fork();
    if ( peer < 0 )
        fail("no process for the second guest: %s", strerror(errno));
    if ( peer == 0 )
        run_second(&command);
}

static uint32_t end_peer(void)
{
    int status = 1;

    if ( !peer )
        return 1;
    while ( waitpid(peer, &status, 0) < 0 && errno == EINTR )
        continue;
    alarm(0);
    peer = 0;
    put_way(&ways, false);
    close_way(&ways);
    return (uint32_t)status;
}

void others_look(void)
{
    siginfo_t info = { 0 };

    if ( !peer || waitid(P_PID, (id_t)peer, &info, WEXITED | WNOHANG | WNOWAIT) || !info.si_pid )
        return;
    if ( info.si_code != CLD_EXITED || info.si_status )
        fail("the second guest has ended");
    /* All is well if the first one asks for its end next. */
    if ( late )
        fail("the second guest has ended, and the first one waits for it");
    alarm(PATIENCE);
}

/* ---- both ---- */

void others_begin(int of, const struct others_cpu *c, const void *all, size_t size)
{
    vm = of;
    cpu = c;
    commands = all;
    command_count = size / sizeof(*commands);
    if ( second )
        put_way(&ways, true);
}

bool others_write(uint64_t at, uint32_t value)
{
    if ( at == VMM_MEMORY + VMM_PEER_OFFSET )
        begin_peer(value);
    else if ( at == VMM_MEMORY + VMM_ANSWERS_OFFSET && value && !answering )
        begin_answers();
    else if ( at == VMM_MEMORY + VMM_ANSWERS_OFFSET && !value && answering )
        end_answers();
    else
        return false;
    return true;
}

bool others_read(uint64_t at, uint32_t *value)
{
    uint64_t when = __atomic_load_n(&answered, __ATOMIC_ACQUIRE);

    switch ( at )
    {
    case VMM_MEMORY + VMM_PEER_OFFSET:         *value = end_peer(); return true;
    case VMM_MEMORY + VMM_ANSWERED_OFFSET:     *value = (uint32_t)when; return true;
    case VMM_MEMORY + VMM_ANSWERED_OFFSET + 4: *value = (uint32_t)(when >> 32); return true;
    }
    return false;
}
