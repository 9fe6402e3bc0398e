/*
 * In dom0: kill a netif backend where it hurts.  It is stopped behind one of its grant copies,
 * so that responses are next to be written and published, goes on for so many instructions,
 * and is killed there.
 *
 *     killer PID INSTRUCTIONS
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#define GRANT_COPY 0x104708ull   /* IOCTL_GNTDEV_GRANT_COPY, xen/gntdev.h */

static void must(bool holds, const char *what)
{
    if ( holds )
        return;
    fprintf(stderr, "killer: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* Let it run until it stops by itself. */
static void go(pid_t pid, enum __ptrace_request how)
{
    int status;

    must(!ptrace(how, pid, 0, 0), "cannot let it run");
    must(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status), "it does not stop");
}

/* Until the kernel returns from a grant copy. */
static void behind_copy(pid_t pid)
{
    struct user_regs_struct r;

    do {
        go(pid, PTRACE_SYSCALL);   /* in … */
        go(pid, PTRACE_SYSCALL);   /* … and out */
        must(!ptrace(PTRACE_GETREGS, pid, 0, &r), "cannot read its registers");
    } while ( r.orig_rax != SYS_ioctl || r.rsi != GRANT_COPY );
}

int main(int argc, char **argv)
{
    pid_t pid = argc == 3 ? atoi(argv[1]) : 0;
    long count = argc == 3 ? atol(argv[2]) : 0;
    int status;

    must(pid > 0, "killer PID INSTRUCTIONS");
    must(!ptrace(PTRACE_ATTACH, pid, 0, 0), "cannot trace it");
    must(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status), "it does not stop");
    behind_copy(pid);
    if ( count % 4 )   /* from the domain; mostly the next is wanted, to it */
        behind_copy(pid);
    while ( count-- > 0 )
        go(pid, PTRACE_SINGLESTEP);
    kill(pid, SIGKILL);
    return 0;
}
