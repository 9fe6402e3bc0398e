#include "systems/system.h"

#include <stddef.h>
#include <string.h>

#include "xenometer.h"

static const struct system systems[] = {
    [SYSTEM_XEN] = {
        .name = "xen", .title = "Xen and dom0", .recipe = "configs/lab", .prefix = "lab",
        .resolved = "resolved", .root = "dom0.cpio", .download = "200 MB", .xen = true,
    },
    [SYSTEM_LINUX] = {
        .name = "linux", .title = "Linux", .recipe = "configs/lab-linux", .prefix = "linux",
        .resolved = "resolved-linux", .root = "root.cpio",
        .download = "205 MB, 65 MB beside the lab with Xen",
    },
    /* The lab's own packages. */
    [SYSTEM_STICK] = {
        .name = "stick", .title = "the stick's Xen and dom0", .recipe = "configs/lab",
        .beside = "configs/lab-stick", .prefix = "stick", .resolved = "resolved",
        .root = "dom0.cpio", .download = "200 MB", .xen = true,
    },
};

const struct system *system_of(enum lab_system system)
{
    return &systems[system];
}

int system_parse(const char *text, enum lab_system *system)
{
    for ( size_t i = 0; i < SYSTEM_STICK; i++ )
        if ( !strcmp(text, systems[i].name) )
        {
            *system = (enum lab_system)i;
            return STATUS_OK;
        }
    message("--system=%s: must be xen or linux", text);
    return STATUS_USAGE;
}
