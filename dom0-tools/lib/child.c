#include "lib/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/stage.h"
#include "xenometer.h"

static void put_fd(int fd, int target, int flags)
{
    if ( fd < 0 )
        fd = open("/dev/null", flags);
    if ( fd == target )
        fcntl(fd, F_SETFD, 0);
    else
        dup2(fd, target);
}

/* In the child. */
static void end_with(pid_t parent)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* We may have been orphaned before the line above. */
    if ( getppid() != parent )
        _exit(127);
}

static void __attribute__((noreturn))
become(const struct child_start *how, pid_t parent, int report)
{
    int error;

    end_with(parent);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    put_fd(how->stdin_fd, 0, O_RDONLY);
    put_fd(how->stdout_fd, 1, O_WRONLY);
    put_fd(how->stderr_fd, 2, O_WRONLY);
    for ( size_t i = 0; i < how->keep_count; i++ )
        put_fd(how->keep[i], how->numbers ? how->numbers[i] : how->keep[i], O_RDWR);
    if ( how->directory == NULL || chdir(how->directory) == 0 )
        execvp(how->argv[0], (char *const *)how->argv);
    error = errno;
    if ( write(report, &error, sizeof(error)) < 0 )
        _exit(126);
    _exit(127);
}

int child_start(struct child *child, const struct child_start *how)
{
    pid_t parent = getpid();
    int report[2], error = 0;
    ssize_t n;

    *child = (struct child){ .pidfd = -1 };
    /* Closed by a successful exec: reading nothing means it runs. */
    if ( pipe2(report, O_CLOEXEC) )
        return errno;
    child->pid = fork();
    if ( child->pid < 0 )
        error = errno;
    if ( child->pid == 0 )
        become(how, parent, report[1]);
    close(report[1]);
    if ( error == 0 )
    {
        /* In both processes, so that it has happened whoever runs first. */
        setpgid(child->pid, child->pid);
        do
            n = read(report[0], &error, sizeof(error));
        while ( n < 0 && errno == EINTR );
        if ( n != sizeof(error) )
            error = 0;
        else
            waitpid(child->pid, NULL, 0);
    }
    close(report[0]);
    if ( error == 0 && (child->pidfd = pidfd_open(child->pid, 0)) < 0 )
    {
        error = errno;
        child_kill(child);
    }
    if ( error )
        *child = (struct child){ .pidfd = -1, .ended = true };
    return error;
}

int child_fork(struct child *child)
{
    pid_t parent = getpid();
    int error;

    *child = (struct child){ .pidfd = -1, .ended = true };
    fflush(NULL);
    child->pid = fork();
    if ( child->pid == 0 )
        end_with(parent);
    if ( child->pid <= 0 )
        return child->pid;
    setpgid(child->pid, child->pid);
    child->ended = false;
    if ( (child->pidfd = pidfd_open(child->pid, 0)) >= 0 )
        return 1;
    error = errno;
    child_kill(child);
    errno = error;
    return -1;
}

static void reap(struct child *child, int flags)
{
    pid_t pid;

    do
        pid = waitpid(child->pid, &child->status, flags);
    while ( pid < 0 && errno == EINTR );
    if ( pid == 0 )
        return;
    child->ended = true;
    if ( child->pidfd >= 0 )
        close(child->pidfd);
    child->pidfd = -1;
}

bool child_wait(struct child *child, int milliseconds)
{
    struct pollfd ended = { .fd = child->pidfd, .events = POLLIN };

    if ( child->ended || child->pid == 0 )
        return true;
    if ( poll(&ended, 1, milliseconds) == 1 )
        reap(child, 0);
    return child->ended;
}

uint64_t child_cpu_ms(const struct child *child)
{
    struct timespec used;
    clockid_t clock;

    if ( !child->pid || child->ended || clock_getcpuclockid(child->pid, &clock) ||
         clock_gettime(clock, &used) )
        return 0;
    return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

void child_kill(struct child *child)
{
    if ( child->pid == 0 || child->ended )
        return;
    kill(-child->pid, SIGKILL);
    reap(child, 0);
}

char *child_ending(const struct child *child)
{
    if ( WIFSIGNALED(child->status) )
        return xasprintf("was killed by signal %d (%s)", WTERMSIG(child->status),
                         strsignal(WTERMSIG(child->status)));
    return xasprintf("exited with status %d", WEXITSTATUS(child->status));
}

int child_exit_status(const struct child *child)
{
    return WIFSIGNALED(child->status) ? 128 + WTERMSIG(child->status)
                                      : WEXITSTATUS(child->status);
}

int memory_file(const char *name, size_t size)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    if ( fd >= 0 && size && ftruncate(fd, (off_t)size) )
    {
        close(fd);
        fd = -1;
    }
    if ( fd < 0 )
        message("no memory file of %zu bytes: %s", size, strerror(errno));
    return fd;
}

char *memory_file_text(int fd, size_t *length)
{
    struct stat st;
    size_t size = 0, done = 0;
    char *text;

    if ( fd >= 0 && fstat(fd, &st) == 0 )
        size = (size_t)st.st_size;
    text = xmalloc(size + 1);
    while ( done < size )
    {
        ssize_t n = pread(fd, text + done, size - done, (off_t)done);

        if ( n <= 0 )
            break;
        done += (size_t)n;
    }
    text[done] = '\0';
    if ( length )
        *length = done;
    return text;
}

/* The line that says most: the last error, without apt's and dpkg's prefixes. */
static char *last_complaint(char *text)
{
    char *best = NULL, *line, *rest = text;

    while ( (line = strsep(&rest, "\n")) != NULL )
    {
        if ( strncmp(line, "W: ", 3) == 0 || line[strspn(line, " \t")] == '\0' )
            continue;
        /* apt's first error names the cause, what follows the consequences. */
        if ( best && strncmp(best, "E: ", 3) == 0 )
            continue;
        best = line;
    }
    if ( best && strncmp(best, "E: ", 3) == 0 )
        best += 3;
    return best;
}

int child_run(const struct child_start *how, char **complaint)
{
    struct child_start with = *how;
    struct child child;
    char *text, *line, *why = NULL;
    int error, status = STATUS_OK, diagnostics = memory_file("diagnostics", 0);

    if ( diagnostics < 0 )
        return STATUS_ENVIRONMENT;
    with.stderr_fd = diagnostics;
    error = child_start(&child, &with);
    if ( error == ENOENT )
        why = xasprintf("%s is missing on this machine", how->argv[0]);
    else if ( error )
        why = xasprintf("cannot start %s: %s", how->argv[0], strerror(error));
    while ( !error && !child_wait(&child, 100) )
    {
        stage_tick();
        if ( cancelled() )
            child_kill(&child);
    }
    if ( cancelled() )
        status = cancelled();
    else if ( !error && child.status )
    {
        char *ending = child_ending(&child);

        text = memory_file_text(diagnostics, NULL);
        line = last_complaint(text);
        why = line ? xasprintf("%s: %s", how->argv[0], line)
                   : xasprintf("%s %s", how->argv[0], ending);
        free(text);
        free(ending);
    }
    close(diagnostics);
    if ( why )
        status = STATUS_ENVIRONMENT;
    if ( complaint )
        *complaint = why;
    else if ( why )
    {
        message("%s", why);
        free(why);
    }
    return status;
}
