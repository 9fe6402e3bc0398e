/* Entering the hypervisor through the hypercall page. */
#include "../harness/row.h"
#include "../xen/hypercall.h"

#include <xen/errno.h>
#include <xen/version.h>

#define NO_HYPERVISOR "bare mode has no hypervisor to call"

static void run_null(struct row_run *r)
{
    SAMPLES(r, hypercall_xen_version(XENVER_version, NULL));
    if ( hypercall_xen_version(XENVER_version, NULL) <= 0 )
        r->failure = "xen_version answers nonsense";
}

ROW(hypercall_null) = {
    .name = "hypercall/null",
    .work = "enter the hypervisor and return",
    .path = "hypercall page",
    .help = "xen_version through the hypercall page",
    .explanation =
        "The guest calls the hypercall page, Xen looks up xen_version and returns a "
        "constant.  In PV the page executes SYSCALL, which enters Xen directly "
        "(lstar_enter, pv_hypercall, do_xen_version); in PVH and HVM it executes "
        "VMMCALL or VMCALL, which is a VM exit (svm_vmexit_handler or "
        "vmx_vmexit_handler, hvm_hypercall).  The figure isolates entry, dispatch "
        "and return.  Compare with exit/cpuid-basic, an exit without a hypercall.",
    .elsewhere = NO_HYPERVISOR,
    .modes = MODES_XEN, .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
    .run = run_null,
};

static void run_enosys(struct row_run *r)
{
    /* The last entry of the table that no Xen has ever used. */
    SAMPLES(r, hypercall2(63, 0, 0));
    if ( hypercall2(63, 0, 0) != -XEN_ENOSYS )
        r->failure = "hypercall 63 exists";
}

ROW(hypercall_enosys) = {
    .name = "hypercall/enosys",
    .work = "enter the hypervisor and return",
    .path = "hypercall page, number unknown",
    .help = "a hypercall number that Xen does not know",
    .explanation =
        "Calls hypercall 63, which Xen refuses with ENOSYS before it runs any "
        "handler.  The difference to hypercall/null is the handler's own cost; "
        "what remains is entry, the check of the number, and return.",
    .elsewhere = NO_HYPERVISOR,
    .modes = MODES_XEN, .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
    .run = run_enosys,
};
