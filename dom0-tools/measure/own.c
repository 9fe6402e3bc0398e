#include "measure/own.h"

#include <stdlib.h>

#include "backend/disk.h"
#include "backend/loop.h"
#include "catalogue/catalogue.h"
#include "catalogue/modes.h"
#include "measure/peer.h"
#include "measure/row.h"
#include "xenometer.h"

#define NOT_IN_DOM0 "measured inside a domain, not by a process in dom0"

static void record(struct row_run *r, struct records *records)
{
    const struct control_request q = {
        .outcome = OUTCOME_SUCCESS, .samples = r->taken, .first = r->first,
    };
    struct record *kept;

    if ( r->error )
        record_add(records, r->row, r->mode, 0, OUTCOME_ERROR, r->error);
    else if ( r->failure )
        record_add(records, r->row, r->mode, 0, OUTCOME_FAILURE, r->failure);
    else if ( r->skip )
        record_add(records, r->row, r->mode, 0, OUTCOME_SKIP, r->skip);
    else if ( !r->taken )
        record_add(records, r->row, r->mode, 0, OUTCOME_ERROR, "no sample was taken");
    else
    {
        kept = record_result(records, r->row, r->mode, 0, &q, r->ticks,
                             (struct baseline){ .region = r->overhead });
        kept->served[0] = r->served[0];
        kept->served[1] = r->served[1];
        r->ticks = NULL;   /* the record's */
    }
}

static void run_row(struct domains *domains, const struct image_row *row, enum mode mode,
                    struct records *records)
{
    uint32_t samples = domains->options->samples;
    struct row_run r = {
        .domains = domains, .row = row, .mode = mode, .warmup = row->warmup,
        .count = samples ? samples : row->samples,
    };

    const char *no_disk = row->needs & DOMAIN_DISKS ? disk_open(domains->disk) : NULL;

    r.ticks = xcalloc(r.count, sizeof(*r.ticks));
    progress("%s: %s", mode_name(mode), row->name);
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
static const char *excuse(const struct image_row *row, enum mode mode, uint32_t possible)
{
    if ( !(row->modes & mode) )
        return mode == MODE_DOM0 ? NOT_IN_DOM0
                                 : *row->elsewhere ? row->elsewhere : "not in this mode";
    return mode == MODE_DOM0 ? NULL : domain_impossible(possible, mode);
}

/* What the rows of a mode have kept for each other ends with it. */
static void tear_down(struct domains *domains, const struct selection *selection,
                      enum mode mode)
{
    for ( size_t i = 0; i < selection->count; i++ )
    {
        const struct image_row *row = selection->rows[i];
        struct row_run r = { .domains = domains, .row = row, .mode = mode };

        if ( row->own && row->own->teardown && (row->modes & mode) )
            row->own->teardown(&r);
    }
}

static bool run_mode(struct domains *domains, const struct selection *selection,
                     enum mode mode, uint32_t possible, struct records *records)
{
    for ( size_t i = 0; i < selection->count && !loop_interrupted; i++ )
    {
        const struct image_row *row = selection->rows[i];
        const char *reason = excuse(row, mode, possible);

        if ( mode == MODE_DOM0 ? reason && selection->modes != MODE_DOM0
                               : !row_is_own(row) )
            continue;   /* nobody asked for it there; or it is not ours */
        if ( reason )
            record_add(records, row, mode, 0, OUTCOME_SKIP, reason);
        else
            run_row(domains, row, mode, records);
        if ( domains->no_xl || domains->host->lost )
            return false;
    }
    return true;
}

bool own_run(struct domains *domains, const struct selection *selection,
             uint32_t possible, struct records *records)
{
    static const enum mode modes[] = { MODE_PV, MODE_PVH, MODE_HVM, MODE_DOM0 };
    bool fine = true;

    for ( size_t i = 0; i < 4 && fine && !loop_interrupted; i++ )
        if ( selection->modes & modes[i] )
        {
            fine = run_mode(domains, selection, modes[i], possible, records);
            tear_down(domains, selection, modes[i]);
        }
    return fine;
}
