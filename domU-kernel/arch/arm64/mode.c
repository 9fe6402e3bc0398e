#include "../mode.h"
#include "detect.h"
#include "device_tree.h"

enum mode boot_mode = MODE_ARM64;
bool cpu_is_tcg;

const char *mode_name(void)
{
    return boot_mode == MODE_BARE ? "bare" : "arm64";
}

/* Whoever describes no Xen has none; without a description only Xen could be told so. */
void mode_detect(const void *tree)
{
    if ( device_tree_is(tree) && !device_tree_find(tree, "compatible", "xen,xen", 0) )
        boot_mode = MODE_BARE;
}
