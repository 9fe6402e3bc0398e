#include "machines/boot.h"

#include <stdlib.h>
#include <string.h>

#include "lib/files.h"
#include "systems/variant.h"
#include "systems/xen_image.h"
#include "xenometer.h"

/* A file of the lab's; NULL: it has none. */
static char *lab_text(const struct cache *cache, const char *name)
{
    char *path = path_in(cache->lab, name), *text = read_whole_file(path, NULL);

    free(path);
    return text;
}

/* Xen's vectors are always eager since 4.21, which took the option away. */
static bool knows_eager_fpu(const struct cache *cache)
{
    char *path = path_in(cache->lab, "xen"), *xen;
    size_t size = 0;
    bool knows;

    xen = read_whole_file(path, &size);
    knows = !xen || xen_image_knows(xen, size, "eager-fpu");
    free(xen);
    free(path);
    return knows;
}

char *boot_xen_options(const struct cache *cache, bool smp)
{
    char *own = lab_text(cache, VARIANT_XEN_OPTIONS), *found;
    char *text = xasprintf(XEN_DEFAULTS "%s%s%s", own ? own : "", own ? " " : "",
                           smp ? XEN_SMP_OPTIONS : XEN_OPTIONS);

    if ( !knows_eager_fpu(cache) && (found = strstr(text, XEN_EAGER_FPU)) )
        memmove(found, found + strlen(XEN_EAGER_FPU), strlen(found + strlen(XEN_EAGER_FPU)) + 1);
    free(own);
    return text;
}

char *boot_linux_options(const struct cache *cache, const char *clock)
{
    char *own = lab_text(cache, VARIANT_DOM0_OPTIONS), *text;
    char *needed = cache->system->xen ? xasprintf(DOM0_OPTIONS, clock)
                                      : xasprintf(LINUX_OPTIONS, clock);

    text = xasprintf("%s%s%s", own ? own : "", own ? " " : "", needed);
    free(needed);
    free(own);
    return text;
}
