/* VM exits of instructions and registers that not every machine has. */
#include "../../arch/mode.h"
#include "../../arch/x86/detect.h"
#include "../../arch/traps.h"
#include "../../drivers/x86/lapic.h"
#include "../../harness/row.h"

#define NOT_IN_PV "a PV guest has no VM exits"

/* ---- the instruction made for it ---- */

#define CPUID_VENDOR_INTEL_B 0x756e6547u   /* "Genu" */

static bool intel;

COLD static const char *setup_vendor(struct row_run *r)
{
    (void)r;
    intel = cpuid(0, 0).b == CPUID_VENDOR_INTEL_B;
    return NULL;
}

/* No hypercall has this number: Xen answers -ENOSYS. */
#define NO_HYPERCALL 0x3ful

static void run_vmcall(struct row_run *r)
{
    u64 rax;

    if ( intel )
        SAMPLES(r, __asm__ volatile ("vmcall" : "=a"(rax) : "0"(NO_HYPERCALL) : "memory"));
    else
        SAMPLES(r, __asm__ volatile ("vmmcall" : "=a"(rax) : "0"(NO_HYPERCALL) : "memory"));
}

EXPLANATION(exit_vmcall) =
    "VMCALL (Intel) or VMMCALL (AMD) with a number that is no hypercall: exit, a look at the number, resume "
    "(hvm_hypercall).  The row of kvm-unit-tests and of most papers.  hypercall/enosys adds the "
    "hypercall page, exit/vmcall-foreign shows the other vendor's instruction.";
ROW(exit_vmcall, .setup = setup_vendor, .run = run_vmcall) = {
    .name = "exit/vmcall",
    .work = "enter the hypervisor and return",
    .path = "VM exit by VMCALL or VMMCALL",
    .help = "the CPU's own instruction for calling the hypervisor, nothing asked",
    .explanation = explanation_exit_vmcall,
    .elsewhere = "VMCALL and VMMCALL are undefined where no hypervisor is below, and in PV, whose door is SYSCALL",
    .columns = "pvh hvm kvms", .operations = 1, .samples = 1000, .warmup = 16,
};

/* An instruction that raises #UD; the handler goes on behind it. */
#define UNDEFINED(instruction)                          \
    __asm__ volatile ("1: " instruction "\n"            \
                      "2:\n\t"                          \
                      ".pushsection fixups, \"a\"\n\t"  \
                      ".quad 1b, 2b\n\t"                \
                      ".popsection" ::: "rax", "memory")

static void run_foreign(struct row_run *r)
{
    if ( intel )
        SAMPLES(r, UNDEFINED("vmmcall"));
    else
        SAMPLES(r, UNDEFINED("vmcall"));
}

EXPLANATION(exit_vmcall_foreign) =
    "The other vendor's instruction raises #UD.  Xen looks at #UD only for domains whose CPU vendor is "
    "made up (svm_cpuid_policy_changed); otherwise it goes straight to the guest, and the figure is the guest's own "
    "exception handling, as in bare mode.  Hence the hypercall page; KVM would patch the instruction.";
ROW(exit_vmcall_foreign, .setup = setup_vendor, .run = run_foreign) = {
    .name = "exit/vmcall-foreign",
    .work = "handle an undefined instruction",
    .path = "the other vendor's VMCALL or VMMCALL",
    .help = "VMCALL on AMD, VMMCALL on Intel: undefined there",
    .explanation = explanation_exit_vmcall_foreign,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

/* ---- extended control register (SDM vol. 2, XSETBV) ---- */

#define CPUID_1_C_XSAVE (1u << 26)
#define CR4_OSXSAVE     (1ul << 18)

static u64 cr4;

static inline u64 cr4_read(void)
{
    u64 v;

    __asm__ volatile ("movq %%cr4, %0" : "=r"(v));
    return v;
}

static inline void cr4_write(u64 v)
{
    __asm__ volatile ("movq %0, %%cr4" :: "r"(v) : "memory");
}

static inline void xcr0_write(u32 low, u32 high)
{
    __asm__ volatile ("xsetbv" :: "a"(low), "d"(high), "c"(0) : "memory");
}

static inline u64 xcr0_read(void)
{
    u32 low, high;

    __asm__ volatile ("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (u64)high << 32 | low;
}

COLD static void teardown_xsetbv(struct row_run *r)
{
    (void)r;
    cr4_write(cr4);
}

/* Fewer instructions than any exit takes. */
#define NO_EXIT 100u

COLD static const char *setup_xsetbv(struct row_run *r)
{
    u64 xcr0;

    if ( !(cpuid(1, 0).c & CPUID_1_C_XSAVE) )
        return "this machine offers no XSAVE (CPUID leaf 1, ECX bit 26)";
    cr4 = cr4_read();
    cr4_write(cr4 | CR4_OSXSAVE);
    xcr0 = xcr0_read();
    if ( boot_mode == MODE_BARE || !cpu_is_tcg ||
         TIMED(xcr0_write((u32)xcr0, (u32)(xcr0 >> 32))) > NO_EXIT )
        return NULL;
    teardown_xsetbv(r);
    return "this QEMU's TCG does not intercept XSETBV: for hardware, KVM and newer ones";
}

static void run_xsetbv(struct row_run *r)
{
    u64 xcr0 = xcr0_read();
    u32 low = (u32)xcr0, high = (u32)(xcr0 >> 32);

    SAMPLES(r, xcr0_write(low, high));
}

EXPLANATION(exit_xsetbv) =
    "XSETBV exits unconditionally on VT-x and is intercepted on SVM; Xen checks the value against the "
    "domain's policy and loads it (hvm_handle_xsetbv, handle_xsetbv).";
ROW(exit_xsetbv, .setup = setup_xsetbv, .run = run_xsetbv, .teardown = teardown_xsetbv) = {
    .name = "exit/xsetbv",
    .work = "write a control register",
    .path = "XSETBV",
    .help = "write XCR0 with the value it has",
    .explanation = explanation_exit_xsetbv,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

/* ---- CR8: the task priority without memory (SDM vol. 3, 10.8.6.1) ---- */

COLD static const char *setup_cr8(struct row_run *r)
{
    (void)r;
    return cpu_is_tcg ? "QEMU's TCG can abort at CR8 in a guest: for hardware and KVM" : NULL;
}

static void run_cr8_read(struct row_run *r)
{
    u64 v;

    SAMPLES(r, __asm__ volatile ("movq %%cr8, %0" : "=r"(v)));
}

static void run_cr8_write(struct row_run *r)
{
    SAMPLES(r, __asm__ volatile ("movq %0, %%cr8" :: "r"(0ul) : "memory"));
}

#define CR8_TEXT \
    "CR8 is the LAPIC's task priority.  SVM keeps a virtual one (V_TPR), VT-x a TPR shadow: where the CPU has " \
    "that, Xen lets the guest have it and it does not exit.  Compare with interrupt/tpr, the same by memory."

ROW(exit_cr8_read, .setup = setup_cr8, .run = run_cr8_read) = {
    .name = "exit/cr8-read",
    .work = "change the interrupt priority",
    .path = "MOV from CR8",
    .help = "read the task priority by CR8",
    .explanation = CR8_TEXT,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

ROW(exit_cr8_write, .setup = setup_cr8, .run = run_cr8_write) = {
    .name = "exit/cr8-write",
    .work = "change the interrupt priority",
    .path = "MOV to CR8",
    .help = "write the task priority by CR8",
    .explanation = CR8_TEXT,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

/* ---- model specific registers (SDM vol. 4; AMD APM vol. 2, 3.2) ---- */

#define MSR_TSC          0x10u
#define MSR_TSC_ADJUST   0x3bu
#define MSR_SPEC_CTRL    0x48u
#define MSR_PRED_CMD     0x49u
#define MSR_TSC_DEADLINE 0x6e0u

#define SPEC_CTRL_IBRS 1ul
#define PRED_CMD_IBPB  1ul

#define CPUID_1_C_TSC_DEADLINE (1u << 24)
#define CPUID_7_B_TSC_ADJUST   (1u << 1)
#define CPUID_7_D_IBRS_IBPB    (1u << 26)   /* Intel: both */
#define CPUID_80000008_B_IBPB  (1u << 12)   /* AMD: each */
#define CPUID_80000008_B_IBRS  (1u << 14)

static void run_msr_trapped(struct row_run *r)
{
    SAMPLES(r, msr_read(MSR_TSC));
}

EXPLANATION(exit_msr_trapped) =
    "RDMSR of IA32_TSC exits even where RDTSC does not (tsc_mode native); Xen reads the TSC and applies "
    "the domain's offset and ratio (_hvm_rdtsc_intercept).  Compare with baseline/rdtsc, which does not exit, and with "
    "exit/rdtsc-trapped.";
ROW(exit_msr_trapped, .run = run_msr_trapped) = {
    .name = "exit/msr-trapped",
    .work = "read the time stamp counter",
    .path = "VM exit by RDMSR of IA32_TSC",
    .help = "read the time stamp counter by its MSR, which traps",
    .explanation = explanation_exit_msr_trapped,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

#define MSR_KERNEL_GS_BASE 0xc0000102u

static void run_gs_base(struct row_run *r)
{
    SAMPLES(r, msr_write(MSR_KERNEL_GS_BASE, 0));
}

EXPLANATION(exit_kernel_gs_base) =
    "WRMSR of KernelGSbase (0 stays 0), which kernels write at each change of process.  The MSR permission map lets it "
    "through (svm_vmcb.c, construct_vmcb; vmx.c): the figure is the instruction.  The difference to exit/msr-write is the "
    "whole exit.";
ROW(exit_kernel_gs_base, .run = run_gs_base) = {
    .name = "exit/kernel-gs-base",
    .work = "write a model specific register",
    .path = "WRMSR of KernelGSbase, which does not exit",
    .help = "write an MSR that Xen lets the guest have",
    .explanation = explanation_exit_kernel_gs_base,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

static u64 value;

COLD static const char *setup_tsc_adjust(struct row_run *r)
{
    (void)r;
    if ( cpuid(0, 0).a < 7 || !(cpuid(7, 0).b & CPUID_7_B_TSC_ADJUST) )
        return "this machine offers no IA32_TSC_ADJUST (CPUID leaf 7, EBX bit 1)";
    value = msr_read(MSR_TSC_ADJUST);
    return NULL;
}

static void run_tsc_adjust(struct row_run *r)
{
    u64 v = value;

    SAMPLES(r, msr_write(MSR_TSC_ADJUST, v));
}

EXPLANATION(exit_tsc_adjust) =
    "WRMSR of IA32_TSC_ADJUST: Xen moves the guest's TSC offset by the difference, here none "
    "(hvm_set_guest_tsc_adjust).  Kernels write it at boot to align the TSCs of their CPUs.";
ROW(exit_tsc_adjust, .setup = setup_tsc_adjust, .run = run_tsc_adjust) = {
    .name = "exit/tsc-adjust",
    .work = "write a model specific register",
    .path = "VM exit by WRMSR of IA32_TSC_ADJUST",
    .help = "write IA32_TSC_ADJUST with the value it has",
    .explanation = explanation_exit_tsc_adjust,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

static void run_tsc_adjust_read(struct row_run *r)
{
    SAMPLES(r, msr_read(MSR_TSC_ADJUST));
}

EXPLANATION(exit_tsc_adjust_read) =
    "RDMSR of IA32_TSC_ADJUST: the exit and a look at what the domain wrote there.  The difference to exit/tsc-adjust is "
    "moving the offset.";
ROW(exit_tsc_adjust_read, .setup = setup_tsc_adjust, .run = run_tsc_adjust_read) = {
    .name = "exit/tsc-adjust-read",
    .work = "read a model specific register",
    .path = "VM exit by RDMSR of IA32_TSC_ADJUST",
    .help = "read IA32_TSC_ADJUST",
    .explanation = explanation_exit_tsc_adjust_read,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

COLD static const char *setup_deadline(struct row_run *r)
{
    (void)r;
    if ( !(cpuid(1, 0).c & CPUID_1_C_TSC_DEADLINE) )
        return "this machine offers no TSC deadline (CPUID leaf 1, ECX bit 24)";
    lapic_enable();
    lapic_timer_mode(LVT_TSC_DEADLINE);
    return NULL;
}

COLD static void teardown_deadline(struct row_run *r)
{
    (void)r;
    msr_write(MSR_TSC_DEADLINE, 0);
    lapic_timer_stop();
}

static void run_deadline(struct row_run *r)
{
    u64 far = tsc_begin() + (1ul << 40);

    SAMPLES(r, msr_write(MSR_TSC_DEADLINE, far));
}

EXPLANATION(exit_tsc_deadline) =
    "WRMSR of IA32_TSC_DEADLINE with a time that never comes: the exit, and a timer of Xen's set anew "
    "(vlapic_tdt_msr_set).  Compare with sched/set-singleshot-timer; with the tick: interrupt/timer-tsc-deadline.";
ROW(exit_tsc_deadline,
    .setup = setup_deadline, .run = run_deadline, .teardown = teardown_deadline) = {
    .name = "exit/tsc-deadline",
    .work = "arm a timer",
    .path = "VM exit by WRMSR of IA32_TSC_DEADLINE",
    .help = "arm the LAPIC's TSC deadline timer for the far future",
    .explanation = explanation_exit_tsc_deadline,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

/* Intel's one bit for both, or AMD's for each. */
static bool offers(u32 amd_bit)
{
    return (cpuid(0, 0).a >= 7 && (cpuid(7, 0).d & CPUID_7_D_IBRS_IBPB)) ||
           (cpuid(0x80000000, 0).a >= 0x80000008 && (cpuid(0x80000008, 0).b & amd_bit));
}

COLD static const char *setup_ibrs(struct row_run *r)
{
    (void)r;
    return offers(CPUID_80000008_B_IBRS) ? NULL
        : "this CPU offers no IBRS (CPUID leaf 7, EDX bit 26; leaf 0x80000008, EBX bit 14)";
}

static void run_ibrs(struct row_run *r)
{
    u64 before = msr_read(MSR_SPEC_CTRL);

    FOR_EACH_SAMPLE(r, i)
    {
        u64 v = i & 1 ? before : before ^ SPEC_CTRL_IBRS;

        sample_keep(r, i, TIMED(msr_write(MSR_SPEC_CTRL, v)));
    }
    msr_write(MSR_SPEC_CTRL, before);
}

EXPLANATION(exit_ibrs) =
    "WRMSR of SPEC_CTRL flips IBRS, as kernels do at each entry and exit on CPUs that need it.  Where the "
    "guest is told of it, Xen lets it write the register directly: the figure is the CPU's.";
ROW(exit_ibrs, .setup = setup_ibrs, .run = run_ibrs) = {
    .name = "exit/ibrs",
    .work = "write a model specific register",
    .path = "WRMSR of SPEC_CTRL",
    .help = "switch IBRS on and off: restricted branch speculation",
    .explanation = explanation_exit_ibrs,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

COLD static const char *setup_ibpb(struct row_run *r)
{
    (void)r;
    return offers(CPUID_80000008_B_IBPB) ? NULL
        : "this CPU offers no IBPB (CPUID leaf 7, EDX bit 26; leaf 0x80000008, EBX bit 12)";
}

static void run_ibpb(struct row_run *r)
{
    SAMPLES(r, msr_write(MSR_PRED_CMD, PRED_CMD_IBPB));
}

EXPLANATION(exit_ibpb) =
    "WRMSR of PRED_CMD empties the branch predictor, as kernels do between processes that must not "
    "train each other's branches.  Where the guest is told of it, Xen lets it write the register directly.";
ROW(exit_ibpb, .setup = setup_ibpb, .run = run_ibpb) = {
    .name = "exit/ibpb",
    .work = "write a model specific register",
    .path = "WRMSR of PRED_CMD",
    .help = "issue an indirect branch prediction barrier",
    .explanation = explanation_exit_ibpb,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

/* ---- a trapped TSC ---- */

/*
 * xen/arch-x86/cpuid.h, leaf 3, sub-leaf 0: EAX bit 0, the TSC is emulated.  In
 * PV by Xen's forced emulation (UD2, "xen", CPUID).
 */
static bool tsc_is_emulated(void)
{
    u32 a = (xen_cpuid_base ? xen_cpuid_base : 0x40000000u) + 3, b, c = 0, d;

    if ( boot_mode == MODE_PV )
        __asm__ volatile ("ud2a\n\t.byte 0x78, 0x65, 0x6e\n\tcpuid"
                          : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    else
        a = cpuid(a, 0).a;
    return a & 1;
}

COLD static const char *setup_rdtsc(struct row_run *r)
{
    (void)r;
    return tsc_is_emulated() ? NULL : "this domain's TSC is native: start it with tsc_mode=\"always_emulate\"";
}

/* The two readings around it trap as well: from within one trap to within the
 * next is one, and the empty region, measured in the same domain, is another. */
static void run_rdtsc(struct row_run *r)
{
    SAMPLES(r, tsc_begin());
}

EXPLANATION(exit_rdtsc_trapped) =
    "In a domain of its own with tsc_mode \"always_emulate\", RDTSC traps (a VM exit; in PV #GP by CR4.TSD) and Xen answers "
    "with its system time, scaled.  The two readings around the operation trap as well: they are one trap apart with nothing "
    "between them, which is subtracted.  Compare with baseline/rdtsc, the same untrapped.";
ROW(exit_rdtsc_trapped, .setup = setup_rdtsc, .run = run_rdtsc) = {
    .name = "exit/rdtsc-trapped",
    .work = "read the time stamp counter",
    .path = "RDTSC, trapped by Xen",
    .help = "read a time stamp counter that Xen emulates",
    .explanation = explanation_exit_rdtsc_trapped,
    .elsewhere = "bare mode has no Xen to trap RDTSC",
    .columns = "xen", .needs = DOMAIN_TSC_EMULATED,
    .operations = 1, .samples = 500, .warmup = 16,
};
