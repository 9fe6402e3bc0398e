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

EXPLANATION(hypercall_null) =
    "The guest calls the hypercall page, Xen looks up xen_version and returns a "
    "constant.  In PV the page executes SYSCALL, which enters Xen directly "
    "(lstar_enter, pv_hypercall, do_xen_version); in PVH and HVM it executes "
    "VMMCALL or VMCALL, which is a VM exit (svm_vmexit_handler or "
    "vmx_vmexit_handler, hvm_hypercall).  On ARM64 there is no page: HVC #0xEA1 traps to EL2 (guest_sync, "
    "do_trap_guest_sync, do_trap_hypercall).  The figure isolates entry, dispatch "
    "and return.  Compare with exit/cpuid-basic, an exit without a hypercall.";
ROW(hypercall_null, .run = run_null) = {
    .name = "hypercall/null",
    .work = "enter the hypervisor and return",
    .path = HYPERCALL_PATH,
    .help = "xen_version by " HYPERCALL_PATH,
    .explanation = explanation_hypercall_null,
    .elsewhere = NO_HYPERVISOR,
    .columns = "xen", .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_enosys(struct row_run *r)
{
    /* The last entry of the table that no Xen has ever used. */
    SAMPLES(r, hypercall2(63, 0, 0));
    if ( hypercall2(63, 0, 0) != -XEN_ENOSYS )
        r->failure = "hypercall 63 exists";
}

EXPLANATION(hypercall_enosys) =
    "Calls hypercall 63, which Xen refuses with ENOSYS before it runs any "
    "handler.  The difference to hypercall/null is the handler's own cost; "
    "what remains is entry, the check of the number, and return.";
ROW(hypercall_enosys, .run = run_enosys) = {
    .name = "hypercall/enosys",
    .work = "enter the hypervisor and return",
    .path = HYPERCALL_PATH ", number unknown",
    .help = "a hypercall number that Xen does not know",
    .explanation = explanation_hypercall_enosys,
    .elsewhere = NO_HYPERVISOR,
    .columns = "xen", .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
};

/* ---- many in one ---- */

static struct multicall_entry batch[32];

COLD static const char *setup_batch(struct row_run *r)
{
    (void)r;
    for ( u32 i = 0; i < ARRAY_SIZE(batch); i++ )
        batch[i] = (struct multicall_entry){
            .op = __HYPERVISOR_xen_version, .args = { XENVER_version, 0 },
        };
    return NULL;
}

static inline long multicall(u32 count)
{
    return hypercall2(__HYPERVISOR_multicall, (u64)batch, count);
}

static void check_batch(struct row_run *r, u32 count)
{
    for ( u32 i = 0; i < count; i++ )
        if ( (long)batch[i].result <= 0 )
            r->failure = "a call inside the batch failed";
}

#define MULTICALL_ROW(n)                                                            \
    static void run_multicall_##n(struct row_run *r)                                \
    {                                                                               \
        SAMPLES(r, multicall(n));                                                   \
        check_batch(r, n);                                                          \
    }                                                                               \
    EXPLANATION(hypercall_multicall_##n) = \
        "One multicall hypercall carries " #n " xen_version calls; the figure is " \
        "per call.  Entry and exit are paid once, so the figure falls towards " \
        "the cost of dispatch alone as the batch grows.  Compare with " \
        "hypercall/null.  Xen copies the 48 bytes of each entry one by one: by REP MOVSB since " \
        "4.20, each byte an instruction of the lab's clock (78 an entry, against 33 by 4.17's REP MOVSQ), " \
        "so that in PV a batch saves nothing in this clock; processors move many bytes at a time.  "   \
        "In PVH and HVM each entry is copied in and its result out by a walk of the guest's page "      \
        "tables (see event/send-masked), so that a batch is dearer than as many hypercalls.";          \
    ROW(hypercall_multicall_##n, .setup = setup_batch, .run = run_multicall_##n) = { \
        .name = "hypercall/multicall-" #n,                                          \
        .work = "enter the hypervisor and return",                                  \
        .path = "multicall of " #n ", per call",                                    \
        .help = #n " xen_version calls in one multicall; per call",                 \
        .explanation = explanation_hypercall_multicall_##n,                         \
        .elsewhere = NO_HYPERVISOR,                                                 \
        .columns = "xen",                                                         \
        .operations = n, .samples = 500, .warmup = 16,                              \
    }

MULTICALL_ROW(1);
MULTICALL_ROW(8);
MULTICALL_ROW(32);
