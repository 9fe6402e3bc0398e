/*
 * A row of your own: what does it take to ask Xen for its extra version?
 *
 * XENVER_extraversion is a command of the hypercall xen_version (xen/version.h).  Xen copies 16 bytes, such as
 * ".5-pre", into memory of the guest: hypercall_xen_version(XENVER_extraversion, buffer).  (hypercall/null asks
 * for XENVER_version, which copies nothing.)
 *
 * Complete run() and the descriptor below it, then `make`.  Rows to look at: domU-kernel/rows/hypercall.c.
 */
#include "exercise.h"

static xen_extraversion_t buffer;

static void run(struct row_run *r)
{
    /* To do: time the hypercall, and nothing else, by SAMPLES(r, …).  Before that, and after it, you may do what
     * you like: for example, set r->failure to what went wrong where the answer is none. */
    (void)r;
    (void)buffer;
}

EXPLANATION(your_version) =
    "To do: what happens in this path, and what to compare the figure with.";
ROW(your_version, .run = run) = {
    .name = "your/version",
    .work = "ask Xen for something",
    .path = "to do",
    .help = "to do: one line for `xenometer list`",
    .explanation = explanation_your_version,
    .elsewhere = "bare mode has no hypervisor to call",
    .columns = "xen",
    .operations = 1, .samples = 100, .warmup = 8,
};
