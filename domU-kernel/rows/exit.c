/* VM exits by reason. */
#include "../arch/traps.h"
#include "../harness/row.h"

#define NOT_IN_PV "a PV guest has no VM exits"

static void run_cpuid(struct row_run *r)
{
    SAMPLES(r, cpuid(0, 0));
}

ROW(exit_cpuid_basic) = {
    .name = "exit/cpuid-basic",
    .work = "enter the hypervisor and return",
    .path = "VM exit by CPUID",
    .help = "CPUID leaf 0: an exit served inside Xen",
    .explanation =
        "CPUID always exits from a hardware guest.  Xen's exit handler "
        "(svm_vmexit_handler or vmx_vmexit_handler) finds the instruction's length, "
        "looks the leaf up in the domain's policy (guest_cpuid), writes the "
        "registers and resumes.  On bare hardware it is one instruction.  Without "
        "the CPU feature NRIP-save, Xen fetches and decodes the instruction itself "
        "to find its length, which costs about 2,000 instructions more.",
    .elsewhere = NOT_IN_PV ": its CPUID does not leave it",
    .modes = MODES_HARDWARE, .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
    .run = run_cpuid,
};

static const char *setup_msr(struct row_run *r)
{
    u64 value;

    (void)r;
    return msr_read_safe(MSR_APIC_BASE, &value) ? NULL : "this machine has no IA32_APIC_BASE";
}

static void run_msr(struct row_run *r)
{
    SAMPLES(r, msr_read(MSR_APIC_BASE));
}

ROW(exit_msr_read) = {
    .name = "exit/msr-read",
    .work = "read a model specific register",
    .path = "VM exit by RDMSR",
    .help = "RDMSR of IA32_APIC_BASE, intercepted by Xen",
    .explanation =
        "RDMSR of a register that Xen does not let the guest read directly: the MSR "
        "permission map makes it exit, Xen's handler (hvm_msr_read_intercept) finds "
        "the value and resumes.  Compare with exit/cpuid-basic: the difference is "
        "the look-up, not the exit.",
    .elsewhere = NOT_IN_PV,
    .modes = MODES_HARDWARE, .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
    .setup = setup_msr, .run = run_msr,
};
