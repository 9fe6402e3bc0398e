/* From the command that starts the application to its first instruction. */
#include "app/row.h"
#include "app/serve.h"

static void run(struct row_run *r)
{
    sample_keep(r, 0, program_entry);
}

EXPLANATION(app_start) =
    "From the command, in the place of which nothing else could be run, to the first instructions of the "
    "application's main(): exec and libc as a process; what the container's runtime sets up; gVisor's Sentry, a "
    "process that starts another of itself, and its kernel; an engine that loads and instantiates the module "
    "(compiled ahead: that is before); the monitor, with QEMU its firmware, and a Linux that boots, in a guest of "
    "KVM (QEMU gives that a time stamp counter of its own: there the start is told by when its first answer comes, "
    "some thousand instructions late).  Once for each "
    "start, so there are as many samples as boots.  Time in which nobody had anything to execute is in it.  "
    "Domains of Xen have their start taken apart by lifecycle/*.";
ROW(app_start, .run = run) = {
    .name = "app/start", .work = "start an application",
    .path = "command, runtime, main()", .help = "from the command to the application's first instruction",
    .explanation = explanation_app_start,
    .columns = "app", .flags = ROW_START | ROW_BLOCKS, .operations = 1, .samples = 1, .warmup = 0,
};
