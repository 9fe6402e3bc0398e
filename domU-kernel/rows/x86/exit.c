/* VM exits by reason. */
#include "../../arch/x86/traps.h"
#include "../../arch/mode.h"
#include "../../arch/x86/detect.h"
#include "../../drivers/x86/lapic.h"
#include "../../harness/row.h"

#define NOT_IN_PV "a PV guest has no VM exits"

static void run_cpuid(struct row_run *r)
{
    SAMPLES(r, cpuid(0, 0));
}

EXPLANATION(exit_cpuid_basic) =
    "CPUID always exits from a hardware guest.  Xen's exit handler "
    "(svm_vmexit_handler or vmx_vmexit_handler) finds the instruction's length, "
    "looks the leaf up in the domain's policy (guest_cpuid), writes the "
    "registers and resumes.  On bare hardware it is one instruction.  The length "
    "is what the CPU saved at the exit (AMD's NRIP-save, Intel's VM-exit instruction length).  On a CPU "
    "without that, Xen fetches and decodes the guest's instruction, some 4,500 instructions more: "
    "`xenometer trace exit/cpuid-basic -m pvh --without=nrip-save` shows them.";
ROW(exit_cpuid_basic, .run = run_cpuid) = {
    .name = "exit/cpuid-basic",
    .work = "enter the hypervisor and return",
    .path = "VM exit by CPUID",
    .help = "CPUID leaf 0: an exit served inside Xen",
    .explanation = explanation_exit_cpuid_basic,
    .elsewhere = NOT_IN_PV ": its CPUID does not leave it",
    .columns = "hardware", .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
};

COLD static const char *setup_msr(struct row_run *r)
{
    u64 value;

    (void)r;
    return msr_read_safe(MSR_APIC_BASE, &value) ? NULL : "this machine has no IA32_APIC_BASE";
}

static void run_msr(struct row_run *r)
{
    SAMPLES(r, msr_read(MSR_APIC_BASE));
}

EXPLANATION(exit_msr_read) =
    "RDMSR of a register that Xen does not let the guest read directly: the MSR "
    "permission map makes it exit, Xen's handler (hvm_msr_read_intercept) finds "
    "the value and resumes.  Compare with exit/cpuid-basic: the difference is "
    "the look-up, not the exit.";
ROW(exit_msr_read, .setup = setup_msr, .run = run_msr) = {
    .name = "exit/msr-read",
    .work = "read a model specific register",
    .path = "VM exit by RDMSR",
    .help = "RDMSR of IA32_APIC_BASE, intercepted by Xen",
    .explanation = explanation_exit_msr_read,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_cpuid_deep(struct row_run *r)
{
    SAMPLES(r, cpuid(0xd, 0));
}

EXPLANATION(exit_cpuid_deep) =
    "CPUID leaf 0xd, subleaf 0 depends on XCR0 and on the domain's policy, so Xen has "
    "more to do than for leaf 0.  The difference to exit/cpuid-basic is that work.";
ROW(exit_cpuid_deep, .run = run_cpuid_deep) = {
    .name = "exit/cpuid-deep",
    .work = "identify the processor",
    .path = "CPUID leaf 0xd",
    .help = "CPUID of the extended state leaf, which Xen computes",
    .explanation = explanation_exit_cpuid_deep,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 1000, .warmup = 16,
};

COLD static const char *setup_hypervisor_leaf(struct row_run *r)
{
    (void)r;
    return xen_cpuid_base ? NULL : "there is no Xen to identify";
}

static void run_hypervisor_leaf(struct row_run *r)
{
    u32 leaf = xen_cpuid_base + 1;   /* version: xen/arch-x86/cpuid.h */

    SAMPLES(r, cpuid(leaf, 0));
}

EXPLANATION(exit_cpuid_hypervisor_leaf) =
    "CPUID of the leaf in which Xen tells its version: same exit, another branch of "
    "guest_cpuid (cpuid_hypervisor_leaves).";
ROW(exit_cpuid_hypervisor_leaf, .setup = setup_hypervisor_leaf, .run = run_hypervisor_leaf) = {
    .name = "exit/cpuid-hypervisor-leaf",
    .work = "identify the processor",
    .path = "CPUID leaf 0x40000x01",
    .help = "CPUID of Xen's own version leaf",
    .explanation = explanation_exit_cpuid_hypervisor_leaf,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 1000, .warmup = 16,
};

static u64 apic_base;

COLD static const char *setup_msr_write(struct row_run *r)
{
    (void)r;
    return msr_read_safe(MSR_APIC_BASE, &apic_base) ? NULL : "this machine has no IA32_APIC_BASE";
}

static void run_msr_write(struct row_run *r)
{
    u64 value = apic_base;

    SAMPLES(r, msr_write(MSR_APIC_BASE, value));
}

EXPLANATION(exit_msr_write) =
    "WRMSR of an intercepted register with its own value: the exit, the look-up, and "
    "the check of what is written (guest_wrmsr_apic_base).";
ROW(exit_msr_write, .setup = setup_msr_write, .run = run_msr_write) = {
    .name = "exit/msr-write",
    .work = "write a model specific register",
    .path = "VM exit by WRMSR",
    .help = "WRMSR of IA32_APIC_BASE with the value it has",
    .explanation = explanation_exit_msr_write,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 1000, .warmup = 16,
};

/* SDM vol. 4 and AMD APM vol. 2 define nothing at this number. */
#define MSR_NOWHERE 0x12345u

static void run_msr_fault(struct row_run *r)
{
    u64 value;
    bool there = false;

    SAMPLES(r, there |= msr_read_safe(MSR_NOWHERE, &value));
    if ( there && boot_mode != MODE_BARE )
        r->failure = "an MSR that does not exist was read";
}

EXPLANATION(exit_msr_fault) =
    "RDMSR of number 0x12345: Xen finds no such register and injects #GP; the guest's "
    "handler finds the fix-up and returns by IRET.  The difference to exit/msr-read is the "
    "injection and the guest's exception handling.";
ROW(exit_msr_fault, .run = run_msr_fault) = {
    .name = "exit/msr-fault",
    .work = "read a model specific register",
    .path = "RDMSR that faults (#GP)",
    .help = "RDMSR of a register that does not exist, and the #GP handled",
    .explanation = explanation_exit_msr_fault,
    .elsewhere = NOT_IN_PV,
    .columns = "pvh hvm kvms", .operations = 1, .samples = 500, .warmup = 16,
};

/* ---- control registers (SDM vol. 3, 2.5) ---- */

#define CR0_WP (1ul << 16)
#define CR4_PGE (1ul << 7)

#define READ_CR(n) ({ u64 v_; __asm__ volatile ("movq %%cr" #n ", %0" : "=r"(v_)); v_; })
#define WRITE_CR(n, v) __asm__ volatile ("movq %0, %%cr" #n :: "r"((u64)(v)) : "memory")

static void run_cr0(struct row_run *r)
{
    u64 cr0 = READ_CR(0);

    FOR_EACH_SAMPLE(r, i)
    {
        u64 v = i & 1 ? cr0 : cr0 ^ CR0_WP;

        sample_keep(r, i, TIMED(WRITE_CR(0, v)));
    }
    WRITE_CR(0, cr0);
}

EXPLANATION(exit_cr0_wp) =
    "MOV to CR0 that changes the write-protect bit; with nested paging Xen intercepts it "
    "(hvm_set_cr0) and resumes.  Two figures alternate, two instructions apart: clearing the bit has Xen look at "
    "CR4.CET first, setting it has not.";
ROW(exit_cr0_wp, .run = run_cr0) = {
    .name = "exit/cr0-wp",
    .work = "write a control register",
    .path = "MOV to CR0, WP changes",
    .help = "flip CR0.WP",
    .explanation = explanation_exit_cr0_wp,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

static void run_cr3(struct row_run *r)
{
    u64 cr3 = READ_CR(3);

    SAMPLES(r, WRITE_CR(3, cr3));
}

EXPLANATION(exit_cr3) =
    "MOV to CR3 with the value it has: flushes the guest's translations.  With nested "
    "paging it does not exit, and the figure is one instruction; without (shadow paging, or "
    "a CPU that lacks it) it does.";
ROW(exit_cr3, .run = run_cr3) = {
    .name = "exit/cr3",
    .work = "change a mapping",
    .path = "MOV to CR3",
    .help = "reload CR3: a change of address space",
    .explanation = explanation_exit_cr3,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

static void run_cr4(struct row_run *r)
{
    u64 cr4 = READ_CR(4);

    FOR_EACH_SAMPLE(r, i)
    {
        u64 v = i & 1 ? cr4 : cr4 ^ CR4_PGE;

        sample_keep(r, i, TIMED(WRITE_CR(4, v)));
    }
    WRITE_CR(4, cr4);
}

EXPLANATION(exit_cr4_pge) =
    "MOV to CR4 that changes the global-page bit, the way kernels flush all translations.  "
    "Xen intercepts it (hvm_set_cr4) and gives the vCPU a new address space identifier instead of flushing; each time all "
    "are used up, one sample is dearer (hvm_asid_handle_vmenter): QEMU's CPU has 15, so every 15th.";
ROW(exit_cr4_pge, .run = run_cr4) = {
    .name = "exit/cr4-pge",
    .work = "write a control register",
    .path = "MOV to CR4, PGE changes",
    .help = "flip CR4.PGE: a flush of all translations",
    .explanation = explanation_exit_cr4_pge,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

static void run_debug_register(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
        sample_keep(r, i, TIMED({ __asm__ volatile ("movq %0, %%dr0" :: "r"((u64)i)); }));
}

EXPLANATION(exit_debug_register) =
    "MOV to DR0.  Xen gives the guest its debug registers lazily: the first access exits "
    "(svm_dr_access or vmx_dr_access) and loads them, and from then on they belong to the guest until the "
    "next context switch.  The figure of the first iteration is the exit.";
ROW(exit_debug_register, .run = run_debug_register) = {
    .name = "exit/debug-register",
    .work = "write a debug register",
    .path = "MOV to DR0",
    .help = "write DR0",
    .explanation = explanation_exit_debug_register,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

static void run_invlpg(struct row_run *r)
{
    SAMPLES(r, __asm__ volatile ("invlpg (%0)" :: "r"(&apic_base) : "memory"));
}

EXPLANATION(exit_invlpg) =
    "INVLPG of one page.  With nested paging it does not exit; compare with pv/update-va, "
    "which changes a mapping in PV.";
ROW(exit_invlpg, .run = run_invlpg) = {
    .name = "exit/invlpg",
    .work = "change a mapping",
    .path = "INVLPG",
    .help = "invalidate one translation",
    .explanation = explanation_exit_invlpg,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

static void run_wbinvd(struct row_run *r)
{
    SAMPLES(r, __asm__ volatile ("wbinvd" ::: "memory"));
}

EXPLANATION(exit_wbinvd) =
    "WBINVD exits; Xen executes it only for domains that have a device passed through "
    "(svm_wbinvd_intercept), otherwise it just resumes.";
ROW(exit_wbinvd, .run = run_wbinvd) = {
    .name = "exit/wbinvd",
    .work = "write back and invalidate caches",
    .path = "WBINVD",
    .help = "write back and invalidate caches, intercepted by Xen",
    .explanation = explanation_exit_wbinvd,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

static void run_invd(struct row_run *r)
{
    SAMPLES(r, __asm__ volatile ("invd" ::: "memory"));
}

EXPLANATION(exit_invd) =
    "INVD would throw away what the caches have not written back, so no hypervisor lets a guest have it: it exits, and Xen "
    "does what it does for exit/wbinvd, KVM nothing (kvm_emulate_invd).";
ROW(exit_invd, .run = run_invd) = {
    .name = "exit/invd",
    .work = "write back and invalidate caches",
    .path = "INVD",
    .help = "invalidate caches, which a hypervisor does not let a guest do",
    .explanation = explanation_exit_invd,
    .elsewhere = "bare, or in a PV guest, memory would lose what is in the caches",
    .columns = "pvh hvm kvms", .operations = 1, .samples = 500, .warmup = 16,
};

/* One vCPU spins without cause: enough PAUSEs for a filter of 3,000 to fire. */
#define PAUSES 4096u

static void run_pause_loop(struct row_run *r)
{
    SAMPLES(r, {
        for ( u32 n = 0; n < PAUSES; n++ )
            cpu_relax();
    });
}

EXPLANATION(exit_pause_loop) =
    "4,096 PAUSEs in a tight loop.  Where the CPU has a pause filter, Xen takes an exit after some "
    "thousands and yields the vCPU; without one (as under TCG) the figure is the loop alone, "
    "three instructions a turn.";
ROW(exit_pause_loop, .run = run_pause_loop) = {
    .name = "exit/pause-loop",
    .work = "give up the CPU and come back",
    .path = "4,096 PAUSEs in a row",
    .help = "spin with PAUSE long enough for the pause filter",
    .explanation = explanation_exit_pause_loop,
    .elsewhere = "PAUSE never leaves a PV guest",
    .columns = "hardware", .operations = 1, .samples = 100, .warmup = 4,
};

struct table_pointer { u16 limit; u64 base; } __attribute__((packed));

static void run_descriptor_table(struct row_run *r)
{
    struct table_pointer g, i;

    SAMPLES(r, __asm__ volatile ("sgdt %0\n\tsidt %1\n\tlgdt %0\n\tlidt %1\n\t"
                                 "pushfq\n\tpopfq"
                                 : "=m"(g), "=m"(i) :: "memory"));
}

EXPLANATION(exit_descriptor_table) =
    "Instructions that could not be virtualized before SVM and VT-x: SGDT, SIDT, LGDT, LIDT, "
    "PUSHF and POPF.  None of them exits under Xen: a figure of more than some ten "
    "instructions means that something intercepts descriptor tables.  Compare with exit/smsw.";
ROW(exit_descriptor_table, .run = run_descriptor_table) = {
    .name = "exit/descriptor-table",
    .work = "use a privileged instruction that need not exit",
    .path = "SGDT, SIDT, LGDT, LIDT, PUSHF, POPF",
    .help = "six instructions that hardware virtualization runs natively",
    .explanation = explanation_exit_descriptor_table,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

static void run_smsw(struct row_run *r)
{
    SAMPLES(r, __asm__ volatile ("smsw %%ax" ::: "rax", "memory"));
}

EXPLANATION(exit_smsw) =
    "SMSW reads the low half of CR0.  Xen on SVM intercepts reads of CR0, so this one exits "
    "and is emulated, unlike its companions in exit/descriptor-table; on VT-x the guest reads a shadow.";
ROW(exit_smsw, .run = run_smsw) = {
    .name = "exit/smsw",
    .work = "use a privileged instruction that need not exit",
    .path = "SMSW",
    .help = "read the low half of CR0",
    .explanation = explanation_exit_smsw,
    .elsewhere = NOT_IN_PV,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

COLD static const char *setup_halt(struct row_run *r)
{
    (void)r;
    lapic_enable();
    return NULL;
}

static void run_halt(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        interrupts_disable();
        lapic_self_ipi();   /* pends */
        sample_keep(r, i, TIMED(interrupts_enable_and_halt()));
    }
    if ( boot_mode == MODE_BARE )
        interrupts_disable();
}

EXPLANATION(exit_hlt_wake) =
    "STI and HLT with an interrupt from the LAPIC pending already: HLT exits, Xen sees that there is "
    "something to deliver and does not block the vCPU (hvm_hlt, do_sched_op), the interrupt is injected "
    "and acknowledged.  The shortest way through the sleeping path of a kernel's idle loop.";
ROW(exit_hlt_wake, .setup = setup_halt, .run = run_halt) = {
    .name = "exit/hlt-wake",
    .work = "give up the CPU and come back",
    .path = "HLT with an interrupt pending",
    .help = "halt with an interrupt pending, and take it",
    .explanation = explanation_exit_hlt_wake,
    .elsewhere = NOT_IN_PV ": see event/roundtrip-idle for its way to sleep",
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};
