#include "bare.h"

#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "xenometer.h"

bool bare_next(const void *data, size_t size, size_t *offset,
               struct control_request *record, uint64_t **ticks)
{
    size_t left = size - *offset, bytes;

    if ( *offset > size || left < sizeof(*record) )
        return false;
    memcpy(record, (const char *)data + *offset, sizeof(*record));
    record->reason[sizeof(record->reason) - 1] = '\0';
    bytes = (size_t)record->samples * sizeof(uint64_t);
    if ( left - sizeof(*record) < bytes )
        return false;
    *ticks = xmalloc(bytes);
    memcpy(*ticks, (const char *)data + *offset + sizeof(*record), bytes);
    *offset += sizeof(*record) + bytes;
    return true;
}

static bool runs_bare(const struct image_row *row)
{
    return row->modes & MODE_BARE;
}

void bare_skip(const struct session_options *options, const struct selection *selection,
               const char *reason, struct results *results)
{
    (void)options;
    for ( size_t i = 0; i < selection->count; i++ )
    {
        const struct image_row *row = selection->rows[i];

        record_add(results, row, MODE_BARE, OUTCOME_SKIP,
                   runs_bare(row) ? reason : row->elsewhere);
    }
}

static struct control_response command(const struct image_row *row, uint32_t id,
                                       uint32_t samples)
{
    return (struct control_response){
        .operation = CONTROL_RUN, .id = id, .row = row->index,
        .samples = samples ? samples : row->samples, .warmup = row->warmup,
    };
}

int bare_run(const struct lab_options *lab, const struct session_options *options,
             const struct selection *selection, struct results *results)
{
    const struct image_row *empty = image_baseline(options->image);
    struct control_response *commands =
        xcalloc(selection->count + 1, sizeof(*commands));
    struct control_request record;
    size_t count = 0, size = 0, offset = 0;
    uint64_t overhead = 0, *ticks;
    void *out = NULL;
    char *console = NULL;
    int status;

    if ( !empty )
    {
        message("%s has no baseline row to subtract: rebuild it", options->elf);
        free(commands);
        return STATUS_ENVIRONMENT;
    }
    /* Command 0 is the overhead of all others, asked for or not. */
    commands[count++] = command(empty, 0, 0);
    for ( size_t i = 0; i < selection->count; i++ )
        if ( runs_bare(selection->rows[i]) )
            commands[count++] = command(selection->rows[i], (uint32_t)i + 1,
                                        options->samples);

    status = lab_bare(lab, options->elf, commands, count * sizeof(*commands),
                      &out, &size, &console, options->domain_deadline);
    if ( bare_next(out, size, &offset, &record, &ticks) )
    {
        progress("bare: ready %llu ticks after its entry", (unsigned long long)record.boot);
        overhead = record_overhead(ticks, record.samples);
        free(ticks);
    }
    for ( size_t i = 0; i < selection->count; i++ )
    {
        const struct image_row *row = selection->rows[i];
        const char *wrong;
        char *reason;

        if ( !runs_bare(row) )
        {
            record_add(results, row, MODE_BARE, OUTCOME_SKIP, row->elsewhere);
            continue;
        }
        if ( !bare_next(out, size, &offset, &record, &ticks) )
        {
            reason = console && *console
                ? xasprintf("the image ended before this row; its last words: %s", console)
                : xstrdup("the image ended before this row, without a word");
            record_add(results, row, MODE_BARE, OUTCOME_ERROR, reason);
            free(reason);
            continue;
        }
        wrong = record_nonsense(&record, (uint32_t)i + 1,
                                options->samples ? options->samples : row->samples);
        if ( wrong )
        {
            record_add(results, row, MODE_BARE, OUTCOME_ERROR, wrong);
            free(ticks);
        }
        else
            record_result(results, row, MODE_BARE, &record, ticks, overhead,
                          options->keep_raw);
    }
    free(commands);
    free(console);
    free(out);
    return status;
}
