#include "measure/dom0_rows.h"

#include <stdlib.h>

#include "backend/row_disk.h"
#include "backend/loop.h"
#include "catalogue/catalogue.h"
#include "measure/peer.h"
#include "measure/row.h"
#include "xenometer.h"

static void record(struct row_run *r, struct records *records)
{
    const struct control_request q = {
        .outcome = OUTCOME_SUCCESS, .samples = r->taken, .first = r->first,
    };
    struct record *kept;

    if ( r->error )
        record_add(records, r->row, r->column, 0, OUTCOME_ERROR, r->error);
    else if ( r->failure )
        record_add(records, r->row, r->column, 0, OUTCOME_FAILURE, r->failure);
    else if ( r->skip )
        record_add(records, r->row, r->column, 0, OUTCOME_SKIP, r->skip);
    else if ( !r->taken )
        record_add(records, r->row, r->column, 0, OUTCOME_ERROR, "no sample was taken");
    else
    {
        kept = record_result(records, r->row, r->column, 0, &q, r->ticks,
                             (struct baseline){ .region = r->overhead });
        kept->served[0] = r->served[0];
        kept->served[1] = r->served[1];
        r->ticks = NULL;   /* the record's */
    }
}

static void run_row(struct domains *domains, const struct image_row *row,
                    const struct column *column, struct records *records)
{
    uint32_t samples = domains->options->samples;
    struct row_run r = {
        .domains = domains, .row = row, .column = column, .warmup = row->warmup,
        .count = samples ? samples : row->samples,
    };

    const char *no_disk = row->needs & DOMAIN_DISKS ? row_disk_open(domains->disk) : NULL;

    r.ticks = xcalloc(r.count, sizeof(*r.ticks));
    progress("%s: %s", column->name, row->name);
    if ( no_disk )
        r.skip = xstrdup(no_disk);
    else if ( row->own )
        row->own->run(&r);
    else
        peer_run(&r);
    /* Interrupted: half a row is none. */
    if ( !loop_interrupted )
        record(&r, records);
    free(r.ticks);
    free(r.skip);
    free(r.failure);
    free(r.error);
}

/* Why there is nothing to measure; NULL: there is. */
static const char *excuse(const struct image_row *row, const struct column *column,
                          uint32_t possible)
{
    if ( !columns_have(&row->columns, column) )
        return row_elsewhere(row, column);
    return column->home == HOME_XEN ? domain_impossible(possible, column) : NULL;
}

/* What the rows of a column have kept for each other ends with it. */
static void tear_down(struct domains *domains, const struct selection *selection,
                      const struct column *column)
{
    for ( size_t i = 0; i < selection->count; i++ )
    {
        const struct image_row *row = selection->rows[i];
        struct row_run r = { .domains = domains, .row = row, .column = column };

        if ( row->own && row->own->teardown && columns_have(&row->columns, column) )
            row->own->teardown(&r);
    }
}

static bool run_column(struct domains *domains, const struct selection *selection,
                       const struct column *column, uint32_t possible, struct records *records)
{
    struct column_set only = columns_only(column);
    bool alone = columns_equal(&selection->columns, &only);

    for ( size_t i = 0; i < selection->count && !loop_interrupted; i++ )
    {
        const struct image_row *row = selection->rows[i];
        const char *reason = excuse(row, column, possible);

        if ( column->home == HOME_DOM0 ? reason && !alone : !row_is_own(row) )
            continue;   /* nobody asked for it there; or it is not ours */
        if ( reason )
            record_add(records, row, column, 0, OUTCOME_SKIP, reason);
        else
            run_row(domains, row, column, records);
        if ( domains->no_xl || domains->host->lost )
            return false;
    }
    return true;
}

bool dom0_rows_run(struct domains *domains, const struct selection *selection,
             uint32_t possible, struct records *records)
{
    bool fine = true;

    FOR_EACH_COLUMN(c)
        if ( fine && !loop_interrupted && (c->home == HOME_XEN || c->home == HOME_DOM0) &&
             columns_have(&selection->columns, c) )
        {
            fine = run_column(domains, selection, c, possible, records);
            tear_down(domains, selection, c);
        }
    return fine;
}
