#include "bench/batch.h"
#include "bench/run_parts.h"
#include "guests/host_batch.h"
#include "measure/environment.h"
#include "xenometer.h"

int run_this(const struct session_options *session, const struct selection *selection,
             struct results *results)
{
    int status = STATUS_OK;

    environment_linux(&results->environment);
    FOR_EACH_COLUMN(c)
    {
        struct column_set only = columns_only(c);
        struct selection own;

        if ( status != STATUS_OK || !columns_have(&selection->columns, c) )
            continue;
        own = run_selection(selection, &only, false, true);
        if ( own.count && host_batch_impossible(c) )
            batch_skip(c, &own, host_batch_impossible(c), results);
        else if ( own.count )
            status = batch_run(c, NULL, session, &own, results);
        selection_free(&own);
    }
    if ( status == STATUS_OK )
        run_skip_unmeasured(selection, results);
    return status;
}
