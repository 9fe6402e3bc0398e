/*
 * Traps to the hypervisor that are no hypercall of Xen's: what an ARM64 guest does that EL2 has asked for (HCR_EL2,
 * CNTHCTL_EL2), by the class in ESR_EL2 that it finds.  KVM asks for nearly the same.
 */
#include "../../arch/cpu.h"
#include "../../arch/mode.h"
#include "../../arch/traps.h"
#include "../../drivers/arm64/gic.h"
#include "../../drivers/arm64/timer.h"
#include "../../drivers/device.h"
#include "../../harness/row.h"

/* One trap: what is executed and what Xen does for it; further fields of struct row behind. */
#define TRAP(id, name_, work_, path_, help_, text, ...) \
    TRAP_IN(id, "arms", name_, work_, path_, help_, text, __VA_ARGS__)
#define TRAP_IN(id, columns_, name_, work_, path_, help_, text, ...)                \
    EXPLANATION(id) = text;                                                         \
    ROW(id, .run = run_##id) = {                                                    \
        .name = name_, .work = work_, .path = path_, .help = help_,                 \
        .explanation = explanation_##id, .columns = columns_,                       \
        .operations = 1, .samples = 1000, .warmup = 16, __VA_ARGS__                 \
    }
#define ENTER "enter the hypervisor and return"

static bool faulted;   /* the last load of exit/abort */

/* Arm DEN 0022 (PSCI), 5.1.1; 64-bit callers may use the 32-bit function, too. */
#define PSCI_VERSION 0x84000000ul

/* By HVC or SMC #0 (Arm DEN 0028, SMC calling convention, 2.6): X4 to X17 may change. */
#define CALL(instruction, function) ({                                              \
    register u64 x0_ __asm__("x0") = (function);                                    \
                                                                                    \
    __asm__ volatile (instruction " #0" : "+r"(x0_)                                 \
                      :: "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9",      \
                         "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",    \
                         "memory");                                                 \
    x0_; })

static void run_exit_psci_hvc(struct row_run *r)
{
    SAMPLES(r, CALL("hvc", PSCI_VERSION));
    if ( CALL("hvc", PSCI_VERSION) >> 16 != 1 )
        r->failure = "PSCI_VERSION by HVC is not 1.x";
}

TRAP(exit_psci_hvc, "exit/psci-hvc", ENTER, "HVC #0, PSCI_VERSION",
    "PSCI_VERSION by HVC, which Xen answers as firmware would",
    "Asks for PSCI's version by HVC #0, as firmware is called: Xen tells it from its own hypercalls by the "
    "immediate, and answers in the firmware's place (do_trap_hvc_smccc, vsmccc_handle_call, do_vpsci_0_2_call).  "
    "Compare with hypercall/null, HVC #0xEA1.", .flags = ROW_HEADLINE);

/* Arm DEN 0028, 2.5: a fast call of the hypervisor vendor's, 32 bits, in a range where nobody has any. */
#define NOBODYS_CALL 0x8600fff0ul

static void run_exit_hvc(struct row_run *r)
{
    SAMPLES(r, CALL("hvc", NOBODYS_CALL));
    if ( (u32)CALL("hvc", NOBODYS_CALL) != ~0u )
        r->failure = "a call that nobody knows was answered";
}

TRAP_IN(exit_hvc, "kvmarm64", "exit/hvc", ENTER, "HVC #0, nobody's function",
    "HVC with a function that nobody knows, as KVM's hypercalls are",
    "HVC #0 with a function of the SMC calling convention in a range where there is none: entering the hypervisor "
    "and finding nothing to do.  KVM's hypercalls are such calls (kvm_smccc_call_handler).  On a CPU without the "
    "virtualization host extensions KVM is at EL1, beside its guest: the part of it at EL2 takes the call, saves the "
    "guest's registers and loads the host's, and back (__kvm_vcpu_run).  Under KVM this is the hypercall of Dall et "
    "al., ISCA 2016; compare with exit/psci-hvc, and with exit/vmcall on x86.",
    .elsewhere = "Xen writes a call that it does not know into its log, and that would be the figure: exit/psci-hvc");

static void run_exit_psci_smc(struct row_run *r)
{
    SAMPLES(r, CALL("smc", PSCI_VERSION));
    if ( CALL("smc", PSCI_VERSION) >> 16 != 1 )
        r->failure = "PSCI_VERSION by SMC is not 1.x";
}

TRAP(exit_psci_smc, "exit/psci-smc", ENTER, "SMC #0, PSCI_VERSION",
    "PSCI_VERSION by SMC, which traps to Xen",
    "The same by SMC, which a guest is not to reach EL3 by: HCR_EL2.TSC has it trap (do_trap_smc).  On a CPU "
    "without EL3 it would be undefined.");

static void run_exit_id_register(struct row_run *r)
{
    SAMPLES(r, register_read(id_aa64pfr0_el1));
}

TRAP(exit_id_register, "exit/id-register", ENTER, "MRS ID_AA64PFR0_EL1",
    "read an identification register, which Xen answers",
    "Reads ID_AA64PFR0_EL1, which says what the CPU can do.  Xen shows domains less than the CPU has, so that "
    "these reads trap (HCR_EL2.TID3; do_sysreg).  What CPUID is on x86: compare with exit/cpuid-basic there.", .flags = ROW_HEADLINE);

static void run_exit_actlr(struct row_run *r)
{
    SAMPLES(r, register_read(actlr_el1));
}

TRAP(exit_actlr, "exit/actlr", ENTER, "MRS ACTLR_EL1",
    "read the auxiliary control register, which Xen answers",
    "Reads ACTLR_EL1, whose bits are each CPU's own: HCR_EL2.TACR has it trap, and Xen answers with what the "
    "vCPU was given at its beginning.");

static void run_exit_physical_timer(struct row_run *r)
{
    SAMPLES(r, register_read(cntp_ctl_el0));
}

TRAP(exit_physical_timer, "exit/physical-timer", "look at a timer", "MRS CNTP_CTL_EL0",
    "read the emulated physical timer's control register",
    "Reads the control register of the physical timer, which is Xen's own: CNTHCTL_EL2 has it trap, and Xen "
    "emulates one (vtimer_emulate, vtimer_cntp_ctl).  The virtual timer is a domain's own, without a trap: "
    "exit/virtual-timer.");

static void run_exit_virtual_timer(struct row_run *r)
{
    SAMPLES(r, register_read(cntv_ctl_el0));
}

TRAP(exit_virtual_timer, "exit/virtual-timer", "look at a timer", "MRS CNTV_CTL_EL0",
    "read the virtual timer's control register, without Xen",
    "Reads the control register of the virtual timer, which the CPU has for guests: no trap.");

/* ---- WFI and WFE ---- */

/* An interrupt that is pending and masked, so that WFI has nothing to wait for. */
COLD static const char *setup_pending(struct row_run *r)
{
    (void)r;
    interrupts_disable();
    timer_arm_virtual(timer_counter());
    return NULL;
}

COLD static void teardown_pending(struct row_run *r)
{
    (void)r;
    interrupts_enable();   /* taken now */
}

static void run_wfi(struct row_run *r)
{
    SAMPLES(r, __asm__ volatile ("wfi" ::: "memory"));
}

EXPLANATION(exit_wfi_pending) =
    "WFI while the virtual timer's interrupt is pending and masked: HCR_EL2.TWI has WFI trap, unless the CPU "
    "ends it at once.  What of it reaches Xen finds that there is nothing to sleep for "
    "(vcpu_block_unless_event_pending).";
ROW(exit_wfi_pending, .setup = setup_pending, .run = run_wfi, .teardown = teardown_pending) = {
    .name = "exit/wfi-pending",
    .work = "wait for what is there already",
    .path = "WFI, an interrupt pending",
    .help = "WFI with an interrupt that is pending and masked",
    .explanation = explanation_exit_wfi_pending,
    .columns = "arms",
    .operations = 1, .samples = 500, .warmup = 16,
};

static void run_exit_wfe(struct row_run *r)
{
    SAMPLES(r, __asm__ volatile ("wfe" ::: "memory"));
}

TRAP(exit_wfe, "exit/wfe", "give up the CPU and come back", "WFE",
    "WFE, which Xen takes for a yield where the CPU has it trap",
    "WFE, as a spinlock waits: HCR_EL2.TWE has it trap where it would have to wait, and Xen yields (vcpu_yield).  "
    "QEMU's CPU does neither: it goes on at once, as if an event had come, so that the figure there is the "
    "instruction alone.  Compare with sched/yield.");

/* ---- floating point and vectors ---- */

/* CPACR_EL1: FPEN, ZEN: neither traps to EL1. */
#define FPEN (3ul << 20)
#define ZEN  (3ul << 16)
/* ID_AA64PFR0_EL1, bits 35:32. */
#define HAS_SVE(features) ((features) >> 32 & 0xf)

/* Written as words: the image is compiled without these registers. */
static inline void use_fp(void)
{
    __asm__ volatile (".inst 0x9e6703e0" ::: "memory");         /* FMOV D0, XZR */
}

static inline void use_sve(void)
{
    __asm__ volatile (".inst 0x04bf5020" ::: "x0", "memory");   /* RDVL X0, #1 */
}

COLD static const char *setup_fp(struct row_run *r)
{
    (void)r;
    register_write(cpacr_el1, FPEN);
    isb();
    return NULL;
}

COLD static const char *setup_sve(struct row_run *r)
{
    (void)r;
    if ( !HAS_SVE(register_read(id_aa64pfr0_el1)) )
        return "no SVE here: the CPU has none, or Xen none for it (CONFIG_ARM64_SVE)";
    register_write(cpacr_el1, FPEN | ZEN);
    isb();
    return NULL;
}

COLD static void teardown_fp(struct row_run *r)
{
    (void)r;
    register_write(cpacr_el1, 0);
    isb();
}

/* KVM has a process of its own run in between, whose monitor does: it then keeps the registers for the host. */
static inline void leave(void)
{
    if ( mode_is(MODE_BARE) )
        mmio_read32(device.ioreq_mmio);
}

static void run_fp(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        leave();
        sample_keep(r, i, TIMED(use_fp()));
    }
}

static void run_sve(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        leave();
        sample_keep(r, i, TIMED(use_sve()));
    }
}

#define FIRST_USE "use the vector registers"

EXPLANATION(exit_fp_first_use) =
    "Writes a floating-point register, which nobody has done since this vCPU last gave up its CPU; under KVM, which asks its "
    "monitor before each sample, since that.  KVM loads the guest's registers with the first use: CPTR_EL2.TFP has it trap, "
    "and EL2 saves the host's and loads the guest's, 512 bytes each, before it goes on (kvm_hyp_handle_fpsimd).  Xen saves "
    "and loads them with each switch of vCPUs (vfp_save_state, vfp_restore_state), so that nothing traps.";
ROW(exit_fp_first_use, .setup = setup_fp, .run = run_fp, .teardown = teardown_fp) = {
    .name = "exit/fp-first-use",
    .work = FIRST_USE,
    .path = "FMOV, the registers loaded when they are used",
    .help = "write a floating-point register, for the first time since others ran",
    .explanation = explanation_exit_fp_first_use,
    .columns = "arms",
    .operations = 1, .samples = 200, .warmup = 8,
};

EXPLANATION(exit_sve_first_use) =
    "As exit/fp-first-use, of the scalable vector extension's registers, whose length is the CPU's: CPTR_EL2.TZ has the first "
    "use trap under KVM, which loads them all (sve_load).  Xen gives a domain SVE by a setting (sve=) and loads its "
    "registers with each switch, where it is built with CONFIG_ARM64_SVE; Debian's is not.";
ROW(exit_sve_first_use, .setup = setup_sve, .run = run_sve, .teardown = teardown_fp) = {
    .name = "exit/sve-first-use",
    .work = FIRST_USE,
    .path = "RDVL, the registers loaded when they are used",
    .help = "use the scalable vector extension, for the first time since others ran",
    .explanation = explanation_exit_sve_first_use,
    .columns = "arms",
    .operations = 1, .samples = 200, .warmup = 8,
};

/* ---- caches ---- */

/* DC CISW: all of level 1, set 0, way 0 (DDI 0487, "DC CISW"). */
static void run_exit_set_way(struct row_run *r)
{
    SAMPLES(r, __asm__ volatile ("dc cisw, xzr" ::: "memory"));
}

TRAP(exit_set_way, "exit/cache-set-way", ENTER, "DC CISW",
    "clean and invalidate a cache line by set and way, which Xen has trap",
    "Cache maintenance by set and way says nothing of addresses, so that on one of several CPUs it is of no use; firmware "
    "and old kernels do it nevertheless.  HCR_EL2.TSW has it trap, and with the first one Xen cleans all of the domain's "
    "memory from the caches (p2m_set_way_flush, p2m_flush_vm) and watches for the caches being turned on or off; the "
    "further ones, which this figure has, find that done.  That first one is the row's first sample of warming up.");

static void run_exit_clean(struct row_run *r)
{
    u64 place = (u64)&faulted;

    SAMPLES(r, __asm__ volatile ("dc civac, %0" :: "r"(place) : "memory"));
}

TRAP(exit_clean, "exit/cache-by-address", "clean a cache line", "DC CIVAC",
    "clean and invalidate a cache line by its address, without Xen",
    "The same by address, as it should be done: no trap.  Compare with exit/cache-set-way.");

/* ---- the interrupt controller by memory ---- */

#define GICD_TYPER 0x0004u   /* IHI 0069, 12.9.38 */
#define GICR_TYPER 0x0008u   /* 12.11.35 */

static void run_mmio_gic_distributor(struct row_run *r)
{
    u64 at = gic_distributor + GICD_TYPER;

    SAMPLES(r, mmio_read32(at));
}

TRAP(mmio_gic_distributor, "mmio/gic-distributor", ENTER, "GICD_TYPER by memory, emulated in Xen",
    "read a register of the emulated interrupt distributor",
    "Reads GICD_TYPER.  The distributor is memory that stage 2 does not map: the load is a stage-2 abort whose "
    "syndrome says which register and width, so that Xen decodes no instruction "
    "(do_trap_stage2_abort_guest, try_handle_mmio, vgic_v3_distr_mmio_read).  The interrupt controller trap of "
    "Dall et al., ISCA 2016.  Compare with mmio/xen-lapic on x86.", .flags = ROW_HEADLINE);

static void run_mmio_gic_redistributor(struct row_run *r)
{
    u64 at = gic_redistributor(0) + GICR_TYPER;

    SAMPLES(r, mmio_read32(at));
}

TRAP(mmio_gic_redistributor, "mmio/gic-redistributor", ENTER, "GICR_TYPER by memory, emulated in Xen",
    "read a register of the emulated redistributor",
    "Reads GICR_TYPER of this vCPU's redistributor.  As mmio/gic-distributor; Xen finds the vCPU whose it is by "
    "the address (get_vcpu_from_rdist).");

/* ---- memory that is not there ---- */

/* Between the GIC and the grant table's place in Xen's memory map: nothing. */
#define NOWHERE 0x10000000ul

static inline void touch_nowhere(void)
{
    u64 place = NOWHERE, faults = 1;

    __asm__ volatile ("1: ldr %0, [%1]\n\t"
                      "mov %0, #0\n"
                      "2:\n\t"
                      ".pushsection fixups, \"a\"\n\t"
                      ".quad 1b, 2b\n\t"
                      ".popsection"
                      : "+&r"(faults) : "r"(place) : "memory");
    faulted = faults != 0;
}

static void run_exit_abort(struct row_run *r)
{
    SAMPLES(r, touch_nowhere());
    if ( !faulted )
        r->failure = "a load from where nothing is did not fault";
}

EXPLANATION(exit_abort) =
    "Loads from an address at which the domain has neither memory nor a device.  Stage 2 aborts to Xen, which "
    "looks for a handler and a page in vain and injects a data abort (inject_dabt_exception); the figure has the "
    "guest's handler in it, which saves all registers and goes on behind the load: some 70 instructions.";
ROW(exit_abort, .run = run_exit_abort) = {
    .name = "exit/abort",
    .work = "touch what is not there",
    .path = "stage-2 abort, data abort injected",
    .help = "load from nowhere, until the guest has handled the abort",
    .explanation = explanation_exit_abort,
    .elsewhere = "KVM asks its monitor, which answers wherever no memory is: mmio/ioreq",
    .columns = "arm64",
    .operations = 1, .samples = 500, .warmup = 16,
};
