#include "machines/snapshot.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

char *snapshot_log(const struct cache *cache, const struct lab_options *options)
{
    char *path = xasprintf("%s/%s/" SNAPSHOT_LOG, cache->lab,
                           emulator_of(options)->snapshot_name(options));
    char *text = read_whole_file(path, NULL);

    free(path);
    return text;
}

/* What Xen said of itself and of its options is there for all runs. */
static int keep_boot_log(struct instance *instance, const char *directory)
{
    char *path = path_in(directory, SNAPSHOT_LOG), *log = instance_log(instance);
    int error = write_whole_file(path, log, strlen(log), 0666);

    if ( error )
        cache_error(path, error);
    free(log);
    free(path);
    return error ? STATUS_ENVIRONMENT : STATUS_OK;
}

/* A major and a minor number joined, "4.20"; 0: there are none. */
static unsigned version_number(const char *text)
{
    unsigned major, minor;

    return text && sscanf(text, "%u.%u", &major, &minor) == 2 ? major << 16 | minor : 0;
}

/* Of the tools in dom0, by the name of their library. */
static unsigned tools_version(const struct cache *cache)
{
    static const char name[] = "libxenctrl.so.";
    char *pattern = xasprintf("%s/devel/usr/lib/x86_64-linux-gnu/%s*", cache->lab, name);
    unsigned version = 0;
    glob_t found;

    if ( glob(pattern, 0, NULL, &found) == 0 )
    {
        version = version_number(strrchr(found.gl_pathv[0], '/') + 1 + strlen(name));
        globfree(&found);
    }
    free(pattern);
    return version;
}

/* Tools speak to one version of Xen: to others they are of no use. */
static void explain_tools(struct instance *instance, const struct cache *cache)
{
    static const char banner[] = "Xen version ";
    char *log = instance_log(instance), *line = strstr(log, banner);
    unsigned xen = line ? version_number(line + strlen(banner)) : 0, tools = tools_version(cache);

    if ( xen && tools && xen != tools )
        message("this is Xen %u.%u, and the tools in the lab's dom0 are those of Xen %u.%u, which "
                "speak another version of its interfaces: --lab-suite=SUITE has other tools",
                xen >> 16, xen & 0xffff, tools >> 16, tools & 0xffff);
    free(log);
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
    stage_begin("booting %s for the snapshot (%s)", cache->system->title, name);
    remove_tree(work);
    error = make_directories(work);
    status = instance_prepare(&instance, &untraced);
    if ( error )
        status = cache_error(work, error);
    instance.save_to = work;
    if ( status == STATUS_OK )
        status = instance_boot(&instance, cache, NULL);
    if ( status == STATUS_OK )
    {
        status = instance_wait_for_agent(&instance);
        if ( status == STATUS_ENVIRONMENT )
            explain_tools(&instance, cache);
    }
    instance_keep_logs(&instance, options->keep_logs);
    if ( status == STATUS_OK )
        status = keep_boot_log(&instance, work);
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
