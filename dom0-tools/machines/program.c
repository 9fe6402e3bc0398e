/*
 * This program as it runs in a lab's dom0 (lab.h).
 */
#include <sys/stat.h>

#include "lib/cancel.h"
#include "machines/prepare.h"
#include "xenometer.h"

int lab_program(const struct lab_options *options, char **path)
{
    struct cache cache;
    int status;

    *path = NULL;
    if ( !system_of(options->system)->xen )
    {
        message("xenometer itself runs in the dom0 of a Xen: --system=xen");
        return STATUS_USAGE;
    }
    cancel_begin();
    status = prepare(options, &cache, false, false);
    if ( status == STATUS_OK )
        status = suite_link_program(&cache, path);
    cache_close(&cache);
    cancel_end();
    return status;
}

int lab_push_program(const struct lab_options *options, struct lab_file *push, size_t count,
                     char **path)
{
    struct stat own, st;

    *path = NULL;
    if ( stat("/proc/self/exe", &own) )
        return STATUS_OK;
    for ( size_t i = 0; i < count; i++ )
        if ( stat(push[i].host_path, &st) == 0 && st.st_ino == own.st_ino &&
             st.st_dev == own.st_dev )
        {
            int status = *path ? STATUS_OK : lab_program(options, path);

            if ( status != STATUS_OK )
                return status;
            push[i].host_path = *path;
        }
    return STATUS_OK;
}
