/*
 * The application: one static program that makes the same requests of its kernel wherever it is
 * started, as a process, in a container, in a sandbox, as process 1 of a Linux guest (domain.h).
 * It reads commands (struct control_response) from its standard input up to the end, and writes
 * READY and a result for each to its standard output, as the unikernel does in bare mode (xenometer/protocol.h).
 *
 * Try: build/xenometer run app
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xenometer/protocol.h>

#include "app/serve.h"

#define RELAY_FAILED 2   /* of --relay, whose status is the command's otherwise */
#define CHILD_STATUS 7   /* of --child, which rows/process.c waits for */

/* Say when, and become what starts the application. */
static int start(char **argv)
{
    struct control_request started = { .kind = CONTROL_STARTED };

    started.times.entry = tsc_begin();
    if ( write(STDOUT_FILENO, &started, sizeof(started)) == (ssize_t)sizeof(started) )
        execvp(argv[0], argv);
    fprintf(stderr, "cannot start %s: %s\n", argv[0], strerror(errno));
    return 1;
}

static bool give_all(const void *data, size_t size)
{
    const char *at = data;
    ssize_t n = 1;

    for ( ; size && n > 0; at += n > 0 ? n : 0, size -= n > 0 ? (size_t)n : 0 )
        n = write(STDOUT_FILENO, at, size);
    return n > 0;
}

/*
 * A monitor that cannot give its guest the host's time stamp counter: its results pass through here.  READY
 * has the guest's counter at its beginning and how long ago that was when it went out; as it comes now, the
 * difference of the counters is known, and STARTED is said in the guest's.
 */
static int relay(int from, uint64_t began)
{
    struct control_request started = { .kind = CONTROL_STARTED }, ready;
    uint64_t came = 0;
    size_t size = 0;
    char more[4096];
    ssize_t n;

    while ( size < sizeof(ready) && (n = read(from, (char *)&ready + size, sizeof(ready) - size)) > 0 )
    {
        came = came ? came : tsc_end();
        size += (size_t)n;
    }
    if ( size < sizeof(ready) )
        return RELAY_FAILED;   /* it has said why */
    started.times.entry = began + ready.times.entry + ready.boot - came;
    if ( !give_all(&started, sizeof(started)) || !give_all(&ready, sizeof(ready)) )
        return RELAY_FAILED;
    while ( (n = read(from, more, sizeof(more))) > 0 )
        if ( !give_all(more, (size_t)n) )
            return RELAY_FAILED;
    return 0;
}

/* Start the command, with its standard output through relay().  Its exit status. */
static int start_relayed(char **argv)
{
    uint64_t began = tsc_begin();
    int ends[2], status;
    pid_t pid;

    if ( pipe2(ends, O_CLOEXEC) || (pid = fork()) < 0 )
    {
        fprintf(stderr, "cannot start %s: %s\n", argv[0], strerror(errno));
        return RELAY_FAILED;
    }
    if ( pid == 0 )
    {
        if ( dup2(ends[1], STDOUT_FILENO) >= 0 )
            execvp(argv[0], argv);
        fprintf(stderr, "cannot start %s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    close(ends[1]);
    status = relay(ends[0], began);
    if ( status || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) )
        return RELAY_FAILED;
    return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
    uint64_t entry = tsc_begin();

    if ( argc > 1 && !strcmp(argv[1], "--child") )
        return CHILD_STATUS;
    if ( argc > 2 && !strcmp(argv[1], "--start") )
        return start(argv + 2);
    if ( argc > 2 && !strcmp(argv[1], "--relay") )
        return start_relayed(argv + 2);
    return serve(argc > 1 ? argv[1] : NULL, entry, NULL);
}
