#include "bench/self.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/child.h"
#include "xenometer.h"

int program_answer(const char *const *argv, char **text, size_t *size)
{
    int out = memory_file("answer", 0), status = STATUS_ENVIRONMENT, error;
    struct child child;

    *text = NULL;
    if ( out < 0 )
        return STATUS_ENVIRONMENT;
    error = child_start(&child, &(struct child_start){ .argv = argv, .stdin_fd = -1, .stdout_fd = out,
                                                       .stderr_fd = STDERR_FILENO });
    if ( error )
        message("cannot start %s: %s", argv[0], strerror(error));
    else
    {
        while ( !child_wait(&child, 100) && !cancelled() )
            ;
        child_kill(&child);
        *text = memory_file_text(out, size);
        /* A row that failed is a result; a run that broke off is none, whatever it has written. */
        status = child_exit_status(&child);
        if ( cancelled() )
            status = cancelled();
        else if ( *size && status == STATUS_FAILED )
            status = STATUS_OK;
    }
    if ( status != STATUS_OK )
    {
        free(*text);
        *text = NULL;
    }
    close(out);
    return status;
}

int self_run(const char *const *argv, char **text, size_t *size)
{
    size_t count = 0;
    const char **all;
    int status;

    while ( argv[count] )
        count++;
    all = xcalloc(count + 2, sizeof(*all));
    all[0] = "/proc/self/exe";
    memcpy(all + 1, argv, count * sizeof(*all));
    status = program_answer(all, text, size);
    free(all);
    return status;
}
