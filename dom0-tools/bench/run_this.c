#include "bench/batch.h"
#include "bench/run_parts.h"
#include "guests/host_batch.h"
#include "measure/environment.h"
#include "xenometer.h"

/* A column's rows with one vCPU, or those with two. */
static int run_part(const struct column *column, bool smp, const struct session_options *session,
                    const struct selection *selection, struct results *results)
{
    struct column_set only = columns_only(column);
    struct selection own = run_selection(selection, &only, smp, false);
    const char *why = host_batch_impossible(column);
    int status = STATUS_OK;

    if ( !why && smp )
        why = host_batch_no_second_cpu();
    if ( own.count && why )
        batch_skip(column, &own, why, results);
    else if ( own.count )
        status = batch_run(column, NULL, session, &own, results);
    selection_free(&own);
    return status;
}

int run_this(const struct session_options *session, const struct selection *selection,
             struct results *results)
{
    int status = STATUS_OK;

    environment_linux(&results->environment);
    FOR_EACH_COLUMN(c)
        for ( int smp = 0; smp < 2 && columns_have(&selection->columns, c) && status == STATUS_OK; smp++ )
            status = run_part(c, smp, session, selection, results);
    if ( status == STATUS_OK )
        run_skip_unmeasured(selection, results);
    return status;
}
