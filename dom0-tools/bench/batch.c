#include "bench/batch.h"

#include <stdlib.h>
#include <string.h>

#include "catalogue/catalogue.h"
#include "lib/stage.h"
#include "measure/merge.h"
#include "measure/record.h"
#include "xenometer.h"

bool batch_next(const void *data, size_t size, size_t *offset,
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

void batch_skip(const struct column *column, const struct selection *selection,
                const char *reason, struct results *results)
{
    struct records records = { 0 };

    for ( size_t i = 0; i < selection->count; i++ )
    {
        const struct image_row *row = selection->rows[i];

        record_add(&records, row, column, 0, OUTCOME_SKIP,
                   columns_have(&row->columns, column) ? reason : row_elsewhere(row, column));
    }
    merge_records(&records, 1, false, results);
    records_free(&records);
}

/* A point of time becomes what has passed since somebody said that he starts it. */
static void take_start(const struct column *column, const struct image_row *row, unsigned boot,
                       uint64_t started, struct control_request *report, uint64_t *ticks,
                       struct records *records)
{
    static const struct baseline none = { 0 };

    /* In a counter that began later, the start is before its zero. */
    if ( !started || report->samples != 1 || (int64_t)(ticks[0] - started) <= 0 )
    {
        if ( boot == 0 )
            record_add(records, row, column, boot, OUTCOME_SKIP,
                       started ? "its TSC is not that of who starts it"
                               : "nobody says when it was started: lifecycle/* has Xen's domains");
        free(ticks);
        return;
    }
    ticks[0] -= started;
    report->first = ticks[0];
    record_result(records, row, column, boot, report, ticks, none);
}

/* Rows that need the same share a guest. */
static bool shares(const struct image_row *row, const struct column *column, row_needs needs)
{
    return columns_have(&row->columns, column) && (row->needs & column->needs) == needs;
}

/* What one boot sent: READY, the baseline, the rows of those needs. */
static void take(const struct column *column, const struct session_options *options,
                 const struct selection *selection, const struct batch *guest, unsigned boot,
                 struct records *records)
{
    const void *out = guest->results;
    size_t offset = 0, size = guest->results_size;
    const char *console = guest->console;
    struct control_request report;
    struct baseline baseline = { 0 };
    uint64_t *ticks, started = 0;

    if ( batch_next(out, size, &offset, &report, &ticks) )
    {
        if ( report.kind == CONTROL_STARTED )
            started = report.times.entry;
        else
            offset = 0;
        free(ticks);
    }
    if ( batch_next(out, size, &offset, &report, &ticks) )
    {
        progress("%s: ready %llu ticks after its entry", column->name,
                 (unsigned long long)report.boot);
        free(ticks);
    }
    if ( batch_next(out, size, &offset, &report, &ticks) )
    {
        baseline = record_baseline(&report, ticks);
        free(ticks);
    }
    for ( size_t i = 0; i < selection->count; i++ )
    {
        const struct image_row *row = selection->rows[i];
        const char *wrong;
        char *reason;

        if ( !shares(row, column, guest->needs) )
            continue;
        if ( !batch_next(out, size, &offset, &report, &ticks) )
        {
            reason = console && *console
                ? xasprintf("the image ended before this row; its last words: %s", console)
                : xstrdup("the image ended before this row, without a word");
            record_add(records, row, column, boot, OUTCOME_ERROR, reason);
            free(reason);
            continue;
        }
        wrong = record_nonsense(&report, (uint32_t)i + 1,
                                options->samples ? options->samples : row->samples);
        if ( wrong )
        {
            record_add(records, row, column, boot, OUTCOME_ERROR, wrong);
            free(ticks);
        }
        else if ( (row->flags & ROW_START) && report.outcome == OUTCOME_SUCCESS )
            take_start(column, row, boot, started, &report, ticks, records);
        else
            record_result(records, row, column, boot, &report, ticks, baseline);
    }
}

/* There is none of those needs. */
static void take_skip(const struct column *column, const struct selection *selection,
                      const struct batch *guest, struct records *records)
{
    for ( size_t i = 0; i < selection->count; i++ )
        if ( shares(selection->rows[i], column, guest->needs) )
            record_add(records, selection->rows[i], column, 0, OUTCOME_SKIP, guest->skip);
}

/*
 * Seconds for one guest: some of the time that a unikernel has to connect, since a sandbox takes longer to start and
 * its commands are all rows; no longer than the whole run may take.
 */
static unsigned deadline_of(const struct session_options *options)
{
    unsigned deadline = 10 * options->domain_deadline;
    uint64_t now = now_ms(), left;

    if ( !options->until )
        return deadline;
    left = options->until > now ? (options->until - now + 999) / 1000 : 1;
    return left < deadline ? (unsigned)left : deadline;
}

/* One guest, with the rows of those needs.  *skip: why there is none, and will be none. */
static int run_guest(const struct column *column, const struct session_options *options,
                     const struct selection *selection, struct batch *guest, unsigned boot,
                     const char **skip, struct records *records)
{
    const struct image_row *empty = image_baseline_of(options->image, column->program);
    struct control_response *commands = xcalloc(selection->count + 1, sizeof(*commands));
    size_t count = 0;
    int status;

    /* Command 0 is the overhead of all others, asked for or not. */
    commands[count++] = image_command(empty, 0, 0);
    for ( size_t i = 0; i < selection->count; i++ )
        if ( shares(selection->rows[i], column, guest->needs) )
            commands[count++] = image_command(selection->rows[i], (uint32_t)i + 1,
                                        options->samples);
    guest->commands = commands;
    guest->size = count * sizeof(*commands);
    status = column->batch(guest);
    *skip = guest->skips_needs ? NULL : guest->skip;
    if ( guest->skips_needs && boot == 0 )
        take_skip(column, selection, guest, records);
    /* What was missing has been said, and is no row's fault. */
    else if ( !guest->skip && (status != STATUS_ENVIRONMENT || guest->results_size) )
        take(column, options, selection, guest, boot, records);
    free(guest->console);
    free(guest->results);
    free(commands);
    return status;
}

/* Have rows before this one the same needs? */
static bool had(const struct selection *selection, size_t row, const struct column *column)
{
    for ( size_t i = 0; i < row; i++ )
        if ( shares(selection->rows[i], column, selection->rows[row]->needs & column->needs) )
            return true;
    return false;
}

int batch_run(const struct column *column, const struct lab_options *lab,
              const struct session_options *options, const struct selection *selection,
              struct results *results)
{
    char *elf = column->program ? data_file(column->program) : xstrdup(options->elf);
    struct records records = { 0 };
    const char *skip = NULL;
    int status = STATUS_OK;

    if ( !elf || !image_baseline_of(options->image, column->program) )
    {
        message("%s %s: run `make`", elf ? elf : column->program,
                elf ? "has no baseline row to subtract" : "not found beside the program");
        free(elf);
        return STATUS_ENVIRONMENT;
    }
    for ( size_t i = 0; i < selection->count && status == STATUS_OK && !skip; i++ )
    {
        const struct image_row *row = selection->rows[i];

        if ( !columns_have(&row->columns, column) )
            record_add(&records, row, column, 0, OUTCOME_SKIP, row_elsewhere(row, column));
        else if ( !had(selection, i, column) )
            for ( unsigned boot = 0; boot < options->boots && status == STATUS_OK && !skip; boot++ )
                status = run_guest(column, options, selection, &(struct batch){
                    .machine = lab, .elf = elf, .needs = row->needs & column->needs,
                    .deadline = deadline_of(options) }, boot, &skip, &records);
    }
    if ( skip )
        batch_skip(column, selection, skip, results);
    else
        merge_records(&records, options->boots, options->keep_raw, results);
    records_free(&records);
    free(elf);
    return status;
}
