#include "guests/linux/kernel.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "xenometer.h"

/* Distributions compress it, or not: .ko, .ko.xz, … */
#define DRIVER "/lib/modules/%s/kernel/drivers/block/xen-blkfront.ko*"

static char *find_driver(const char *release)
{
    char *pattern = xasprintf(DRIVER, release), *path = NULL;
    glob_t found;

    if ( glob(pattern, 0, NULL, &found) == 0 )
    {
        path = xstrdup(found.gl_pathv[0]);
        globfree(&found);
    }
    free(pattern);
    return path;
}

char *guest_kernel_find(struct guest_kernel *g, const char *given)
{
    struct utsname name;
    char *path;

    *g = (struct guest_kernel){ NULL };
    uname(&name);
    path = given ? xstrdup(given) : xasprintf("/boot/vmlinuz-%s", name.release);
    g->init = data_file("linux-init");
    g->driver = find_driver(name.release);
    if ( access(path, R_OK) == 0 )
        g->kernel = realpath(path, NULL);
    if ( g->kernel && g->init )
    {
        free(path);
        return NULL;
    }
    if ( !g->kernel )
    {
        char *missing = xasprintf("cannot read dom0's kernel %s: %s; say where it is with "
                                  "--kernel=FILE", path, strerror(errno));

        free(path);
        return missing;
    }
    free(path);
    return xstrdup("linux-init is missing beside this program: run `make all`, or "
                   "`make install` again");
}

void guest_kernel_free(struct guest_kernel *g)
{
    free(g->kernel);
    free(g->driver);
    free(g->init);
    *g = (struct guest_kernel){ NULL };
}
