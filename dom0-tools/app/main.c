/*
 * The application: one static program that makes the same requests of its kernel wherever it is
 * started, as a process, in a container, in a sandbox, as process 1 of a Linux guest (domain.h).
 * It reads commands (struct control_response) from its standard input up to the end, and writes
 * READY and a result for each to its standard output, as the unikernel does in bare mode (xenometer/protocol.h).
 *
 * Try: build/xenometer run app
 */
#include <string.h>

#include "app/serve.h"

#define CHILD_STATUS 7   /* of --child, which rows/process.c waits for */

int main(int argc, char **argv)
{
    uint64_t entry = tsc_begin();

    if ( argc > 1 && !strcmp(argv[1], "--child") )
        return CHILD_STATUS;
    return serve(argc > 1 ? argv[1] : NULL, entry, NULL);
}
