#include "guests/app.h"

#include <stdlib.h>
#include <string.h>

#include "guests/host_batch.h"
#include "guests/oci.h"
#include "machines/lab.h"
#include "xenometer.h"

/*
 * As container engines do: what the image brings and what the container writes are layers of an
 * overlay; the latter is its root's.  (`user`: the number of root in its user namespace.)
 */
#define ROOTFS \
    "mkdir -p image layer work rootfs && mv " APP_PROGRAM " image/ && chown $user:$user layer && " \
    "mount -t overlay overlay -o lowerdir=image,upperdir=layer,workdir=work rootfs && "

static int run_bundle(struct batch *b, const struct app_cell *cell)
{
    char *config = oci_config(cell), *script;
    int status = STATUS_ENVIRONMENT;

    if ( config )
    {
        script = xasprintf("user=%d; " ROOTFS "%s", oci_root(cell), cell->script);
        status = lab_batch(b, SYSTEM_LINUX, script, (const struct lab_file[]){
            { .host_path = b->elf, .name = APP_PROGRAM },
            { .name = "config.json", .data = config, .size = strlen(config) },
            { .name = HOST_UNDO, .data = cell->undo, .size = cell->undo ? strlen(cell->undo) : 0 } },
            cell->undo ? 3 : 2, "its runtime");
        free(script);
    }
    free(config);
    return status;
}

int app_batch(struct batch *b, const struct app_cell *cell)
{
    return cell->bundle ? run_bundle(b, cell)
                        : lab_batch(b, SYSTEM_LINUX, cell->script, &(const struct lab_file){
                              .host_path = b->elf, .name = APP_PROGRAM }, 1, "it");
}
