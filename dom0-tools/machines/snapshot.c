#include "machines/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "machines/emulator.h"
#include "machines/instance.h"
#include "xenometer.h"

/* It gets its name when it is whole. */
bool snapshot_exists(const struct cache *cache, const struct lab_options *options)
{
    char *path = path_in(cache->lab, emulator_of(options)->snapshot_name(options));
    bool there = access(path, R_OK) == 0;

    free(path);
    return there;
}

int snapshot_make(struct cache *cache, const struct lab_options *options)
{
    char *name = xstrdup(emulator_of(options)->snapshot_name(options));
    char *directory = xasprintf("%s.new", name), *work = path_in(cache->lab, directory);
    char *final = path_in(cache->lab, name);
    struct lab_options untraced = *options;
    struct instance instance;
    int status, error;

    untraced.plugin = NULL;
    stage_begin("booting Xen and dom0 for the snapshot (%s)", name);
    remove_tree(work);
    error = make_directories(work);
    status = instance_prepare(&instance, &untraced);
    if ( error )
        status = cache_error(work, error);
    instance.save_to = work;
    if ( status == STATUS_OK )
        status = instance_boot(&instance, cache, NULL);
    if ( status == STATUS_OK )
        status = instance_wait_for_agent(&instance);
    instance_keep_logs(&instance, options->keep_logs);
    if ( status == STATUS_OK )
        status = instance.emulator->save(&instance, work);
    if ( status == STATUS_OK && cancelled() )
        status = cancelled();
    instance_end(&instance);
    if ( status == STATUS_OK )
        remove_tree(final);
    if ( status == STATUS_OK && rename(work, final) )
        status = cache_error(final, errno);
    remove_tree(work);
    stage_end();
    free(final);
    free(work);
    free(directory);
    free(name);
    return status;
}
