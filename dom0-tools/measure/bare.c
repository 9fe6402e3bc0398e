#include "bare.h"

#include <stdlib.h>
#include <string.h>

#include "summary.h"
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

static struct result *add(struct results *results, const struct image_row *row,
                          enum outcome outcome, const char *reason)
{
    struct result *r = results_add(results);

    r->row = xstrdup(row->name);
    r->work = xstrdup(row->work);
    r->path = xstrdup(row->path);
    r->mode = MODE_BARE;
    r->outcome = outcome;
    r->reason = reason && *reason ? xstrdup(reason) : NULL;
    r->dom0 = row->flags & ROW_DOM0;
    r->blocks = row->flags & ROW_BLOCKS;
    r->operations = row->operations;
    return r;
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

        add(results, row, OUTCOME_SKIP, runs_bare(row) ? reason : row->elsewhere);
    }
}

static const struct image_row *baseline(const struct image *image)
{
    for ( size_t i = 0; i < image->count; i++ )
        if ( image->rows[i].flags & ROW_BASELINE )
            return &image->rows[i];
    return NULL;
}

static struct control_response command(const struct image_row *row, uint32_t id,
                                       uint32_t samples)
{
    return (struct control_response){
        .operation = CONTROL_RUN, .id = id, .row = row->index,
        .samples = samples ? samples : row->samples, .warmup = row->warmup,
    };
}

/* The figures of one answered command into its result. */
static void take(struct result *r, const struct image_row *row,
                 const struct control_request *record, uint64_t *ticks,
                 uint64_t overhead, bool keep_raw)
{
    r->outcome = record->outcome <= OUTCOME_FAILURE ? record->outcome : OUTCOME_ERROR;
    if ( record->reason[0] )
        r->reason = xstrdup(record->reason);
    if ( r->outcome == OUTCOME_SUCCESS && record->samples == 0 )
    {
        r->outcome = OUTCOME_ERROR;
        r->reason = xstrdup("the image took no sample");
    }
    if ( r->outcome != OUTCOME_SUCCESS )
        return;
    if ( row->flags & ROW_BASELINE )
        overhead = 0;
    summarise(r, ticks, record->samples, overhead, row->operations);
    r->first = summary_net(record->first, overhead, row->operations);
    if ( keep_raw )
    {
        r->raw = xmalloc(record->samples * sizeof(uint64_t));
        memcpy(r->raw, ticks, record->samples * sizeof(uint64_t));
        r->raw_count = record->samples;
    }
}

int bare_run(const struct lab_options *lab, const struct session_options *options,
             const struct selection *selection, struct results *results)
{
    const struct image_row *empty = baseline(options->image);
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
        struct result scratch = { .operations = 1 };

        summarise(&scratch, ticks, record.samples, 0, 1);
        overhead = scratch.median;
        free(ticks);
    }
    for ( size_t i = 0; i < selection->count; i++ )
    {
        const struct image_row *row = selection->rows[i];
        struct result *r;

        if ( !runs_bare(row) )
        {
            add(results, row, OUTCOME_SKIP, row->elsewhere);
            continue;
        }
        ticks = NULL;
        if ( !bare_next(out, size, &offset, &record, &ticks) || record.id != i + 1 )
        {
            r = add(results, row, OUTCOME_ERROR, NULL);
            r->reason = console && *console
                ? xasprintf("the image ended before this row; its last words: %s", console)
                : xstrdup("the image ended before this row, without a word");
        }
        else
        {
            r = add(results, row, OUTCOME_SUCCESS, NULL);
            take(r, row, &record, ticks, overhead, options->keep_raw);
        }
        free(ticks);
    }
    free(commands);
    free(console);
    free(out);
    return status;
}
