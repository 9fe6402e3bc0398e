/* Giving up the CPU and coming back. */
#include "../harness/row.h"
#include "../xen/hypercall.h"

#include <xen/sched.h>

static void run_yield(struct row_run *r)
{
    SAMPLES(r, hypercall_sched_op(SCHEDOP_yield, NULL));
}

ROW(sched_yield) = {
    .name = "sched/yield",
    .work = "give up the CPU and come back",
    .path = "SCHEDOP_yield",
    .help = "yield the vCPU; Xen's scheduler picks who runs next",
    .explanation =
        "The guest asks Xen's scheduler to run somebody else (do_sched_op, "
        "vcpu_yield, schedule).  When no other vCPU is runnable on this physical "
        "CPU the scheduler picks the same one again, and the figure is the "
        "scheduler's decision alone; when dom0 shares the CPU and has work, the "
        "tail shows its turns.",
    .elsewhere = "bare mode has no scheduler below it",
    .modes = MODES_XEN, .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
    .run = run_yield,
};
