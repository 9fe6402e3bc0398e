/* What the vcpu_op hypercall has for a vCPU; of ARM64's domains Xen wants none of it. */
#include "../../harness/row.h"
#include "../../xen/hypercall.h"

#include <xen/vcpu.h>

#define NO_SCHEDULER "bare mode has no scheduler below it"

static void run_runstate(struct row_run *r)
{
    struct vcpu_runstate_info info;

    SAMPLES(r, hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, (u64)&info));
}

EXPLANATION(sched_runstate_read) =
    "Asks Xen how long this vCPU has been running, runnable, blocked and offline.  Guests "
    "register a memory area instead and read it without a hypercall: this is what "
    "that saves.";
ROW(sched_runstate_read, .run = run_runstate) = {
    .name = "sched/runstate-read",
    .work = "ask how long this vCPU has run",
    .path = "VCPUOP_get_runstate_info",
    .help = "read this vCPU's run state times by hypercall",
    .explanation = explanation_sched_runstate_read,
    .elsewhere = NO_SCHEDULER,
    .columns = "xen", .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_set_timer(struct row_run *r)
{
    struct vcpu_set_singleshot_timer timer = { .timeout_abs_ns = ~0ul >> 1 };

    SAMPLES(r, hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, (u64)&timer));
    hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_stop_singleshot_timer, 0, 0);
}

EXPLANATION(sched_set_singleshot_timer) =
    "Arms the vCPU's one-shot timer for a time that never comes: what a guest kernel pays "
    "each time it programs its next tick.";
ROW(sched_set_singleshot_timer, .run = run_set_timer) = {
    .name = "sched/set-singleshot-timer",
    .work = "arm a timer",
    .path = "VCPUOP_set_singleshot_timer",
    .help = "arm the per-vCPU timer for the far future",
    .explanation = explanation_sched_set_singleshot_timer,
    .elsewhere = NO_SCHEDULER,
    .columns = "xen", .operations = 1, .samples = 1000, .warmup = 16,
};
