/*
 * The application: one static program that makes the same requests of its kernel wherever it is
 * started, as a process, in a container, in a sandbox, as process 1 of a Linux guest (domain.h).
 * It reads commands (struct control_response) from its standard input up to the end, and writes
 * READY and a result for each to its standard output, as the unikernel does in bare mode (xenometer/protocol.h).
 *
 * Try: build/xenometer run app
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <xenometer/protocol.h>

#include "app/serve.h"

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

int main(int argc, char **argv)
{
    uint64_t entry = tsc_begin();

    if ( argc > 1 && !strcmp(argv[1], "--child") )
        return CHILD_STATUS;
    if ( argc > 2 && !strcmp(argv[1], "--start") )
        return start(argv + 2);
    return serve(argc > 1 ? argv[1] : NULL, entry, NULL);
}
