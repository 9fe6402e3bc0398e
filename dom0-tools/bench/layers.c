#include "bench/layers.h"

#include <stdlib.h>
#include <unistd.h>

#include "bench/capture.h"
#include "lib/child.h"
#include "trace/markers.h"
#include "trace/region.h"
#include "xenometer.h"

int layers_begin(struct layers *l, struct lab_options *lab, const char *elf)
{
    int status = STATUS_ENVIRONMENT;

    l->plugin = (struct lab_plugin){ .library = capture_library(), .record = -1 };
    if ( l->plugin.library < 0 )
        return status;
    l->plugin.record = memory_file("record", 0);
    if ( l->plugin.record >= 0 )
        status = markers_ask(elf, RECORD_NO_EVENT, RECORD_NO_EVENT, l->plugin.record);
    if ( status != STATUS_OK )
    {
        if ( l->plugin.record >= 0 )
            close(l->plugin.record);
        close(l->plugin.library);
    }
    else
        lab->plugin = &l->plugin;
    return status;
}

int layers_end(struct layers *l, struct lab_options *lab, bool ran, struct results *results)
{
    struct record record;
    char *error = ran ? record_read(l->plugin.record, &record) : NULL;
    int status = error ? STATUS_ENVIRONMENT : STATUS_OK;

    if ( error )
        message("no layers: %s", error);
    else if ( ran )
    {
        region_layers(&record, results);
        record_free(&record);
    }
    free(error);
    lab->plugin = NULL;
    close(l->plugin.record);
    close(l->plugin.library);
    return status;
}
