/*
 * Traps to Xen that are no hypercall: what an ARM64 guest does that EL2 has asked for (HCR_EL2,
 * CNTHCTL_EL2), by the class in ESR_EL2 that Xen finds.
 */
#include "../../arch/cpu.h"
#include "../../arch/traps.h"
#include "../../drivers/arm64/gic.h"
#include "../../drivers/arm64/timer.h"
#include "../../harness/row.h"

/* Arm DEN 0022 (PSCI), 5.1.1; 64-bit callers may use the 32-bit function, too. */
#define PSCI_VERSION 0x84000000ul

/* By HVC or SMC #0 (Arm DEN 0028, SMC calling convention, 2.6): X4 to X17 may change. */
#define CALL(instruction) ({                                                        \
    register u64 x0_ __asm__("x0") = PSCI_VERSION;                                  \
                                                                                    \
    __asm__ volatile (instruction " #0" : "+r"(x0_)                                 \
                      :: "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9",      \
                         "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",    \
                         "memory");                                                 \
    x0_; })

static void run_hvc(struct row_run *r)
{
    SAMPLES(r, CALL("hvc"));
    if ( CALL("hvc") >> 16 != 1 )
        r->failure = "PSCI_VERSION by HVC is not 1.x";
}

EXPLANATION(exit_psci_hvc) =
    "Asks for PSCI's version by HVC #0, as firmware is called: Xen tells it from its own hypercalls by the "
    "immediate, and answers in the firmware's place (do_trap_hvc_smccc, vsmccc_handle_call, do_vpsci_0_2_call).  "
    "Compare with hypercall/null, HVC #0xEA1.";
ROW(exit_psci_hvc, .run = run_hvc) = {
    .name = "exit/psci-hvc",
    .work = "enter the hypervisor and return",
    .path = "HVC #0, PSCI_VERSION",
    .help = "PSCI_VERSION by HVC, which Xen answers as firmware would",
    .explanation = explanation_exit_psci_hvc,
    .columns = "arm64", .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_smc(struct row_run *r)
{
    SAMPLES(r, CALL("smc"));
    if ( CALL("smc") >> 16 != 1 )
        r->failure = "PSCI_VERSION by SMC is not 1.x";
}

EXPLANATION(exit_psci_smc) =
    "The same by SMC, which a guest is not to reach EL3 by: HCR_EL2.TSC has it trap (do_trap_smc).  On a CPU "
    "without EL3 it would be undefined.";
ROW(exit_psci_smc, .run = run_smc) = {
    .name = "exit/psci-smc",
    .work = "enter the hypervisor and return",
    .path = "SMC #0, PSCI_VERSION",
    .help = "PSCI_VERSION by SMC, which traps to Xen",
    .explanation = explanation_exit_psci_smc,
    .columns = "arm64",
    .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_id(struct row_run *r)
{
    SAMPLES(r, register_read(id_aa64pfr0_el1));
}

EXPLANATION(exit_id_register) =
    "Reads ID_AA64PFR0_EL1, which says what the CPU can do.  Xen shows domains less than the CPU has, so that "
    "these reads trap (HCR_EL2.TID3; do_sysreg).  What CPUID is on x86: compare with exit/cpuid-basic there.";
ROW(exit_id_register, .run = run_id) = {
    .name = "exit/id-register",
    .work = "enter the hypervisor and return",
    .path = "MRS ID_AA64PFR0_EL1",
    .help = "read an identification register, which Xen answers",
    .explanation = explanation_exit_id_register,
    .columns = "arm64", .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_actlr(struct row_run *r)
{
    SAMPLES(r, register_read(actlr_el1));
}

EXPLANATION(exit_actlr) =
    "Reads ACTLR_EL1, whose bits are each CPU's own: HCR_EL2.TACR has it trap, and Xen answers with what the "
    "vCPU was given at its beginning.";
ROW(exit_actlr, .run = run_actlr) = {
    .name = "exit/actlr",
    .work = "enter the hypervisor and return",
    .path = "MRS ACTLR_EL1",
    .help = "read the auxiliary control register, which Xen answers",
    .explanation = explanation_exit_actlr,
    .columns = "arm64",
    .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_cntp(struct row_run *r)
{
    SAMPLES(r, register_read(cntp_ctl_el0));
}

EXPLANATION(exit_physical_timer) =
    "Reads the control register of the physical timer, which is Xen's own: CNTHCTL_EL2 has it trap, and Xen "
    "emulates one (vtimer_emulate, vtimer_cntp_ctl).  The virtual timer is a domain's own, without a trap: "
    "exit/virtual-timer.";
ROW(exit_physical_timer, .run = run_cntp) = {
    .name = "exit/physical-timer",
    .work = "look at a timer",
    .path = "MRS CNTP_CTL_EL0",
    .help = "read the emulated physical timer's control register",
    .explanation = explanation_exit_physical_timer,
    .columns = "arm64",
    .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_cntv(struct row_run *r)
{
    SAMPLES(r, register_read(cntv_ctl_el0));
}

EXPLANATION(exit_virtual_timer) =
    "Reads the control register of the virtual timer, which the CPU has for guests: no trap.";
ROW(exit_virtual_timer, .run = run_cntv) = {
    .name = "exit/virtual-timer",
    .work = "look at a timer",
    .path = "MRS CNTV_CTL_EL0",
    .help = "read the virtual timer's control register, without Xen",
    .explanation = explanation_exit_virtual_timer,
    .columns = "arm64",
    .operations = 1, .samples = 1000, .warmup = 16,
};

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
    .columns = "arm64",
    .operations = 1, .samples = 500, .warmup = 16,
};

/* ---- the interrupt controller by memory ---- */

#define GICD_TYPER 0x0004u   /* IHI 0069, 12.9.38 */
#define GICR_TYPER 0x0008u   /* 12.11.35 */

static void run_distributor(struct row_run *r)
{
    u64 at = gic_distributor + GICD_TYPER;

    SAMPLES(r, mmio_read32(at));
}

EXPLANATION(mmio_gic_distributor) =
    "Reads GICD_TYPER.  The distributor is memory that stage 2 does not map: the load is a stage-2 abort whose "
    "syndrome says which register and width, so that Xen decodes no instruction "
    "(do_trap_stage2_abort_guest, try_handle_mmio, vgic_v3_distr_mmio_read).  The interrupt controller trap of "
    "Dall et al., ISCA 2016.  Compare with mmio/xen-lapic on x86.";
ROW(mmio_gic_distributor, .run = run_distributor) = {
    .name = "mmio/gic-distributor",
    .work = "enter the hypervisor and return",
    .path = "GICD_TYPER by memory, emulated in Xen",
    .help = "read a register of the emulated interrupt distributor",
    .explanation = explanation_mmio_gic_distributor,
    .columns = "arm64", .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_redistributor(struct row_run *r)
{
    u64 at = gic_redistributor(0) + GICR_TYPER;

    SAMPLES(r, mmio_read32(at));
}

EXPLANATION(mmio_gic_redistributor) =
    "Reads GICR_TYPER of this vCPU's redistributor.  As mmio/gic-distributor; Xen finds the vCPU whose it is by "
    "the address (get_vcpu_from_rdist).";
ROW(mmio_gic_redistributor, .run = run_redistributor) = {
    .name = "mmio/gic-redistributor",
    .work = "enter the hypervisor and return",
    .path = "GICR_TYPER by memory, emulated in Xen",
    .help = "read a register of the emulated redistributor",
    .explanation = explanation_mmio_gic_redistributor,
    .columns = "arm64",
    .operations = 1, .samples = 1000, .warmup = 16,
};

/* ---- memory that is not there ---- */

/* Between the GIC and the grant table's place in Xen's memory map: nothing. */
#define NOWHERE 0x10000000ul

static bool faulted;

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

static void run_nowhere(struct row_run *r)
{
    SAMPLES(r, touch_nowhere());
    if ( !faulted )
        r->failure = "a load from where nothing is did not fault";
}

EXPLANATION(exit_abort) =
    "Loads from an address at which the domain has neither memory nor a device.  Stage 2 aborts to Xen, which "
    "looks for a handler and a page in vain and injects a data abort (inject_dabt_exception); the figure has the "
    "guest's handler in it, which saves all registers and goes on behind the load: some 70 instructions.";
ROW(exit_abort, .run = run_nowhere) = {
    .name = "exit/abort",
    .work = "touch what is not there",
    .path = "stage-2 abort, data abort injected",
    .help = "load from nowhere, until the guest has handled the abort",
    .explanation = explanation_exit_abort,
    .columns = "arm64",
    .operations = 1, .samples = 500, .warmup = 16,
};
