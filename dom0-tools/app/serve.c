#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xenometer/protocol.h>

#include "app/domain.h"
#include "app/row.h"
#include "app/serve.h"

/* The two tables have the same order. */
extern const struct row_code __start_row_code[], __stop_row_code[];
extern const struct row __start_rows[];

const char *refused(const char *what, int error)
{
    static char text[REASON_SIZE];

    snprintf(text, sizeof(text), "%s: %s", what, strerror(error));
    return text;
}

int data_file_make(const char *name, uint32_t size)
{
    uint8_t *data = malloc(size);
    int fd = -1, kept = -1;

    for ( uint32_t i = 0; data && i < size; i++ )
        data[i] = data_byte(i);
    if ( data )
        fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if ( fd >= 0 && write(fd, data, size) == (ssize_t)size )
        kept = open(name, O_RDONLY | O_CLOEXEC);
    if ( fd >= 0 )
        close(fd);
    free(data);
    return kept;
}

static bool in_domain;

static void give(const void *data, size_t size)
{
    const char *at = data;

    if ( in_domain )
    {
        domain_give(data, size);
        return;
    }

    while ( size )
    {
        ssize_t n = write(STDOUT_FILENO, at, size);

        if ( n <= 0 )
            exit(1);   /* nobody reads them */
        at += n;
        size -= (size_t)n;
    }
}

static bool take(struct control_response *command)
{
    char *at = (char *)command;
    size_t left = sizeof(*command);

    while ( left )
    {
        ssize_t n = read(STDIN_FILENO, at, left);

        if ( n <= 0 )
            return false;
        at += n;
        left -= (size_t)n;
    }
    return true;
}

static void run(const struct control_response *command, row_chooser *choose)
{
    struct control_request q = { .kind = CONTROL_RESULT, .id = command->id };
    const struct row_code *row = __start_row_code + command->row;
    struct row_run r = { .count = command->samples, .warmup = command->warmup };
    const char *reason = NULL;

    if ( row >= __stop_row_code )
    {
        q.outcome = OUTCOME_ERROR;
        reason = "no such row in this application";
    }
    else if ( choose && !(row = choose(&__start_rows[command->row], &reason)) )
        q.outcome = OUTCOME_SKIP;
    else if ( !(r.ticks = calloc(r.count ? r.count : 1, sizeof(*r.ticks))) )
    {
        q.outcome = OUTCOME_ERROR;
        reason = "no memory for the samples";
    }
    else if ( row->setup && (reason = row->setup(&r)) )
        q.outcome = OUTCOME_SKIP;
    else
    {
        row->run(&r);
        if ( row->teardown )
            row->teardown(&r);
        reason = r.failure;
        q.outcome = reason ? OUTCOME_FAILURE : OUTCOME_SUCCESS;
        q.samples = reason ? 0 : r.taken;
        q.first = r.first;
        q.batch = r.batch;
    }
    if ( reason )
        snprintf(q.reason, sizeof(q.reason), "%s", reason);
    give(&q, sizeof(q));
    give(r.ticks, q.samples * sizeof(*r.ticks));
    free(r.ticks);
}

uint64_t program_entry;

int serve(const char *option, uint64_t entry, row_chooser *choose)
{
    struct control_request ready = { .kind = CONTROL_READY };
    struct control_response command;

    program_entry = entry;
    in_domain = option && domain_begin(option);
    ready.times.entry = entry;   /* of a guest, whose counter need not be that of who starts it */
    ready.boot = tsc_end() - entry;
    give(&ready, sizeof(ready));
    while ( take(&command) )
        run(&command, choose);
    if ( in_domain )
        domain_end();
    return 0;
}
