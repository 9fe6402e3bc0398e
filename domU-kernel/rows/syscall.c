/* What the guest's own kernel and applications pay. */
#include "../arch/user.h"
#include "../harness/row.h"

static void application(void *argument)
{
    struct row_run *r = argument;
    u64 pid = 0;

    SAMPLES(r, pid = user_system_call(USER_GETPID));
    if ( pid != USER_PID )
        r->failure = "getpid answered something else";
}

static void run_getpid(struct row_run *r)
{
    user_run(application, r);
}

EXPLANATION(syscall_guest_getpid) =
    "An application of the guest calls getpid of the guest's own kernel.  In PVH, HVM "
    "and bare SYSCALL goes straight from ring 3 to that kernel and SYSRET back, on ARM64 SVC from EL0 and ERET: the "
    "hypervisor is not involved.  In PV the kernel runs in ring 3 as well, so SYSCALL enters Xen, which switches "
    "page tables and bounces it to the guest kernel (lstar_enter, switch_to_kernel), and the way "
    "back is the iret hypercall.  PV is not always cheaper.";
ROW(syscall_guest_getpid, .run = run_getpid) = {
    .name = "syscall/guest-getpid",
    .work = "serve a system call of a guest application",
    .path = "SYSCALL or SVC to the guest kernel and back",
    .help = "a system call of an application inside the guest",
    .explanation = explanation_syscall_guest_getpid,
    .columns = "image", .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_exception(struct row_run *r)
{
    SAMPLES(r, undefined_instruction());
}

EXPLANATION(syscall_guest_exception) =
    "UD2, on ARM64 UDF, in the guest kernel, caught by its handler, which finds a fix-up and returns.  In PVH "
    "and HVM the CPU delivers #UD through the guest's own IDT, on ARM64 by VBAR_EL1; in PV it enters Xen, which builds "
    "a frame on the guest's stack (do_invalid_op, create_bounce_frame), and the return is the iret "
    "hypercall.";
ROW(syscall_guest_exception, .run = run_exception) = {
    .name = "syscall/guest-exception",
    .work = "handle an exception in the guest kernel",
    .path = "UD2 or UDF, handler, return",
    .help = "an undefined instruction, handled by the guest kernel",
    .explanation = explanation_syscall_guest_exception,
    .columns = "image", .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_pagefault(struct row_run *r)
{
    SAMPLES(r, unmapped_read());
}

EXPLANATION(syscall_guest_pagefault) =
    "A read from an address that the guest's page table does not map, caught by the guest kernel.  With "
    "nested paging no exit is involved; in PV Xen takes the fault first, checks whether it "
    "is its own, and bounces it (do_page_fault, pv_inject_event).";
ROW(syscall_guest_pagefault, .run = run_pagefault) = {
    .name = "syscall/guest-pagefault",
    .work = "handle an exception in the guest kernel",
    .path = "#PF or data abort, handler, return",
    .help = "a page fault, handled by the guest kernel",
    .explanation = explanation_syscall_guest_pagefault,
    .columns = "image", .operations = 1, .samples = 1000, .warmup = 16,
};
