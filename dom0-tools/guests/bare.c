/*
 * Column bare: the same image with no hypervisor below it, the first program of the lab's
 * QEMU, which gives it the commands as a boot module.
 */
#include "catalogue/column.h"
#include "machines/lab.h"

static const char *impossible(const struct lab_options *lab)
{
    if ( !lab )
        return "bare mode needs a machine without a hypervisor: use the lab";
    return lab->cpu ? "only QEMU starts the image without Xen: --cpu=amd" : NULL;
}

static int run(struct batch *b)
{
    return lab_bare(b->machine, b->elf, b->commands, b->size, &b->results, &b->results_size,
                    &b->console, b->deadline);
}

COLUMN(bare) = {
    .name = "bare", .title = "bare", .order = 40, .home = HOME_BESIDE, .mode = MODE_BARE,
    .what = "the same image with no hypervisor below it",
    .classes = "image hardware pc",
    .floor = true,
    .note = "Bare is left out of that: the same image with no hypervisor below it, the floor of "
            "each path.",
    .impossible = impossible, .batch = run,
};
