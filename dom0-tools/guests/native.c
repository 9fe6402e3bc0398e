/* Column native: the application as a process of the lab's Linux, what the others are beside. */
#include "guests/app.h"

static int run(struct batch *b)
{
    return app_batch(b, &(struct app_cell){ .script = "exec " APP_START "./" APP_PROGRAM });
}

COLUMN(native) = {
    APP_COLUMN_ALONE, .name = "native", .title = "native", .order = 110, .classes = "app", .here = "",
    .what = "an application as a process of Linux, without Xen",
    .batch = run,
};
