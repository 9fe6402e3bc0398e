/* Signals and processes. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/row.h"

#define CHILD_STATUS 7   /* of --child: main.c */

static volatile uint32_t handled;
static struct sigaction before;

static void handle(int signal)
{
    (void)signal;
    handled++;
}

static const char *setup_signal(struct row_run *r)
{
    struct sigaction action = { .sa_handler = handle };

    (void)r;
    handled = 0;
    return sigaction(SIGUSR1, &action, &before) ? refused("sigaction", errno) : NULL;
}

static void run_signal(struct row_run *r)
{
    long process = getpid(), thread = system_call0(SYS_gettid);

    FOR_EACH_SAMPLE(r, i)
    {
        sample_keep(r, i, TIMED(system_call3(SYS_tgkill, process, thread, SIGUSR1)));
        if ( handled != i + 1 )
            r->failure = "the signal did not reach its handler";
    }
}

static void teardown_signal(struct row_run *r)
{
    (void)r;
    sigaction(SIGUSR1, &before, NULL);
}

EXPLANATION(app_signal) =
    "A thread sends itself a signal that it handles: tgkill, the frame on its stack with the "
    "registers, vectors included (XSAVE), the handler, and sigreturn.";
ROW(app_signal, .setup = setup_signal, .run = run_signal, .teardown = teardown_signal) = {
    .name = "app/signal", .work = "send oneself a signal and handle it",
    .path = "tgkill, handler, sigreturn", .help = "a signal to itself and back from its handler",
    .explanation = explanation_app_signal,
    .columns = "app", .operations = 1, .samples = 500, .warmup = 32,
};

static int spawn(void)
{
    static char name[] = "child", option[] = "--child";
    char *arguments[] = { name, option, NULL };
    pid_t child = fork();
    int status = -1;

    if ( child == 0 )
    {
        execve("/proc/self/exe", arguments, NULL);
        _exit(1);
    }
    while ( child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR )
        ;
    return status;
}

static void run_spawn(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        int status;

        sample_keep(r, i, TIMED(status = spawn()));
        if ( !WIFEXITED(status) || WEXITSTATUS(status) != CHILD_STATUS )
            r->failure = "the child did not run, or not to its end";
    }
}

EXPLANATION(app_fork_exec_wait) =
    "fork, execve of this very program with an argument that makes it return at once, and waitpid: "
    "what a shell does for each command.  libc (static, this machine's) and the program's start are in "
    "it.";
ROW(app_fork_exec_wait, .run = run_spawn) = {
    .name = "app/fork-exec-wait", .work = "run a program and wait for its end",
    .path = "fork, execve, exit, waitpid", .help = "start a process and wait for its end",
    .explanation = explanation_app_fork_exec_wait,
    .columns = "app", .operations = 1, .samples = 50, .warmup = 4,
};
