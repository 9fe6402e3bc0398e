#include <unistd.h>

#include "backend/modules.h"
#include "bench/batch.h"
#include "bench/run_parts.h"
#include "measure/environment.h"
#include "measure/session.h"
#include "xenometer.h"

int run_here(const struct session_options *session, const struct selection *selection,
             struct results *results)
{
    struct column_set beside = columns_at(HOME_BESIDE);
    int status;

    if ( geteuid() != 0 )
    {
        message("driving Xen needs root: run this with sudo");
        return STATUS_ENVIRONMENT;
    }
    status = environment_here(&results->environment);
    beside = columns_common(&selection->columns, &beside);
    if ( status == STATUS_OK && !columns_equal(&selection->columns, &beside) )
        status = session_run(session, selection, results);
    if ( session->keep_raw )
        results->environment.dom0_modules = modules_placed();
    FOR_EACH_COLUMN(c)
        if ( status == STATUS_OK && columns_have(&beside, c) )
            batch_skip(c, selection, c->impossible(NULL), results);
    return status;
}
